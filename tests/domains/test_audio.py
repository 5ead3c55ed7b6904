"""Spoken digits: distinct voices, clips that do not depend on history, disjoint splits."""

import hashlib
import sys
import time
from collections import Counter, defaultdict
from itertools import islice, product
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest

from vmbench.errors import RunError
from vmbench_domains.audio import espeak_process
from vmbench_domains.audio.espeak import SAMPLE_RATE, Utterance, speak
from vmbench_domains.audio.spoken_digits import (
    CLIP_LENGTH,
    DIGITS,
    PITCHES,
    RATES,
    RENDERINGS,
    SpokenDigits,
    labels_and_splits,
    make_clip,
)
from vmbench_domains.audio.voices import ACCENTS, TIMBRES, VOICES

DATA = Path(espeakng_loader.get_data_path())
LIBRARY = Path(espeakng_loader.get_library_path())


def say(utterances):
    return list(speak(utterances, LIBRARY, DATA))


@pytest.fixture(scope="module")
def slowest():
    """Every voice saying every digit at the slowest rate: (voice, digit) -> samples."""
    pairs = list(product(VOICES, DIGITS))
    return dict(
        zip(pairs, say([Utterance(v, d, min(RATES), PITCHES[0]) for v, d in pairs]), strict=True)
    )


def test_no_two_voices_give_the_same_waveform(slowest):
    assert len(set(TIMBRES)) == len(VOICES) >= 60
    said = Counter(hashlib.sha256(speech.tobytes()).hexdigest() for speech in slowest.values())
    assert len(said) == len(VOICES) * len(DIGITS)


def test_every_voice_is_audible_and_fits_into_a_clip(slowest):
    for pair, speech in slowest.items():
        assert 0.2 < len(speech) / SAMPLE_RATE < 0.9, pair
        assert np.sqrt(np.mean(speech.astype(float) ** 2)) > 200, pair


def test_every_accent_is_heard():
    """Same timbre, same digit: an accent that espeak-ng did not know would sound as another."""
    said = say([Utterance(f"{accent}+m1", "four", 175, 50) for accent in ACCENTS])
    assert len({speech.tobytes() for speech in said}) == len(ACCENTS)


def test_speech_does_not_depend_on_time_or_on_what_was_said_before():
    # f2 and victor breathe, which is random; robosoft is rough.
    utterances = [Utterance(f"en+{t}", "seven", 175, 50) for t in ("f2", "victor", "robosoft")]
    first = say(utterances)
    say([Utterance("en-us+m3", "six", 140, 65)])
    time.sleep(1.1)  # espeak-ng would seed itself with the second
    for once, again in zip(first, say(utterances), strict=True):
        np.testing.assert_array_equal(once, again)


def test_renderings_differ_in_rate_and_pitch():
    said = say([Utterance("en+m1", "nine", rate, 50) for rate in RATES])
    lengths = [len(speech) for speech in said]
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == len(RATES)
    low, high = say([Utterance("en+m1", "nine", 175, p) for p in (PITCHES[0], PITCHES[-1])])
    assert _fundamental(low) < 0.9 * _fundamental(high)


