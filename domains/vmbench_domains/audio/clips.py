"""Audio files as log-mel spectrograms of one size: what every set of recorded clips shares."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Example, Inputs, Source, Split
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


@dataclass(frozen=True)
class Clip:
    """One audio file, with class indices and splits per task, and who speaks."""

    path: Path
    labels: Mapping[str, int]
    splits: Mapping[str, Split]
    speaker: str | None = None


class Clips(FileDataset):
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

    def examples(self) -> Iterator[Example]:
        """Yield every clip that can be read."""
        import torch

        from vmbench_domains.audio.logmel import LogMel

        hop = round(self.seconds * RATE / FRAMES)
        # The power of two from the hop on, so that no sample falls between two windows.
        log_mel = LogMel(RATE, max(SHORTEST_FFT, 1 << (hop - 1).bit_length()), hop, MELS)
        clips = self.clips()
        skips, heard = Skips(self, len(clips), "clips"), Heard(self.root)
        ready: list[tuple[Clip, npt.NDArray[np.float32]]] = []

        def flush() -> Iterator[Example]:
            if ready:
                waves = torch.from_numpy(np.stack([wave for _, wave in ready]))
                spectra = log_mel(waves).unsqueeze(1).numpy()
                for (clip, _), x in zip(ready, spectra, strict=True):
                    source = Source(inside(clip.path, self.root))
                    yield Example(x, clip.labels, clip.splits, clip.speaker, source)
            ready.clear()

        for clip in clips:
            try:
                wave = resample(*read_audio(clip.path, heard), RATE)
            except UserError:  # soundfile is missing: no fault of the file
                raise
            except (RuntimeError, ValueError, OSError) as error:
                skips.add(inside(clip.path, self.root), error)
                continue
            ready.append((clip, fit(wave, hop * FRAMES)))
            if len(ready) >= min(AT_ONCE, AT_ONCE_SECONDS / self.seconds):
                yield from flush()
        yield from flush()
        skips.close()
        if self.generic:  # of a published set, docs/your-data.md says it once
            self.remarks += heard.remarks(RATE, hop * FRAMES / RATE)


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
