"""Any recordings: a folder of CSV or Parquet files with a label column and one per channel."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, cast

import numpy as np

from vmbench.config import digest
from vmbench.data.dataset import Example, Inputs, Source, Task
from vmbench.data.specs import Sequence
from vmbench.errors import UserError
from vmbench.storage.contents import contents
from vmbench_domains.own.folder import CARD
from vmbench_domains.own.settings import SETTINGS_FILE, read_settings
from vmbench_domains.own.spelling import alike
from vmbench_domains.own.splits import assign_partly
from vmbench_domains.sensor.channel_tally import ChannelTally
from vmbench_domains.sensor.clock import Seconds
from vmbench_domains.sensor.recording_files import Cells, read_cells
from vmbench_domains.sensor.recordings import (
    SHORTEST,
    Recording,
    RecordingWindows,
    Segment,
    Signal,
    interpolate,
    spectrogram_spec,
)
from vmbench_domains.sensor.regular import at_rate, on_grid, unbroken
from vmbench_domains.sensor.samples import write_recordings
from vmbench_domains.sensor.spectrogram import LOG_POWER
from vmbench_domains.sensor.stretches import clock_seconds
from vmbench_domains.sensor.survey import LABEL, survey

WINDOW_SECONDS, WINDOW = 5.0, 250  # with and without a known rate
SETTINGS = {"window": int, "step": int, "rate": float, "time_unit": str, "drop": list}
FEWEST_CLASSES = 2
GAP_SHARE = 4  # a gap of more than a window's quarter is not filled


class Recordings(RecordingWindows):
    """Your own recordings: windows as one spectrogram per channel.

    A file's rows are samples in time. Columns, in any order and case: ``label`` (or ``--target``),
    one for each channel, and where known ``subject``, ``session``, ``time`` and ``split``. Without
    a subject column the sub-folder that a file lies in is its subject, or else the file. Time
    without a label is pretrained on.
    """

    name = "recordings"
    card = CARD
    generic = True
    places = (".",)
    raw: ClassVar[bool] = False

    def inspect(self, target: str | None) -> None:
        """Read the labels, subjects and clocks of every file."""
        place = self.data_dir
        if place is None:
            raise UserError(
                f"dataset '{self.name}' is your own recordings: name their folder with --data-dir; "
                f"it holds CSV or Parquet files with a column 'label' and one for each channel "
                f"(docs/your-data.md)"
            )
        settings = read_settings(place, SETTINGS, least={"window": SHORTEST})
        self.unit = settings.get("time_unit")
        remarks, self.remarks = self.remarks, []
        self.survey = survey(self, place, target or LABEL, settings)
        rate, channels = self.survey.rate, self.survey.channels
        default = max(round(WINDOW_SECONDS * rate), SHORTEST) if rate else WINDOW
        self.window = settings.get("window", default)
        self.step = settings.get("step", max(self.window // 2, 1))
        told = (
            f"{rate:.6g} Hz" if rate else "rate unknown (no column time, no rate in the settings)"
        )
        chosen = (
            f"{len(channels)} channels ({', '.join(channels)}), {told}; windows of {self.window} "
            f"samples, one every {self.step}"
        )
        self.remarks = [*remarks, chosen, *self.remarks]
        self.rate = rate
        self.inputs = Inputs(
            "as in the files" if self.raw else LOG_POWER,
            channels,
            f"windows of {self.window} samples at {told}"
            + ("" if self.raw else ", as one log power spectrogram of 32x32 bins per channel"),
        )
        self.spec = (
            Sequence(len(channels), self.window) if self.raw else spectrogram_spec(len(channels))
        )
        self._split(place, target or LABEL)
        files = [*self.survey.columns, place / SETTINGS_FILE]
        self.fingerprint = contents(self.survey.root, [path for path in files if path.is_file()])
        self.revision = digest(
            [self.fingerprint, target or LABEL, self.rule, self.window, self.step, *self._bare]
        )

    def _split(self, place: Path, label: str) -> None:
        stretches = [s for found in self.survey.scans.values() for s in found.stretches]
        labelled = [bool(s.label) for s in stretches]
        lengths = [
            (s.stop - s.start) * self.survey.factor(s.path)
            for s in stretches
            if s.label or not any(labelled)
        ]
        if not lengths:
            raise UserError(f"{place}: no file has a row")
        if max(lengths) < self.window:
            jumps = self.survey.jumps()
            raise UserError(
                f"{place}: no stretch of one label, subject and session is as long as a window "
                f"of {self.window} samples; the longest has {int(max(lengths))}"
                f"{f'; {jumps}' if jumps else ''}: say window = N in "
                f"{SETTINGS_FILE} ({SHORTEST} at least), or sort the rows by subject and time"
            )
        found = assign_partly(
            labelled,
            [stretch.label for stretch in stretches],
            [stretch.subject for stretch in stretches],
            [stretch.given for stretch in stretches],
            place,
            noun="stretches of time",
        )
        self.rule = found.rule
        self.remarks.extend(found.remarks)
        # Of sets without one, the revision is what it was before they were read.
        self._bare = ["unlabelled"] if any(found.bare) else []
        classes = tuple(sorted({stretch.label for stretch in stretches} - {""}))
        if classes and len(classes) < FEWEST_CLASSES:
            raise UserError(
                f"{place}: every row's label in column '{label}' is '{classes[0]}': a task "
                f"needs two classes; name another column with --target"
            )
        for same in alike(classes):
            self.remarks.append(
                f"warning: labels that differ by their spelling alone: {', '.join(same)}"
            )
        if classes:
            self.tasks = (Task(label, classes, found.rule),)
        else:
            self.no_task = self._why_none(label)
        self._by_key: dict[tuple[Path, str | None], list[Segment]] = {}
        for stretch, side, bare in zip(stretches, found.sides, found.bare, strict=True):
            if side is not None or bare:
                code = classes.index(stretch.label) if side else None
                segment = Segment(stretch.start, stretch.stop, code, side)
                self._by_key.setdefault((stretch.path, stretch.subject), []).append(segment)

    def _why_none(self, label: str) -> str:
        columns = next(iter(self.survey.columns.values()))
        if columns.label is None:
            names = ", ".join(self.survey.channels)
            return (
                f"no file has a column '{label}'; if one of the channels ({names}) is the label, "
                f"name it with --target"
            )
        return f"no row has a label in column '{label}'"

    def channel_names(self) -> tuple[str, ...]:
        """As the columns are called."""
        return self.survey.channels

    def sessions(self) -> list[tuple[str, object]]:
        """Every file and subject in it."""
        return [(f"{self.survey.inside(p)} ({s or 'no subject'})", (p, s)) for p, s in self._by_key]

    def examples(self) -> Iterator[Example]:
        """Yield the windows of every recording, then say what was filled or left out."""
        self._seen = ChannelTally(self.survey.channels)
        self._read: Cells | None = None
        empty = True
        for example in super().examples():
            empty = False
            yield example
        remarks = list(self._seen.remarks(self.window // GAP_SHARE, len(self.survey.columns)))
        if empty:
            raise UserError(
                f"{self.survey.root}: no window of {self.window} samples is left: "
                f"{'; '.join(remarks)}; say window = N in {SETTINGS_FILE}, or drop that channel"
            )
        self.remarks += remarks

    def read(self, key: object) -> Recording:
        """The channels of one file, with the segments of one subject, at the rate of the set."""
        path, subject = cast(tuple[Path, str | None], key)
        cells, columns = self._cells(path), self.survey.columns[path]
        seconds, _ = clock_seconds(cells, columns, self.unit)
        longest = max(int(self.window / self.survey.factor(path)) // GAP_SHARE, 1)
        parts = [np.empty((len(self.survey.channels), 0), np.float32)]
        segments: list[Segment] = []
        first = 0
        for segment in self._by_key[path, subject]:
            rows = slice(segment.start, segment.stop)
            signal = np.array(
                [cells.numbers[name][rows] for name in self.survey.channels], np.float32
            )
            whole = list(unbroken(signal, longest))
            self._seen.add(self.survey.inside(path), segment.label, signal, whole)
            for start, stop in whole:
                part, _ = interpolate(signal[:, start:stop])
                if seconds is not None:
                    part = self._regular(
                        part, seconds[rows][start:stop], path, segment.start + start
                    )
                end = first + part.shape[1]
                began = None if seconds is None else float(seconds[rows][start] - seconds[0])
                if began is None and self.rate:
                    began = (segment.start + start) / self.rate
                source = Source(self.survey.inside(path), None, began)
                segments.append(Segment(first, end, segment.label, segment.split, source))
                parts.append(part)
                first = end
        return Recording(subject, np.concatenate(parts, axis=1), segments)

    def _regular(self, part: Signal, seconds: Seconds, path: Path, row: int) -> Signal:
        """Rows of ``path`` from ``row`` on, at even steps and the rate of the set."""
        timing, rate = self.survey.scans[path].timing, self.survey.rate
        if timing is None or rate is None:
            return part
        if timing.irregular[row : row + len(seconds) - 1].any():
            part = on_grid(part, seconds, timing.period)
        return at_rate(part, 1 / timing.period, rate) if self.survey.factor(path) != 1.0 else part

    def _cells(self, path: Path) -> Cells:
        """The channels and clock of a file; the last one is kept, for the next subject in it."""
        if self._read is None or self._read.path != path:
            clock = self.survey.columns[path].clock
            self._read = read_cells(path, numbers=self.survey.channels, clock=clock)
            self._seen.add_file(self.survey.inside(path), self._read)
        return self._read

    def write_files(self, root: Path) -> None:
        """Six subjects, two activities."""
        write_recordings(root)


class RecordingsRaw(Recordings):
    """The same windows and splits, raw."""

    name = "recordings-raw"
    raw = True
