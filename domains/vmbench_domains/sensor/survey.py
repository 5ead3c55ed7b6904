"""All files of a user's recordings looked through: which can be read, their columns, one rate."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError
from vmbench_domains.own.columns import RowFile
from vmbench_domains.own.settings import SETTINGS_FILE
from vmbench_domains.own.splits import splits_of_files
from vmbench_domains.own.tables import find_tables, open_table
from vmbench_domains.sensor.clock import UNITS
from vmbench_domains.sensor.recording_files import nameless
from vmbench_domains.sensor.stretches import (
    Columns,
    Scan,
    check_alike,
    scan,
    sort_columns,
)
from vmbench_domains.source import Skips

LABEL = "label"  # its column, unless another is named
ONE_RATE = 0.02  # rates that differ by a smaller share are one
NAMED = 5  # files that a remark names


@dataclass(frozen=True)
class Survey:
    """What the files hold but for their channels' values.

    Attributes:
        root: the user's folder.
        columns: file -> what its columns are, in the order of paths; in some, or in all, there may
            be none for the label.
        scans: file -> its stretches and clock.
        rate: Hz that every window has; None if neither a clock nor the settings tell it.
        rates: file -> its own rate in Hz, if it has a clock.
    """

    root: Path
    columns: dict[Path, Columns]
    scans: dict[Path, Scan]
    rate: float | None
    rates: dict[Path, float]

    @property
    def channels(self) -> tuple[str, ...]:
        """Their names, in the order of the first file."""
        return next(iter(self.columns.values())).channels

    def factor(self, path: Path) -> float:
        """Samples that a row of this file becomes."""
        rate = self.rates.get(path)
        if rate is None or self.rate is None or _one_rate(rate, self.rate):
            return 1.0
        return self.rate / rate

    def inside(self, path: Path) -> str:
        """A file's name below the folder."""
        return str(path.relative_to(self.root))

    def remarks(self) -> Iterator[str]:
        """What was chosen, left out or mended, a sentence each."""
        first = next(iter(self.columns.values()))
        spare = sorted({name for columns in self.columns.values() for name in columns.spare})
        if spare:
            yield f"left out: {', '.join(spare)}; '{first.clock}' is read as the time"
        units = sorted({found.unit for found in self.scans.values() if found.unit})
        if units and units != ["s"]:
            yield f"column '{first.clock}' is read as {', '.join(units)}"
        others = {p: rate for p, rate in self.rates.items() if self.factor(p) != 1.0}
        if others:
            kinds = ", ".join(sorted({f"{rate:.3g} Hz" for rate in others.values()}))
            yield (
                f"resampled to {self.rate:.6g} Hz: {len(others)} of {len(self.scans)} files, at "
                f"{kinds} ({self.some(others)})"
            )
        ticks = {p: t for p, found in self.scans.items() if (t := found.timing) and t.tick}
        if ticks:
            yield (
                f"the clock ticks more slowly than the samples ({self.some(ticks)}): the rate is "
                f"their number between ticks"
            )
        if jumps := self.jumps():
            yield f"{jumps}: no window crosses a jump"
        uneven = {
            path: int(found.timing.irregular.sum())
            for path, found in self.scans.items()
            if found.timing and found.timing.irregular.any()
        }
        if uneven:
            yield (
                f"{sum(uneven.values())} steps of time are uneven (samples lost or late; "
                f"{self.some(uneven)}): interpolated to even steps there"
            )

    def jumps(self) -> str:
        """How often time jumps within a label, and where; empty if it never does."""
        breaks = {path: found.breaks for path, found in self.scans.items() if found.breaks}
        if not breaks:
            return ""
        return (
            f"time jumps {sum(breaks.values())} times within a label (gaps, or restarts of the "
            f"clock; {self.some(breaks)})"
        )

    def some(self, paths: Sequence[Path] | dict[Path, Any]) -> str:
        """The names of the first few."""
        names = [self.inside(path) for path in paths]
        return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")


