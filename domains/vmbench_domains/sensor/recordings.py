"""Windows of labelled recordings: what every set of body-worn sensors shares."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vmbench.dataset import Example, Split
from vmbench.specs import Grid
from vmbench_domains.sensor.spectrogram import FREQUENCIES, log_spectrogram
from vmbench_domains.source import FileDataset, Skips
from vmbench_domains.windows import sliding_windows

FRAMES = 32
Signal = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Segment:
    """Samples ``start`` (included) to ``stop`` (excluded) of a recording, all of one class."""

    start: int
    stop: int
    label: int
    split: Split


@dataclass(frozen=True)
class Recording:
    """One session of one subject: the signal (channels, T), NaN where a value is missing."""

    subject: str
    signal: Signal
    segments: Sequence[Segment]


class RecordingWindows(FileDataset):
    """Windows that lie wholly inside one labelled segment; as spectrograms where spec is a Grid.

    Attributes:
        window: samples of a window, 32 at least.
        step: samples from the start of one to the start of the next.
    """

    normalize = "channel"
    window: int
    step: int
    noun: ClassVar[str] = "recordings"

    @abstractmethod
    def sessions(self) -> Sequence[tuple[str, object]]:
        """Name and key of every recording, in an order that never changes."""

    @abstractmethod
    def read(self, key: object) -> Recording:
        """Read one recording; raises ``ValueError`` or ``OSError`` if it is broken."""

    def examples(self, data_dir: Path | None) -> Iterator[Example]:
        """Yield the windows of every recording that can be read."""
        sessions = self.sessions()
        skips = Skips(self, len(sessions), self.noun)
        missing, total, short = 0, 0, 0
        (task,) = self.tasks
        for name, key in sessions:
            try:
                recording = self.read(key)
            except (ValueError, OSError, KeyError) as error:
                skips.add(name, error)
                continue
            signal, filled = interpolate(recording.signal)
            missing, total = missing + filled, total + signal.size
            for segment in recording.segments:
                windows = sliding_windows(
                    signal[:, segment.start : segment.stop], self.window, self.step
                )
                short += len(windows) == 0
                for x in self.represent(windows):
                    label, side = {task.name: segment.label}, {task.name: segment.split}
                    yield Example(x, label, side, recording.subject)
        skips.close()
        if missing:
            self.remarks.append(f"{missing / total:.2%} of the values are missing: interpolated")
        if short:
            self.remarks.append(
                f"{short} labelled segments are shorter than a window of {self.window} samples: "
                f"left out"
            )

    def represent(self, windows: Signal) -> Signal:
        """Windows (N, channels, window) -> examples (N, *spec.shape)."""
        return spectrogram_32(windows) if isinstance(self.spec, Grid) else windows


def spectrogram_spec(channels: int) -> Grid:
    """The spec of :func:`spectrogram_32`."""
    return Grid(channels, FREQUENCIES, FRAMES)


def spectrogram_32(windows: Signal) -> Signal:
    """Log power spectrograms of 32 frequencies and 32 frames, whatever the windows' length.

    Args:
        windows: (N, channels, T) with T of 32 at least.

    Returns:
        (N, channels, 32, 32). Up to 1/32 of the window's end is not covered by a frame's centre.
    """
    if len(windows) == 0:
        return np.empty((0, windows.shape[1], FREQUENCIES, FRAMES), np.float32)
    hop = windows.shape[2] // (FRAMES - 1)
    return log_spectrogram(windows, hop)[..., :FRAMES]


def interpolate(signal: Signal) -> tuple[Signal, int]:
    """Fill NaN linearly in time, channel by channel; the ends are held, an empty channel is 0.

    Args:
        signal: (channels, T).

    Returns:
        The filled copy (or ``signal`` itself, if nothing is missing) and how many were filled.

    >>> interpolate(np.array([[np.nan, 1, np.nan, 3]], np.float32))[0].tolist()
    [[1.0, 1.0, 2.0, 3.0]]
    """
    absent = np.isnan(signal)
    count = int(absent.sum())
    if not count:
        return signal, 0
    filled = signal.copy()
    time = np.arange(signal.shape[1])
    for channel, gaps in zip(filled, absent, strict=True):
        known = ~gaps
        channel[gaps] = np.interp(time[gaps], time[known], channel[known]) if known.any() else 0
    return filled, count


def runs(labels: npt.NDArray[np.generic]) -> Iterator[tuple[int, int]]:
    """Start and stop of every run of equal ``labels`` (T,).

    >>> list(runs(np.array([1, 1, 2, 1])))
    [(0, 2), (2, 3), (3, 4)]
    """
    if len(labels) == 0:
        return
    edges = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    yield from zip([0, *edges.tolist()], [*edges.tolist(), len(labels)], strict=True)