def _fundamental(speech):
    middle = speech[len(speech) // 2 :][:2048].astype(float)
    correlation = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    shortest, longest = SAMPLE_RATE // 300, SAMPLE_RATE // 60
    return SAMPLE_RATE / (shortest + correlation[shortest:longest].argmax())


def test_a_voice_that_does_not_exist_is_an_error_that_names_it(capfd):
    with pytest.raises(RunError, match=r"status 1 .*xx-none\+nobody"):
        say([Utterance("en+m1", "one", 175, 50), Utterance("xx-none+nobody", "one", 175, 50)])
    assert "xx-none+nobody" in capfd.readouterr().err


def test_a_child_that_cannot_start_is_an_error(capfd):
    many = [Utterance("en+m1", "one", 175, 50)] * 5000  # more than a pipe holds
    with pytest.raises(RunError, match="espeak-ng ended with status"):
        list(speak(many, LIBRARY.with_name("no-such-library.so"), DATA))
    assert "no-such-library" in capfd.readouterr().err


def test_a_reader_may_stop_early():
    many = [Utterance("en+m1", digit, 175, 50) for digit in DIGITS] * 50
    reader = speak(many, LIBRARY, DATA)
    assert len(list(islice(reader, 2))) == 2
    reader.close()


def test_the_child_imports_the_standard_library_alone():
    source = Path(espeak_process.__file__).read_text()
    imported = {line.split()[1] for line in source.splitlines() if line.startswith("import ")}
    assert imported <= set(sys.stdlib_module_names)
    assert "\nfrom " not in source


def test_a_clip_holds_the_speech_in_low_noise():
    tone = (8000 * np.sin(2 * np.pi * 500 * np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE)).astype(
        np.int16
    )
    clip = make_clip(tone, np.random.default_rng(0))
    assert clip.shape == (CLIP_LENGTH,)
    assert clip.dtype == np.float32
    assert np.abs(clip).max() <= 1
    # Half a second of the tone, at its frequency still, after resampling to 16 kHz.
    spectrum = np.abs(np.fft.rfft(clip))
    assert spectrum.argmax() == 500
    power = np.convolve(clip**2, np.ones(200) / 200, "same")
    assert np.mean(power > power.max() / 4) == pytest.approx(0.5, abs=0.03)
    assert 10 ** (-33 / 20) < np.sqrt(power.max()) < 10 ** (-18 / 20)
    assert power.min() > 0


def test_clips_follow_their_generator():
    speech = np.random.default_rng(0).integers(-1000, 1000, 9000, dtype=np.int16)
    same = [make_clip(speech, np.random.default_rng([2, i])) for i in (0, 0, 1)]
    np.testing.assert_array_equal(same[0], same[1])
    assert np.abs(same[0] - same[2]).max() > 0.01


@pytest.fixture(scope="module")
def rows():
    return list(labels_and_splits())


def test_voices_of_the_digit_task_are_on_one_side(rows):
    sides = defaultdict(set)
    for labels, splits in rows:
        sides[labels["voice"]].add(splits["digit"])
    assert all(len(side) == 1 for side in sides.values())
    assert Counter(side for (side,) in sides.values()) == {"train": 60, "val": 8, "test": 12}
    # Held-out voices are of accents that training voices have as well.
    training = {VOICES[v].partition("+")[0] for v, side in sides.items() if side == {"train"}}
    assert training == set(ACCENTS)


def test_renderings_of_the_voice_task_are_held_out_per_voice_and_digit(rows):
    sides = defaultdict(Counter)
    for labels, splits in rows:
        sides[labels["voice"], labels["digit"]][splits["voice"]] += 1
    assert len(sides) == len(VOICES) * len(DIGITS)
    assert all(count == {"train": 9, "val": 1, "test": 2} for count in sides.values())
    # Not the same renderings for all: rate and pitch must not tell train from test.
    test = Counter(
        i % len(RENDERINGS) for i, (_, splits) in enumerate(rows) if splits["voice"] == "test"
    )
    assert min(test.values()) > 100


def test_the_pretraining_set_is_large(rows):
    assert len(rows) == 9600
    assert sum(set(splits.values()) == {"train"} for _, splits in rows) == 5400


def test_labels_follow_the_order_of_the_speech(collect, rows, slowest):
    """The examples of one voice: its own speech under its own digit."""
    data = collect("spoken-digits")
    assert len(data.x) == 240
    for i in (0, 119, 120, 239):
        labels, splits = rows[i]
        assert {task: values[i] for task, values in data.labels.items()} == labels
        assert {task: values[i] for task, values in data.splits.items()} == splits
    utterances = list(islice(SpokenDigits().utterances(), 121))
    per_digit = len(RENDERINGS)
    for position, pair in ((0, 0), (per_digit, 1), (10 * per_digit, 10)):
        spoken = utterances[position].astype(float)
        expected = slowest[VOICES[pair // 10], DIGITS[pair % 10]]
        assert len(spoken) == pytest.approx(len(expected), rel=0.05)


def test_decibels_are_within_the_floor(collect):
    x = collect("spoken-digits").x
    assert (x.max((1, 2, 3)) - x.min((1, 2, 3))).max() <= 80 + 1e-3
    assert x.std() > 3
