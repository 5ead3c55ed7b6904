"""Files of recordings, read strictly: a row is as long as the header, a number is a number.

Labels, subjects, sessions and splits are texts whatever they look like, so ``01`` stays ``01``.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError
from vmbench_domains.own.tables import PARQUET, cell_text, read_header, read_table

AT_ONCE = 4096  # rows
# What programs write where there is no value; pandas' own list, and Weka's question mark.
MISSING = {
    "na", "n/a", "#n/a", "#na", "nan", "-nan", "<na>", "null", "none", "nil", "inf", "-inf", "+inf",
    "infinity", "-infinity", "?", "-", "--",
}  # fmt: skip
WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))\.0+")
INDEX = re.compile(r"__index_level_\d+__")  # what pandas calls a nameless index in Parquet
NAMELESS = ""

Numbers = npt.NDArray[np.float64]


@dataclass
class Cells:
    """Some columns of one file.

    Attributes:
        path: the file.
        lines: of each row, the line it ends on; of a Parquet or ARFF file, the row from 1 on.
        texts: column -> a text for each row; empty where there is none.
        numbers: column -> (T,), NaN where there is none or it is infinite.
        clock: the column of time: numbers, or seconds if it held dates; None if not asked for.
        dates: whether it held dates, or times of day, which leave no question of their unit.
        commas: whether numbers were written with decimal commas.
    """

    path: Path
    lines: Sequence[int]
    texts: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, Numbers] = field(default_factory=dict)
    clock: Numbers | None = None
    dates: bool = False
    commas: bool = False

    def where(self, row: int) -> str:
        """File and line of a row, for messages."""
        return f"{self.path}, {'line' if is_text(self.path) else 'row'} {self.lines[row]}"


def is_text(path: Path) -> bool:
    """Whether the file is CSV or TSV, packed or not."""
    return _suffix(path) in (".csv", ".tsv")


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def read_names(path: Path) -> list[str]:
    """The names of the columns, without the blanks around them; nameless ones are ``""``.

    Raises:
        UserError: two columns have one name.
        ValueError: the file cannot be read.
        OSError: likewise.
    """
    if is_text(path):
        with _opened(path) as (names, _, _):
            pass
    elif _suffix(path) in PARQUET:
        names = list(_stored(path).values())
    else:
        names = [name.strip() for name in read_header(path)]
    named = [name for name in names if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise UserError(f"{path} has the column '{twice[0]}' twice: rename or remove one")
    return names


def read_cells(
    path: Path, *, texts: Sequence[str] = (), numbers: Sequence[str] = (), clock: str | None = None
) -> Cells:
    """Read some columns, by their names in :func:`read_names`.

    Raises:
        UserError: a row is longer or shorter than the header, or a cell is no number.
        ValueError: the file cannot be read.
        OSError: likewise.
    """
    if is_text(path):
        return _from_text(path, texts, numbers, clock)
    if _suffix(path) in PARQUET:
        return _from_parquet(path, texts, numbers, clock)
    frame = read_table(path, [*texts, *numbers, *([clock] if clock else [])])
    cells = Cells(path, range(1, len(frame) + 1))
    for name in texts:
        cells.texts[name] = [canonical(cell_text(value)) for value in frame[name]]
    for name in numbers:
        cells.numbers[name] = _numbers(cells, name, [cell_text(v) for v in frame[name]], 0)
    if clock:
        _set_clock(cells, clock, [cell_text(value) for value in frame[clock]])
    return cells


def canonical(text: str) -> str:
    """A text without blanks around it, and a whole number without ``.0``.

    >>> [canonical(text) for text in (" walk ", "1.0", "01", "-3.00", "1.5", "None")]
    ['walk', '1', '01', '-3', '1.5', 'None']
    """
    text = text.strip()
    whole = WHOLE.fullmatch(text)
    return whole[1] if whole else text


@contextmanager
def _opened(path: Path) -> Iterator[tuple[list[str], Any, str]]:
    """The names, the rows and the separator of a text file; faults of the file are ValueErrors."""
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    line = 0
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            separator = _separator(path, first)
            file.seek(0)
            rows = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)
            names = [name.strip() for name in next(rows, [])]
            if not any(names):
                raise ValueError("it has no header" if first.strip() else "it is empty")
            try:
                yield names, rows, separator
            finally:
                line = rows.line_num
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 ({error.reason}): save it as UTF-8") from error
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{error}: it is cut short") from error
    except csv.Error as error:
        raise ValueError(f"{error}, up to line {line}: is a quote left open?") from error


def _separator(path: Path, header: str) -> str:
    r"""The character between columns: spreadsheets of many countries write semicolons.

    >>> _separator(Path("a.csv"), "ax;ay;label\n"), _separator(Path("a.csv"), "ax,a;b\n")
    (';', ',')
    """
    if _suffix(path) == ".tsv":
        return "\t"
    return next((mark for mark in ",;\t|" if mark in header), ",")


def _from_text(
    path: Path, texts: Sequence[str], numbers: Sequence[str], clock: str | None
) -> Cells:
    lines: list[int] = []
    cells = Cells(path, lines, {name: [] for name in texts})
    blocks: dict[str, list[Numbers]] = {name: [] for name in numbers}
    times: list[str] = []
    with _opened(path) as (names, rows, separator):
        places = {name: place for place, name in enumerate(names) if name}
        for block in _blocks(path, rows, len(names), lines):
            start = len(lines) - len(block)
            columns = list(zip(*block, strict=True))
            for name in texts:
                cells.texts[name] += map(canonical, columns[places[name]])
            for name in numbers:
                found = columns[places[name]]
                blocks[name].append(_numbers(cells, name, found, start, separator != ","))
            if clock:
                times += columns[places[clock]]
    for name, parts in blocks.items():
        cells.numbers[name] = np.concatenate(parts) if parts else np.empty(0)
    if clock:
        _set_clock(cells, clock, times)
    return cells


def _blocks(path: Path, rows: Any, width: int, lines: list[int]) -> Iterator[list[list[str]]]:
    """Rows of ``width`` cells; the lines that they end on are added to ``lines``."""

    def checked() -> Iterator[list[str]]:
        for row in rows:
            if not row:
                continue  # an empty line
            if len(row) != width:
                raise UserError(
                    f"{path}, line {rows.line_num}: {len(row)} cells, the header has {width}; "
                    f"quote cells that hold the separator, and give each column one name"
                )
            lines.append(rows.line_num)
            yield row

    found = checked()
    while block := list(islice(found, AT_ONCE)):
        yield block


def _numbers(
    cells: Cells, name: str, found: Sequence[str], start: int, commas: bool = False
) -> Numbers:
    """The numbers in ``found``, whose first is row ``start`` of the file."""
    try:
        if "_" in "".join(found):  # which Python takes for a digit group
            raise ValueError
        values = np.array([float(text) for text in found])
    except ValueError:
        values = np.array(
            [_number(cells, name, text, start + row, commas) for row, text in enumerate(found)]
        )
    values[~np.isfinite(values)] = np.nan
    return values


def _number(cells: Cells, name: str, text: str, row: int, commas: bool) -> float:
    text = text.strip()
    if not text or text.lower() in MISSING:
        return np.nan
    try:
        if "_" in text:
            raise ValueError
        if commas and text.count(",") == 1 and "." not in text:
            value = float(text.replace(",", "."))
            cells.commas = True
            return value
        return float(text)
    except ValueError:
        raise UserError(
            f"{cells.where(row)}, column '{name}': {text[:40]!r} is no number; write numbers with "
            f"a decimal point and leave missing ones empty, or remove the column"
        ) from None


def _set_clock(cells: Cells, name: str, found: Sequence[str]) -> None:
    from vmbench_domains.sensor.clock import parse_dates

    first = next((text.strip() for text in found if text.strip()), "")
    try:
        float(first.replace(",", "."))
        cells.clock = _numbers(cells, name, found, 0, commas=True)
    except UserError:
        raise
    except ValueError:
        cells.clock, cells.dates = parse_dates(found, cells.where, name), True
    lacking = np.flatnonzero(np.isnan(cells.clock))
    if len(lacking):
        raise UserError(f"{cells.where(int(lacking[0]))}: column '{name}' names no time")


def _from_parquet(
    path: Path, texts: Sequence[str], numbers: Sequence[str], clock: str | None
) -> Cells:
    import pyarrow
    from pyarrow import parquet

    stored = {name: inside for inside, name in _stored(path).items()}
    wanted = [*texts, *numbers, *([clock] if clock is not None else [])]
    table = parquet.read_table(path, columns=[stored[name] for name in wanted])
    cells = Cells(path, range(1, table.num_rows + 1))

    def column(name: str) -> Any:
        found = table.column(stored[name])
        if pyarrow.types.is_dictionary(found.type):
            found = found.cast(found.type.value_type)
        return found

    types = pyarrow.types
    for name in texts:
        try:
            written = column(name).cast(pyarrow.string()).to_pylist()
        except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
            raise UserError(
                f"{path}: column '{name}' holds {column(name).type}, which is no text"
            ) from error
        cells.texts[name] = [canonical(text) if text is not None else "" for text in written]
    for name in numbers:
        found = column(name)
        if types.is_string(found.type) or types.is_large_string(found.type):
            cells.numbers[name] = _numbers(cells, name, _texts(found.to_pylist()), 0)
        elif _is_number(types, found.type):
            cells.numbers[name] = _floats(found, pyarrow)
        else:
            raise UserError(
                f"{path}: column '{name}' holds {found.type}, which is no channel; remove it"
                + (" or name it 'time'" if types.is_temporal(found.type) else "")
            )
    if clock is not None:
        _clock_of_parquet(cells, clock, column(clock), pyarrow)
    return cells


def _stored(path: Path) -> dict[str, str]:
    """Names as a Parquet file has them -> names for the user; a nameless index of dates is time."""
    import pyarrow
    from pyarrow import parquet

    schema = parquet.read_schema(path)
    names: dict[str, str] = {}
    for inside, kind in zip(schema.names, schema.types, strict=True):
        if not INDEX.fullmatch(inside):
            names[inside] = inside.strip()
        elif pyarrow.types.is_temporal(kind) and "time" not in schema.names:
            names[inside] = "time"
        else:
            names[inside] = NAMELESS
    if len(names) < len(schema.names):
        twice = next(name for name in schema.names if schema.names.count(name) > 1)
        raise UserError(f"{path} has the column '{twice}' twice: rename or remove one")
    return names


def _is_number(types: Any, kind: Any) -> bool:
    checks = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return any(check(kind) for check in checks)


def _floats(column: Any, pyarrow: Any) -> Numbers:
    if pyarrow.types.is_boolean(column.type):
        column = column.cast(pyarrow.int8())
    values = np.array(column.cast(pyarrow.float64(), safe=False).to_numpy(), np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def _texts(values: Iterable[str | None]) -> list[str]:
    return [value or "" for value in values]


def _clock_of_parquet(cells: Cells, name: str, column: Any, pyarrow: Any) -> None:
    types, kind = pyarrow.types, column.type
    if types.is_string(kind) or types.is_large_string(kind):
        return _set_clock(cells, name, _texts(column.to_pylist()))
    if types.is_timestamp(kind) or types.is_duration(kind) or types.is_time(kind):
        whole = column.cast(pyarrow.int32() if types.is_time32(kind) else pyarrow.int64())
        ticks = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        first = next((v for v in (whole[i].as_py() for i in range(len(whole))) if v), 0)
        # Differences first: nanoseconds since 1970 are more digits than a double has.
        since = pyarrow.compute.subtract(whole, pyarrow.scalar(first, whole.type))
        cells.clock, cells.dates = _floats(since, pyarrow) / ticks, True
    elif _is_number(types, kind):
        cells.clock = _floats(column, pyarrow)
    else:
        raise UserError(f"{cells.path}: column '{name}' holds {kind}, which is no time")
    lacking = np.flatnonzero(np.isnan(cells.clock))
    if len(lacking):
        raise UserError(f"{cells.where(int(lacking[0]))}: column '{name}' names no time")
    return None
