"""Columns of one file of recordings: texts as they are, numbers strictly, time by its kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError
from vmbench_domains.own.columns import Cells as Raw
from vmbench_domains.own.columns import RowFile, one_text
from vmbench_domains.own.delimited import DelimitedFile
from vmbench_domains.own.numbers import LARGEST, plain_numbers, sort_of
from vmbench_domains.own.tables import open_table, read_chunks
from vmbench_domains.sensor.clock import UNITS, parse_dates

NO_NUMBER = (
    "is no number; write numbers with a decimal point and leave missing ones empty, or remove the "
    'column (drop = ["..."] in vmbench.toml)'
)

Numbers = npt.NDArray[np.float64]


@dataclass
class Cells:
    """Some columns of one file.

    Attributes:
        path: the file.
        counted: what ``lines`` counts: "line" or "row".
        lines: where each row stands in the file.
        texts: column -> a text for each row; empty where there is none.
        numbers: column -> (T,), NaN where there is none, or it is no finite 32-bit float.
        clock: the column of time: numbers, or seconds if it held dates; None if not asked for.
        dates: whether it held dates, or times of day, which leave no question of their unit.
        commas: whether numbers were written with decimal commas.
        remarks: what the reader mended or left out.
    """

    path: Path
    counted: str
    lines: list[int] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, Numbers] = field(default_factory=dict)
    clock: Numbers | None = None
    dates: bool = False
    commas: bool = False
    remarks: list[str] = field(default_factory=list)

    def where(self, row: int) -> str:
        """File and line of a row, for messages."""
        return f"{self.path}, {self.counted} {self.lines[row]}"


def nameless(table: RowFile) -> list[str]:
    """The columns to which the header gives no name; the reader calls them by their place."""
    if not isinstance(table, DelimitedFile):
        return []
    return [
        name
        for name, written in zip(table.columns, table.header, strict=False)
        if not written.strip()
    ]


def read_cells(
    path: Path, *, texts: Sequence[str] = (), numbers: Sequence[str] = (), clock: str | None = None
) -> Cells:
    """Read some columns of a file.

    Raises:
        UserError: the file cannot be read, a row is longer or shorter than the header, a cell of
            ``numbers`` is none, or one of ``clock`` no time.
    """
    table = open_table(path)
    for name in (*texts, *numbers):
        column = table.columns[name]
        if column.kind == "other" or (column.kind == "time" and name in numbers):
            raise UserError(
                f"{path}: column '{name}' holds {column.stored}, which is "
                + ("no text" if name in texts else "no channel; remove it")
                + (", or call it 'time'" if column.kind == "time" else "")
            )
    cells = Cells(path, table.counted, texts={name: [] for name in texts})
    parts: dict[str, list[Numbers]] = {name: [] for name in numbers}
    times: list[Raw] = []
    wanted = list(dict.fromkeys([*texts, *numbers, *([clock] if clock else [])]))
    for chunk in read_chunks(table, wanted, texts):
        start = len(cells.lines)
        cells.lines += chunk.lines
        for name in texts:
            cells.texts[name] += (one_text(str(text)) for text in chunk.cells[name])
        for name in numbers:
            parts[name].append(_numbers(table, cells, name, chunk.cells[name], start))
        if clock:
            times.append(chunk.cells[clock])
    for name, found in parts.items():
        cells.numbers[name] = np.concatenate(found) if found else np.empty(0)
    if clock:
        _set_clock(table, cells, clock, times)
    cells.remarks = table.remarks
    return cells


def _numbers(table: RowFile, cells: Cells, name: str, found: Raw, start: int) -> Numbers:
    """The numbers in ``found``, whose first is row ``start`` of the file."""
    if isinstance(found, np.ndarray):
        values, doubtful = found.copy(), list[int]()
    else:
        values, doubtful = plain_numbers(found, "".join(found))
        for row in doubtful:
            values[row] = _number(table, cells, name, found[row], start + row)
    values[~(np.abs(values) <= LARGEST)] = np.nan
    return values


def _number(table: RowFile, cells: Cells, name: str, text: str, row: int) -> float:
    sort = sort_of(text)
    if sort in ("empty", "marker", "infinite"):
        return np.nan
    parted = isinstance(table, DelimitedFile) and table.delimiter != ","
    if sort in ("comma", "comma or thousands") and parted:
        cells.commas = True
        return float(text.replace(",", "."))
    if sort == "bool":
        return float(text.lower() == "true")
    raise UserError(f"{cells.where(row)}, column '{name}': {text[:40]!r} {NO_NUMBER}")


def _set_clock(table: RowFile, cells: Cells, name: str, times: list[Raw]) -> None:
    column = table.columns[name]
    if column.stored.startswith("duration["):  # Parquet's, whose cells are whole numbers
        ticks = UNITS[column.stored.removeprefix("duration[").removesuffix("]")]
        texts = [str(text) for part in times for text in part]
        cells.clock, cells.dates = _numbers(table, cells, name, texts, 0) / ticks, True
    elif column.kind == "number":
        cells.clock = np.concatenate([np.asarray(part, np.float64) for part in times])
    else:
        texts = [str(text) for part in times for text in part]
        first = next((text for text in texts if text), "")
        if sort_of(first) in ("time", "text"):
            cells.clock, cells.dates = parse_dates(texts, cells.where, name), True
        else:
            cells.clock = _numbers(table, cells, name, texts, 0)
    lacking = np.flatnonzero(np.isnan(cells.clock))
    if len(lacking):
        raise UserError(f"{cells.where(int(lacking[0]))}: column '{name}' names no time")
