"""What the files of a user's recordings hold: columns by name, and stretches of equal label."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Split
from vmbench.errors import UserError
from vmbench_domains.own.splits import NAMES, split_name
from vmbench_domains.sensor.clock import UNITS, Seconds, Timing, find_unit, timing, unit_of
from vmbench_domains.sensor.recording_files import Cells, read_cells
from vmbench_domains.sensor.recordings import runs

ROLES = ("subject", "session", "split")
# Of several clocks, the first of these names is read.
PREFERRED = ("time", "timestamp", "datetime")


@dataclass(frozen=True)
class Columns:
    """Which column of a file is what.

    Attributes:
        label: the label's; None where the file has none.
        roles: subject, session and split -> their columns, where the file has them.
        clock: the time's, or None; ``unit`` is what its name says, or None.
        spare: further clocks, which are left out.
        channels: all others, in the file's order.
    """

    label: str | None
    roles: dict[str, str]
    clock: str | None
    unit: str | None
    spare: tuple[str, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Stretch:
    """Consecutive rows of one file: of one subject, session, split and label, without a break.

    Attributes:
        subject: None if the rows name none and have no label either.
        label: "" if they have none.
    """

    path: Path
    start: int
    stop: int
    subject: str | None
    label: str
    given: Split | None


@dataclass(frozen=True)
class Scan:
    """What one file holds but for its channels.

    Attributes:
        stretches: the stretches of equal label, and those without one.
        rows: how many it has, labelled or not.
        timing: of its clock, if it has one and rows enough.
        breaks: how many stretches its clock breaks, rather than its labels.
        unit: of its clock; None for dates.
        remarks: what the reader mended or left out.
    """

    stretches: list[Stretch]
    rows: int
    timing: Timing | None
    breaks: int
    unit: str | None
    remarks: list[str]


def sort_columns(path: Path, names: Sequence[str], target: str, drop: Sequence[str]) -> Columns:
    """What each column of a file is; names of roles are known in any case.

    Raises:
        UserError: there is no channel.
    """
    label = _named(names, target)
    free = [name for name in names if name not in (label, *drop)]
    roles = {role: found for role in ROLES if (found := _named(free, role)) is not None}
    free = [name for name in free if name not in roles.values()]
    clocks = [name for name in free if unit_of(name)[0]]
    clocks.sort(key=lambda name: (*(name.lower() != known for known in PREFERRED),))
    clock = clocks[0] if clocks else None
    channels = tuple(name for name in free if name not in clocks)
    if not channels:
        raise UserError(f"{path} has no column for a channel; it has {', '.join(names)}")
    unit = unit_of(clock)[1] if clock else None
    return Columns(label, roles, clock, unit, tuple(clocks[1:]), channels)


def _named(names: Sequence[str], wanted: str) -> str | None:
    if wanted in names:
        return wanted
    alike = [name for name in names if name.lower() == wanted.lower()]
    return alike[0] if len(alike) == 1 else None


def check_alike(columns: dict[Path, Columns]) -> None:
    """See that all files have the columns that most of them have, in whatever order.

    Raises:
        UserError: one has others; it is named.
    """
    counts = Counter(_names(found) for found in columns.values())
    usual = max(counts, key=lambda names: (counts[names], len(names)))
    for path, found in columns.items():
        names = _names(found)
        if names == usual:
            continue
        lacking = [f"lacks {', '.join(sorted(usual - names))}"] if usual - names else []
        more = [f"has {', '.join(sorted(names - usual))} besides"] if names - usual else []
        raise UserError(
            f"{path} has the channels {', '.join(found.channels)}: unlike {counts[usual]} other "
            f"files it {' and '.join(lacking + more)}; give all files the same columns, or move it "
            f"away"
        )


def _names(columns: Columns) -> frozenset[str]:
    clock = ["time"] if columns.clock else []
    return frozenset([*columns.channels, *columns.roles, *clock])


def scan(
    path: Path, inside: Path, side: Split | None, columns: Columns, unit: str | None
) -> Scan | None:
    """Read the labels, roles and clock of one file; None if it has no rows.

    Args:
        path: the file.
        inside: the same below the user's folder, whose names may tell the subject.
        side: what they say of the split.
        columns: of the file.
        unit: of the clock, if its name says none; None to find it by the values.

    Raises:
        UserError: the file cannot be read, a subject or split is missing or unknown, or the clock
            is out of all bounds.
    """
    texts = [*([columns.label] if columns.label else []), *columns.roles.values()]
    counted = columns.channels[:1] if not (texts or columns.clock) else ()  # rows, if nothing else
    cells = read_cells(path, texts=texts, numbers=counted, clock=columns.clock)
    count = len(cells.lines)
    if not count:
        return None
    keys = [cells.texts[name] for name in texts]
    codes = np.array([np.unique(np.array(key, dtype=object).astype(str), return_inverse=True)[1]
                      for key in keys]).reshape(len(texts), count)  # fmt: skip
    changed = np.any(codes[:, 1:] != codes[:, :-1], axis=0)
    seconds, unit = clock_seconds(cells, columns, unit)
    found: Timing | None = None
    broken = np.zeros(count - 1, np.bool_)
    if seconds is not None:
        first = len(texts) - len(columns.roles)
        owners = [i for i, role in enumerate(columns.roles, start=first) if role != "split"]
        same = ~np.any(codes[owners, 1:] != codes[owners, :-1], axis=0)
        found = timing(seconds, same, path)
        if found is not None:
            broken = found.broken
    pieces = np.concatenate([[0], np.cumsum(changed | broken)])
    stretches = list(_stretches(cells, columns, inside, side, pieces))
    labels = cells.texts[columns.label] if columns.label else [""] * count
    labelled = np.array([bool(text) for text in labels], np.bool_)
    within = labelled if labelled.any() else ~labelled
    breaks = int((broken & ~changed & within[1:]).sum())
    return Scan(stretches, count, found, breaks, unit, cells.remarks)


def clock_seconds(
    cells: Cells, columns: Columns, unit: str | None
) -> tuple[Seconds | None, str | None]:
    """The clock of every row in seconds, and its unit (None for dates); None without a clock."""
    if cells.clock is None or columns.clock is None:
        return None, None
    if cells.dates:
        return cells.clock, None
    if columns.unit and unit and columns.unit != unit:
        raise UserError(
            f"{cells.path}: column '{columns.clock}' says {columns.unit}, time_unit in "
            f"vmbench.toml says {unit}: which?"
        )
    unit = columns.unit or unit or find_unit(cells.clock, cells.path, columns.clock)
    return (cells.clock - cells.clock[0]) / UNITS[unit], unit


def _stretches(
    cells: Cells,
    columns: Columns,
    inside: Path,
    side: Split | None,
    pieces: npt.NDArray[np.generic],
) -> Iterator[Stretch]:
    folder = _subject(inside)
    for start, stop in runs(pieces):
        row = {role: cells.texts[name][start] for role, name in columns.roles.items()}
        label = cells.texts[columns.label][start] if columns.label else ""
        subject = row.get("subject", folder) or None
        if label and not subject:
            raise UserError(f"{cells.where(start)} names no subject, others do")
        said = row.get("split")
        given = side
        if said or (label and said is not None):
            given = split_name(said, cells.where(start))
        if side and given != side:
            raise UserError(
                f"{cells.where(start)}: the split is {given}, the file's folder or name says "
                f"{side}; remove one of the two"
            )
        yield Stretch(cells.path, start, stop, subject, label, given)


def _subject(inside: Path) -> str:
    """Who is recorded, if no column says so: the first folder that names no side, or the file."""
    folders = [part for part in inside.parts[:-1] if part.lower() not in NAMES]
    return folders[0] if folders else str(inside.with_name(inside.name.partition(".")[0]))
