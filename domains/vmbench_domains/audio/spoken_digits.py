"""Ten digits spoken by 80 synthetic voices: espeak-ng makes them while the cache is built."""

from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Dataset, Example, HeldOut, Silence, Split, Task
from vmbench.data.specs import Grid, Sequence, Spec
from vmbench_domains.audio.decibels import SILENCE
from vmbench_domains.audio.espeak import SAMPLE_RATE, Utterance, speak
from vmbench_domains.audio.resample import resample
from vmbench_domains.audio.voices import VOICES
from vmbench_domains.packaged import import_carrier
from vmbench_domains.presets import presets_on

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RATES = (140, 175, 210)  # words per minute
PITCHES = (35, 45, 55, 65)
RENDERINGS = tuple(product(RATES, PITCHES))

CLIP_RATE = 16_000
CLIP_LENGTH = 16_000  # 1 s
LOUDNESS_DB = (-32.0, -20.0)  # of the speech, relative to full scale
SIGNAL_TO_NOISE_DB = (10.0, 30.0)
CHUNK = 240  # clips transformed at once

HELD_OUT_VOICES = HeldOut.draw(list(VOICES), val=8, test=12, seed=0)
VAL_RENDERINGS, TEST_RENDERINGS = 1, 2
SPLIT_SEED, CLIP_SEED = 1, 2


class SpokenDigits(Dataset):
    """80 voices x 10 digits x 12 renderings (3 rates, 4 pitches), as log-mel spectrograms."""

    name = "spoken-digits"
    revision = "1"
    spec: Spec = Grid(1, 64, 64)
    tasks = (
        Task("digit", DIGITS, "12 of 80 voices held out for test, 8 for val"),
        Task(
            "voice",
            VOICES,
            "of the 12 renderings of each voice and digit, 2 held out for test, 1 for val; every "
            "voice is on all sides, being the class",
        ),
    )
    card = Card(
        licence="the speech is made on your machine by espeak-ng, which is GPL-3",
        citation="espeak-ng 1.52, https://github.com/espeak-ng/espeak-ng",
        homepage="https://github.com/thewh1teagle/espeakng-loader",
        notes="Synthetic speech: results say nothing of human speakers. A voice is a timbre in "
        "one of 8 English accents. Each clip is 1 s, with a random onset, loudness and white "
        "noise (10 to 30 dB below the speech). Other builds of espeak-ng or of the C library may "
        "give slightly other samples.",
    )
    package = ("espeakng_loader", "audio")
    normalize = "global"
    silence: ClassVar[Silence | None] = SILENCE

    def examples(self) -> Iterator[Example]:
        """Yield every clip: voice by voice, digit by digit, rendering by rendering."""
        clips = self.clips()
        sides = labels_and_splits()
        while chunk := list(islice(clips, CHUNK)):
            for x in self.represent(np.stack(chunk)):
                labels, splits = next(sides)
                yield Example(x, labels, splits, VOICES[labels["voice"]])

    def represent(self, clips: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Clips (N, 16000) -> log-mel spectrograms (N, 1, 64, 64)."""
        import torch

        from vmbench_domains.audio.logmel import LogMel

        spectrograms: npt.NDArray[np.float32] = LogMel()(torch.from_numpy(clips)).numpy()
        return spectrograms[:, None]

    def clips(self) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the waveforms in the order of :meth:`examples`: (16000,) at 16 kHz, in -1..1."""
        for i, speech in enumerate(self.utterances()):
            yield make_clip(speech, np.random.default_rng([CLIP_SEED, i]))

    def utterances(self) -> Iterator[npt.NDArray[np.int16]]:
        """Yield what espeak-ng says, in the order of :meth:`examples`: (T,) at 22.05 kHz."""
        loader = import_carrier(self, "espeakng_loader")
        said = [
            Utterance(voice, digit, *rendering)
            for voice, digit, rendering in product(VOICES, DIGITS, RENDERINGS)
        ]
        yield from speak(said, Path(loader.get_library_path()), Path(loader.get_data_path()))


class SpokenDigitsWaveform(SpokenDigits):
    """The same clips and splits as waveforms (600 MB in the cache); the encoder transforms them."""

    name = "spoken-digits-waveform"
    spec = Sequence(1, CLIP_LENGTH)
    encoder = "logmel-resnet18"
    silence = None  # of a waveform it is the mean
    presets = presets_on("audio", "spoken-digits-waveform")

    def represent(self, clips: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Clips (N, 16000) -> (N, 1, 16000)."""
        return clips[:, None]


def make_clip(speech: npt.NDArray[np.int16], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Place speech of up to 1 s at a random onset in a noisy clip, at a random loudness.

    Args:
        speech: (T,) at 22.05 kHz.
        rng: draws the onset, the loudness, the signal-to-noise ratio and the noise.

    Returns:
        (16000,) at 16 kHz, float32, clipped to -1..1.
    """
    voice = resample(speech.astype(np.float32), SAMPLE_RATE, CLIP_RATE)[:CLIP_LENGTH]
    onset = rng.integers(CLIP_LENGTH - len(voice), endpoint=True)
    loudness = 10 ** (rng.uniform(*LOUDNESS_DB) / 20)
    noise_level = loudness / 10 ** (rng.uniform(*SIGNAL_TO_NOISE_DB) / 20)
    clip: npt.NDArray[np.float32] = noise_level * rng.standard_normal(CLIP_LENGTH, dtype=np.float32)
    clip[onset : onset + len(voice)] += voice * (loudness / np.sqrt(np.mean(voice**2)))
    return np.clip(clip, -1, 1)


def labels_and_splits() -> Iterator[tuple[dict[str, int], dict[str, Split]]]:
    """Labels and splits of every clip, in the order of the examples."""
    rng = np.random.default_rng(SPLIT_SEED)
    for (v, voice), d in product(enumerate(VOICES), range(len(DIGITS))):
        drawn = HeldOut.draw(
            range(len(RENDERINGS)),
            val=VAL_RENDERINGS,
            test=TEST_RENDERINGS,
            seed=int(rng.integers(2**32)),
        )
        for rendering in range(len(RENDERINGS)):
            yield (
                {"digit": d, "voice": v},
                {"digit": HELD_OUT_VOICES.split(voice), "voice": drawn.split(rendering)},
            )
