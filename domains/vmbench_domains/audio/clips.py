"""Audio files as log-mel spectrograms of one size: what every set of recorded clips shares."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Inputs, Source, Split
from vmbench.data.listed import ListedDataset, Outline, Reading, in_order
from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench_domains.audio.decibels import SILENCE
from vmbench_domains.audio.reading import Heard, inside, read_audio
from vmbench_domains.audio.resample import resample
from vmbench_domains.source import FileDataset, Skips

RATE = 16_000
FRAMES = MELS = 64
SHORTEST_FFT = 1024
AT_ONCE = 64  # clips per call of the log-mel transform, fewer if they are longer than
AT_ONCE_SECONDS = 640  # together
NOUN = "clips"

Wave = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """One audio file, with class indices and splits per task, and who speaks."""

    path: Path
    labels: Mapping[str, int]
    splits: Mapping[str, Split]
    speaker: str | None = None


class Clips(FileDataset, ListedDataset):
    """Clips at 16 kHz, padded or cut to ``seconds`` around their centre, as 64 mels x 64 frames.

    Attributes:
        seconds: length of a clip; the frames are spread over it.
    """

    spec = Grid(1, MELS, FRAMES)
    normalize = "global"
    silence = SILENCE
    inputs = Inputs("dB")
    seconds: float = 1.0

    @abstractmethod
    def clips(self) -> Sequence[Clip]:
        """Every clip, in an order that never changes."""

    @cached_property
    def listed(self) -> Sequence[Clip]:
        """:meth:`clips`, listed once."""
        return self.clips()

    def outline(self) -> list[Outline]:
        """Every clip; its speaker is the group."""
        return [
            Outline(clip.labels, clip.splits, clip.speaker, Source(inside(clip.path, self.root)))
            for clip in self.listed
        ]

    def reading(self) -> "ClipReading":
        """Begin a pass."""
        return ClipReading(self)


class ClipReading(Reading):
    """Decodes and resamples by all cores, and transforms many clips at once."""

    def __init__(self, clips: Clips) -> None:
        from vmbench_domains.audio.logmel import LogMel

        self.clips = clips
        self.hop = round(clips.seconds * RATE / FRAMES)
        # The power of two from the hop on, so that no sample falls between two windows.
        n_fft = max(SHORTEST_FFT, 1 << (self.hop - 1).bit_length())
        self.log_mel = LogMel(RATE, n_fft, self.hop, MELS)
        self.skips = Skips(clips, len(clips.listed), NOUN)
        self.heard = Heard(clips.root)

    def read(self, positions: Sequence[int]) -> Iterator[Wave | None]:
        """Yield spectrograms."""
        import torch

        jobs = (self.clips.listed[position] for position in positions)
        waves = map(self._noted, in_order(self._wave, jobs))
        most = max(1, min(AT_ONCE, int(AT_ONCE_SECONDS / self.clips.seconds)))
        while batch := list(islice(waves, most)):
            there = [wave for wave in batch if wave is not None]
            spectra: Iterator[Wave] = iter(())
            if there:
                stacked = torch.from_numpy(np.stack(there))
                spectra = iter(self.log_mel(stacked).unsqueeze(1).numpy())
            for wave in batch:
                yield None if wave is None else next(spectra)

    def _wave(self, clip: Clip) -> tuple[Clip, Wave | Exception, Heard]:
        """One clip at its length, or why there is none; called by several threads."""
        heard = Heard(self.clips.root)
        try:
            wave = resample(*read_audio(clip.path, heard), RATE)
        except UserError:  # soundfile is missing: no fault of the file
            raise
        except (RuntimeError, ValueError, OSError) as error:
            return clip, error, heard
        return clip, fit(wave, self.hop * FRAMES), heard

    def _noted(self, read: tuple[Clip, Wave | Exception, Heard]) -> Wave | None:
        clip, wave, heard = read
        self.heard.absorb(heard.tally())
        if isinstance(wave, Exception):
            self.skips.add(inside(clip.path, self.clips.root), wave)
            return None
        return wave

    def tally(self) -> dict[str, Any]:
        """Which clips were skipped, and what was heard."""
        said = {"skipped": self.skips.take(), "heard": self.heard.tally()}
        self.heard = Heard(self.clips.root)
        return said

    def conclude(self, tallies: Iterable[dict[str, Any]]) -> Iterator[str]:
        """What was skipped; of one's own clips also what was changed in them."""
        skips, heard = Skips(self.clips, len(self.clips.listed), NOUN), Heard(self.clips.root)
        for tally in tallies:
            skips.absorb(tally["skipped"])
            heard.absorb(tally["heard"])
        yield from skips.said()
        if self.clips.generic:  # of a published set, docs/your-data.md says it once
            yield from heard.remarks(RATE, self.hop * FRAMES / RATE)


def fit(wave: npt.NDArray[np.float32], length: int) -> npt.NDArray[np.float32]:
    """Cut the centre out of a long clip; centre a short one in silence.

    >>> fit(np.array([1, 2, 3], np.float32), 5).tolist()
    [0.0, 1.0, 2.0, 3.0, 0.0]
    >>> fit(np.array([1, 2, 3, 4], np.float32), 2).tolist()
    [2.0, 3.0]
    """
    excess = len(wave) - length
    if excess >= 0:
        return wave[excess // 2 : excess // 2 + length]
    return np.pad(wave, (-excess // 2, -excess - -excess // 2))
