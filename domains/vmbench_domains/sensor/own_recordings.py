"""Any recordings: a folder of CSV or Parquet files with a label column and one per channel."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np

from vmbench.config import digest
from vmbench.contents import contents
from vmbench.dataset import Split, Task
from vmbench.errors import UserError
from vmbench.specs import Sequence
from vmbench_domains.own.folder import CARD
from vmbench_domains.own.settings import SETTINGS_FILE, read_settings
from vmbench_domains.own.splits import assign_splits, split_name
from vmbench_domains.own.tables import cell_text, find_tables, read_header, read_table
from vmbench_domains.sensor.recordings import (
    Recording,
    RecordingWindows,
    Segment,
    runs,
    spectrogram_spec,
)
from vmbench_domains.sensor.samples import write_recordings
from vmbench_domains.source import Skips

LABEL = "label"
RESERVED = ("subject", "session", "time", "split")
WINDOW_SECONDS, WINDOW = 5.0, 250  # with and without a known rate
SHORTEST = 32  # samples that a window needs
SETTINGS = {"window": int, "step": int, "rate": float}


@dataclass(frozen=True)
class _Stretch:
    """Consecutive rows of one file: of one subject, session, split and label."""

    path: Path
    start: int
    stop: int
    subject: str
    label: str
    given: Split | None


class Recordings(RecordingWindows):
    """Your own recordings: windows as one spectrogram per channel.

    A file's rows are samples in time. Columns: ``label`` (or ``--target``), one for each channel,
    and where known ``subject``, ``session``, ``time`` (seconds) and ``split``. Without a subject
    column the sub-folder that a file lies in is its subject, or else the file.
    """

    name = "recordings"
    card = CARD
    generic = True
    places = (".",)
    raw: ClassVar[bool] = False

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """Read the labels and subjects of every file; the channels follow from the first."""
        if data_dir is None:
            raise UserError(
                f"dataset '{self.name}' is your own recordings: name their folder with --data-dir; "
                f"it holds CSV or Parquet files with a column 'label' and one for each channel "
                f"(docs/your-data.md)"
            )
        self.root, self.label = data_dir, target or LABEL
        paths = self._readable(find_tables(data_dir))
        self.channels = self._channels(paths)
        settings = read_settings(self.root, SETTINGS) if data_dir.is_dir() else {}
        stretches = [stretch for path in paths for stretch in self._stretches(path)]
        sides, rule = assign_splits(
            [stretch.label for stretch in stretches],
            [stretch.subject for stretch in stretches],
            [stretch.given for stretch in stretches],
            data_dir,
        )
        classes = tuple(sorted({stretch.label for stretch in stretches}))
        self.tasks = (Task(self.label, classes, rule),)
        self._by_key: dict[tuple[Path, str], list[Segment]] = {}
        for stretch, side in zip(stretches, sides, strict=True):
            segment = Segment(stretch.start, stretch.stop, classes.index(stretch.label), side)
            self._by_key.setdefault((stretch.path, stretch.subject), []).append(segment)
        self._choose_windows(settings, paths[0])
        told = data_dir / SETTINGS_FILE
        root = data_dir if data_dir.is_dir() else data_dir.parent
        self.fingerprint = contents(root, [*paths, *([told] if told.is_file() else [])])
        self.revision = digest([self.fingerprint, self.label, rule, self.window, self.step])

    def _readable(self, paths: list[Path]) -> list[Path]:
        skips, readable = Skips(self, len(paths), "files"), []
        for path in paths:
            try:
                read_header(path)
                readable.append(path)
            except UserError as error:
                skips.add(path.name, error)
        skips.close()
        return readable

    def _channels(self, paths: list[Path]) -> list[str]:
        channels: list[str] = []
        for path in paths:
            columns = read_header(path)
            if self.label not in columns:
                raise UserError(
                    f"{path} has no column '{self.label}'; it has {', '.join(columns)}: "
                    f"name the label's column with --target"
                )
            found = [c for c in columns if c not in (self.label, *RESERVED)]
            if not found or (channels and found != channels):
                raise UserError(
                    f"{path} has the channels {', '.join(found) or '(none)'}"
                    + (f"; {paths[0].name} has {', '.join(channels)}" if channels else "")
                )
            channels = found
        return channels

    def _stretches(self, path: Path) -> Iterator[_Stretch]:
        known = [c for c in ("subject", "session", "split") if c in read_header(path)]
        frame = read_table(path, [self.label, *known])
        keys = {c: [cell_text(value) for value in frame[c]] for c in (self.label, *known)}
        codes = np.stack([np.unique(key, return_inverse=True)[1] for key in keys.values()])
        _, rows = np.unique(codes, axis=1, return_inverse=True)
        inside = path.relative_to(self.root).parts if self.root.is_dir() else (path.name,)
        folder = inside[0] if len(inside) > 1 else path.stem
        for start, stop in runs(rows):
            row = {c: key[start] for c, key in keys.items()}
            if not row[self.label]:
                continue  # unlabelled time
            subject = row.get("subject", folder)
            if not subject:
                raise UserError(f"{path}, row {start + 1} names no subject, others do")
            given = split_name(row["split"], str(path)) if "split" in row else None
            yield _Stretch(path, start, stop, subject, row[self.label], given)

    def _choose_windows(self, settings: dict[str, Any], path: Path) -> None:
        rate = settings.get("rate")
        if rate is None and "time" in read_header(path):
            steps = np.diff(read_table(path, ["time"])["time"].to_numpy(np.float64))
            step = float(np.median(steps)) if len(steps) else 0.0
            rate = 1 / step if step > 0 else None
        default = round(WINDOW_SECONDS * rate) if rate else WINDOW
        self.window = settings.get("window", max(default, SHORTEST))
        self.step = settings.get("step", max(self.window // 2, 1))
        if self.window < SHORTEST:
            raise UserError(f"window = {self.window} samples: {SHORTEST} are needed at least")
        told = (
            f"{rate:.6g} Hz" if rate else "rate unknown (no column time, no rate in the settings)"
        )
        self.remarks.append(
            f"{len(self.channels)} channels ({', '.join(self.channels)}), {told}; windows of "
            f"{self.window} samples, one every {self.step}"
        )
        count = len(self.channels)
        self.spec = Sequence(count, self.window) if self.raw else spectrogram_spec(count)

    def sessions(self) -> list[tuple[str, object]]:
        """Every file and subject in it."""
        root = self.root if self.root.is_dir() else self.root.parent
        return [(f"{p.relative_to(root)} ({s})", (p, s)) for p, s in self._by_key]

    def read(self, key: object) -> Recording:
        """The channels of one file, with the segments of one subject."""
        path, subject = cast(tuple[Path, str], key)
        frame = read_table(path, self.channels)
        try:
            signal = np.array(frame[self.channels].to_numpy(np.float32).T, order="C")
        except (TypeError, ValueError) as error:
            raise ValueError(f"a channel holds something that is no number: {error}") from error
        # What is not finite is not known.
        signal[~np.isfinite(signal)] = np.nan
        return Recording(subject, signal, self._by_key[path, subject])

    def write_files(self, root: Path) -> None:
        """Six subjects, two activities."""
        write_recordings(root)


class RecordingsRaw(Recordings):
    """The same windows and splits, raw."""

    name = "recordings-raw"
    raw = True