def survey(dataset: Any, place: Path, label: str, settings: dict[str, Any]) -> Survey:
    """Look through every table below ``place``.

    Args:
        dataset: whose remarks name the files that cannot be read, and what was chosen.
        place: the user's folder, or one file.
        label: the label's column.
        settings: rate, time_unit and drop, where given.

    Raises:
        UserError: too many files cannot be read, or what one holds must be mended first.
    """
    root = place if place.is_dir() else place.parent
    paths = find_tables(place)
    skips = Skips(dataset, len(paths), "files")
    tables = {path: table for path in paths if (table := _opened(skips, path))}
    unnamed = {path: found for path, table in tables.items() if (found := nameless(table))}
    drop = [str(name) for name in settings.get("drop", [])]
    for name in drop:
        if not any(name in table.columns for table in tables.values()):
            raise UserError(f"{root / SETTINGS_FILE}: drop names {name!r}, which is no column")
    columns = {
        path: sort_columns(path, list(table.columns), label, [*drop, *unnamed.get(path, [])])
        for path, table in tables.items()
    }
    check_alike(columns)
    without = [path for path, found in columns.items() if found.label is None]
    if len(without) == len(columns) and label != LABEL:
        first = without[0]
        raise UserError(
            f"{first} has no column '{label}'; it has {', '.join(tables[first].columns)}: name the "
            f"label's column with --target"
        )
    unit = settings.get("time_unit")
    if unit is not None and unit not in UNITS:
        known = ", ".join(UNITS)
        raise UserError(f"{root / SETTINGS_FILE}: time_unit = {unit!r} is none of {known}")
    scans: dict[Path, Scan] = {}
    for path, side in zip(columns, splits_of_files(root, list(columns)), strict=True):
        scanned = scan(path, path.relative_to(root), side, columns[path], unit)
        if scanned is None:
            skips.add(path.name, "it has a header and no rows")
        else:
            scans[path] = scanned
    skips.close()
    rates = {path: 1 / t.period for path, found in scans.items() if (t := found.timing)}
    rate = settings.get("rate") or _usual_rate(rates, scans)
    columns = {path: columns[path] for path in scans}
    whole = Survey(root, columns, scans, rate, rates)
    if without and len(without) < len(columns):
        dataset.remarks.append(
            f"{len(without)} of {len(columns)} files have no column '{label}', and so no labels "
            f"({whole.some(without)})"
        )
    if unnamed:
        dataset.remarks.append(f"left out: columns without a name ({whole.some(unnamed)})")
    if others := _others(place, paths):
        dataset.remarks.append(f"left alone, being no tables: {others}")
    for remark in sorted({remark for found in scans.values() for remark in found.remarks}):
        said = [path for path, found in scans.items() if remark in found.remarks]
        dataset.remarks.append(f"{remark} ({whole.some(said)})")
    dataset.remarks += whole.remarks()
    return whole


def _others(place: Path, tables: Sequence[Path]) -> str:
    """How many files of each kind there are besides, hidden ones apart."""
    known = {*tables, place / SETTINGS_FILE}
    kinds = Counter(
        path.suffix or "nameless"
        for path in (place.rglob("*") if place.is_dir() else ())
        if path not in known
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(place).parts)
    )
    return ", ".join(f"{count} {suffix}" for suffix, count in sorted(kinds.items()))


def _opened(skips: Skips, path: Path) -> RowFile | None:
    """A file with its header read, or None where that cannot be, which is noted."""
    try:
        table = open_table(path)
    except UserError as error:
        skips.add(path.name, str(error).removeprefix(f"{path} cannot be read: "))
        return None
    if table.doubled:
        raise UserError(f"{path} has the column '{table.doubled[0]}' twice: rename or remove one")
    return table


def _one_rate(rate: float, other: float) -> bool:
    return abs(rate - other) <= ONE_RATE * other


def _usual_rate(rates: dict[Path, float], scans: dict[Path, Scan]) -> float | None:
    """The rate of most of the recorded time; the lower of two that are equally frequent."""
    if not rates:
        return None
    each = np.array(list(rates.values()))
    seconds = np.array([scans[path].rows / rate for path, rate in rates.items()])

    def alike(centre: float) -> npt.NDArray[np.bool_]:
        return np.abs(each - centre) <= ONE_RATE * centre

    # Whole seconds, so that files of equal length weigh the same at any rate.
    centres = sorted({float(f"{rate:.3g}") for rate in each})
    best = max(centres, key=lambda centre: round(float(seconds[alike(centre)].sum())))
    return float(f"{np.median(each[alike(best)]):.4g}")
