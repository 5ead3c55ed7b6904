"""Windows of labelled recordings: what every set of body-worn sensors shares."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import NOWHERE, SPLITS, Example, Source, Split, Task
from vmbench.data.specs import Grid, Spec
from vmbench.errors import UserError
from vmbench_domains.sensor.spectrogram import FREQUENCIES, log_spectrogram
from vmbench_domains.source import FileDataset, Skips
from vmbench_domains.windows import sliding_windows

FRAMES = 32
SHORTEST = 32  # samples that a window needs
Signal = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Segment:
    """Samples ``start`` (included) to ``stop`` (excluded) of a recording.

    All are of the class ``label``, on the side ``split``; both are None where nobody labelled them.
    ``source`` is where the first one was read.
    """

    start: int
    stop: int
    label: int | None = None
    split: Split | None = None
    source: Source = NOWHERE

    def source_at(self, sample: int, rate: float | None, name: str) -> Source:
        """Where the sample that comes ``sample`` after the first was read, in the file ``name``."""
        known = self.source.start is not None and rate is not None
        start = self.source.start + sample / rate if known else None  # type: ignore[operator]
        return Source(self.source.file or name, None, start)


@dataclass(frozen=True)
class Recording:
    """One session of one subject: the signal (channels, T), NaN where a value is missing."""

    subject: str | None
    signal: Signal
    segments: Sequence[Segment]


class RecordingWindows(FileDataset):
    """Windows that lie wholly inside one segment; as spectrograms where spec is a Grid.

    Attributes:
        window: samples of a window, 32 at least.
        step: samples from the start of one to the start of the next.
        rate: samples per second, where the segments say where they were read.
    """

    normalize = "channel"
    spec: Spec
    window: int
    step: int
    noun: ClassVar[str] = "recordings"
    rate: float | None = None

    @abstractmethod
    def sessions(self) -> Sequence[tuple[str, object]]:
        """Name and key of every recording, in an order that never changes."""

    @abstractmethod
    def read(self, key: object) -> Recording:
        """Read one recording; raises ``ValueError`` or ``OSError`` if it is broken."""

    def examples(self) -> Iterator[Example]:
        """Yield the windows of every recording that can be read."""
        sessions = self.sessions()
        skips = Skips(self, len(sessions), self.noun)
        tally = Tally(next(iter(self.tasks), None), self.window, self.step)
        for name, key in sessions:
            try:
                recording = self.read(key)
            except UserError:
                raise
            except (ValueError, OSError, KeyError) as error:
                skips.add(name, error)
                continue
            signal, filled = interpolate(recording.signal)
            tally.add_signal(signal, filled)
            for segment in recording.segments:
                windows = sliding_windows(
                    signal[:, segment.start : segment.stop], self.window, self.step
                )
                tally.add_segment(segment, len(windows))
                label, side = segment.label, segment.split
                labels = {task.name: label for task in self.tasks if label is not None}
                sides = {task.name: side for task in self.tasks if side is not None}
                for place, x in enumerate(self.represent(windows)):
                    source = segment.source_at(place * self.step, self.rate, name)
                    yield Example(x, labels, sides, recording.subject, source)
        skips.close()
        self.remarks += tally.remarks(self.channel_names())

    def channel_names(self) -> Sequence[str]:
        """The channels' names, in order; numbers from 1 on where nobody named them."""
        return [str(number) for number in range(1, self.spec.shape[0] + 1)]

    def represent(self, windows: Signal) -> Signal:
        """Windows (N, channels, window) -> examples (N, *spec.shape)."""
        return spectrogram_32(windows) if isinstance(self.spec, Grid) else windows


class Tally:
    """Counts, while recordings go by, what a user should know of them."""

    def __init__(self, task: Task | None, window: int, step: int) -> None:
        self.classes = task.classes if task else ()
        self.window, self.step = window, step
        self.bare_short = 0
        self.missing = self.total = self.segments = self.short = self.samples = self.covered = 0
        self.counts = {side: np.zeros(len(self.classes), np.int64) for side in SPLITS}
        self.low: Signal | None = None
        self.high: Signal | None = None

    def add_signal(self, signal: Signal, filled: int) -> None:
        """Count a recording (channels, T) of which ``filled`` values were missing."""
        self.missing, self.total = self.missing + filled, self.total + signal.size
        if signal.size:
            low, high = signal.min(axis=1), signal.max(axis=1)
            self.low = low if self.low is None else np.minimum(low, self.low)
            self.high = high if self.high is None else np.maximum(high, self.high)

    def add_segment(self, segment: Segment, windows: int) -> None:
        """Count a segment and its windows."""
        if segment.label is None or segment.split is None:
            self.bare_short += not windows
            return
        length = segment.stop - segment.start
        self.segments, self.samples = self.segments + 1, self.samples + length
        self.counts[segment.split][segment.label] += windows
        if windows:
            apart = min(self.step, self.window)  # windows further apart leave samples between them
            self.covered += self.window + (windows - 1) * apart
        else:
            self.short += 1

    def remarks(self, channels: Sequence[str]) -> Iterator[str]:
        """What was filled, left out or absent, a sentence each."""
        if self.missing:
            yield f"{self.missing / self.total:.2%} of the values are missing: interpolated"
        if self.short:
            yield (
                f"{self.short} labelled segments are shorter than a window of {self.window} "
                f"samples: left out ({self.segments - self.short} are not)"
            )
        if self.covered < self.samples:
            yield (
                f"{1 - self.covered / self.samples:.1%} of the {self.samples} labelled samples are "
                f"in no window: segments too short for one, and the ends of others"
            )
        if self.bare_short:
            yield f"{self.bare_short} unlabelled stretches are shorter than a window: left out"
        if self.low is not None and self.high is not None:
            still = np.flatnonzero(self.low == self.high)
            if len(still):
                yield f"constant channels: {', '.join(channels[i] for i in still.tolist())}"
        yield from self._absent()

    def _absent(self) -> Iterator[str]:
        there = sum(self.counts.values(), start=np.zeros(len(self.classes), np.int64)) > 0
        for side, counts in self.counts.items():
            lacking = [
                name
                for name, count, anywhere in zip(self.classes, counts, there, strict=True)
                if anywhere and not count
            ]
            if lacking and counts.any():
                yield f"{side} has no window of: {', '.join(lacking)}"
        nowhere = [name for name, found in zip(self.classes, there, strict=True) if not found]
        if nowhere and there.any():
            yield f"no window at all of: {', '.join(nowhere)}"


def between(segments: Sequence[Segment], length: int) -> Iterator[Segment]:
    """What no segment covers of a recording of ``length`` samples: unlabelled.

    >>> [(gap.start, gap.stop) for gap in between([Segment(2, 5), Segment(4, 7)], 9)]
    [(0, 2), (7, 9)]
    """
    start = 0
    for segment in sorted(segments, key=lambda segment: segment.start):
        if segment.start > start:
            yield Segment(start, segment.start)
        start = max(start, segment.stop)
    if start < length:
        yield Segment(start, length)


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
