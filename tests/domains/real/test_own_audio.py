"""Audio files of one's own as people have them: cut short, of all rates, channels and lengths."""

import numpy as np
import pytest
import soundfile

from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_domains.audio.clips import RATE, read_audio

FORMATS = {
    "a.wav": {},
    "float.wav": {"subtype": "FLOAT"},
    "adpcm.wav": {"subtype": "IMA_ADPCM"},
    "a.flac": {},
    "a.ogg": {},
    "opus.ogg": {"format": "OGG", "subtype": "OPUS"},
    "a.mp3": {},
    "a.aiff": {},
    "a.au": {},
    "a.w64": {},
    "a.rf64": {"format": "RF64"},
}


def sound(seconds=1.0, rate=RATE, seed=0):
    return np.random.default_rng(seed).normal(size=round(seconds * rate)) * 0.1


def folder(root, files=None, count=6):
    """Two classes of ``count`` clips of a second, and other files: name -> (samples, rate)."""
    for label in "ab":
        for i in range(count):
            path = root / label / f"{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, sound(seed=i), RATE)
    for name, (samples, rate) in (files or {}).items():
        soundfile.write(root / name, samples, rate, subtype="FLOAT")


def read(root):
    dataset = registry("domain").get("audio").dataset("audio-folder").bind(root)
    made = list(dataset.examples())
    return made, "\n".join(dataset.remarks)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_cut_short_is_no_clip(name, tmp_path):
    path = tmp_path / name
    soundfile.write(path, sound(), RATE, **FORMATS[name])
    whole = path.read_bytes()
    wave, rate = read_audio(path)
    assert (rate, len(wave)) == (RATE, pytest.approx(RATE, abs=600))  # a block more, if packed
    for share in (0.9, 0.5, 0.1):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises((ValueError, RuntimeError)):
            read_audio(path)


def test_a_header_that_does_not_know_the_length_is_read(tmp_path):
    path = tmp_path / "piped.wav"
    soundfile.write(path, sound(), RATE)
    piped = bytearray(path.read_bytes())
    assert piped[36:40] == b"data"
    piped[4:8] = piped[40:44] = b"\xff" * 4  # as ffmpeg writes to a pipe
    path.write_bytes(piped)
    assert len(read_audio(path)[0]) == RATE


def test_clips_cut_short_or_empty_are_skipped_and_named(tmp_path):
    folder(tmp_path, count=12)
    cut = tmp_path / "a/3.wav"
    cut.write_bytes(cut.read_bytes()[:20_000])
    soundfile.write(tmp_path / "b/none.wav", np.zeros(0), RATE)
    (tmp_path / "b/text.wav").write_text("no sound")
    made, remarks = read(tmp_path)
    assert len(made) == 23
    assert (
        "skipped 3 of 26 clips that cannot be read: a/3.wav (cut short: 19956 of 32000" in remarks
    )
    assert "b/none.wav (no samples)" in remarks
    assert "text.wav" in remarks
    for path in (tmp_path / "a").glob("*.wav"):
        path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(UserError, match=r"more than 5 of 26 clips cannot be read.*cut short"):
        read(tmp_path)


def test_what_is_done_to_the_clips_is_said(tmp_path):
    folder(tmp_path, {
        "a/short.wav": (sound(0.25), RATE),
        "a/long.wav": (sound(3.5), RATE),
        "a/slow.wav": (sound(rate=8000), 8000),
        "b/fast.wav": (sound(rate=44_100), 44_100),
        "b/stereo.wav": (np.stack([sound(seed=1), sound(seed=2)], axis=1), RATE),
        "b/opposite.wav": (np.stack([sound(), -sound()], axis=1), RATE),
        "b/silent.wav": (np.zeros(RATE), RATE),
        "b/loud.wav": (sound() * 32_768, RATE),
    })  # fmt: skip
    made, remarks = read(tmp_path)
    assert len(made) == 20
    for sentence in (
        "resampled to 16000 Hz: 1 at 8000 Hz, 1 at 44100 Hz",
        "2 clips of several channels are mixed to one",
        "the channels of 1 clips (b/opposite.wav) cancel each other",
        "1 of 20 clips are shorter than 1 s (the shortest 0.25 s): centred in silence",
        "1 of 20 clips are longer than 1 s (the longest 3.5 s): their centre is kept",
        "1 clips are silent throughout",
        "1 clips (b/loud.wav) exceed full scale",
    ):
        assert sentence in remarks


def test_nothing_is_said_where_nothing_is_done(tmp_path):
    folder(tmp_path)
    assert read(tmp_path)[1] == ""


def test_a_rate_of_no_sound_is_told(tmp_path):
    folder(tmp_path, {"a/one.wav": (sound(), 1)})
    assert "one.wav (its rate is 1 Hz)" in read(tmp_path)[1]


def test_a_pointer_to_a_file_is_told(tmp_path):
    folder(tmp_path)
    (tmp_path / "a/x.wav").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:a\n")
    assert "a/x.wav (a pointer of Git LFS, not the file: git lfs pull)" in read(tmp_path)[1]


@pytest.mark.parametrize(("settings", "message"), [
    ("seconds = 0.001", "seconds = 0.001 must be at least 0.064"),
    ("seconds = 0.01", "seconds = 0.01 must be at least 0.064"),
    ("seconds = -1", "seconds = -1 must be at least 0.064"),
    ("seconds = 1e9", "seconds = 1000000000.0 must be at most 600"),
    ("seconds = nan", "seconds = nan must be a finite number"),
    ('seconds = "2"', "seconds = '2' must be a number"),
    ("seconds = 2,5", "cannot be read"),
])  # fmt: skip
def test_lengths_out_of_range_are_one_line(settings, message, tmp_path):
    folder(tmp_path)
    (tmp_path / "vmbench.toml").write_text(settings)
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path)
    assert "vmbench.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seconds", [0.064, 0.1, 20])
def test_lengths_within_range_are_read(seconds, tmp_path):
    folder(tmp_path)
    (tmp_path / "vmbench.toml").write_text(f"seconds = {seconds}")
    made, _ = read(tmp_path)
    assert all(example.x.shape == (1, 64, 64) and np.isfinite(example.x).all() for example in made)
