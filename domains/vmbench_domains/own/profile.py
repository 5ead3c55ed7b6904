"""What a column holds, decided over all its rows: numbers, a counter of the rows, or texts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench_domains.own.columns import Cells, RowFile
from vmbench_domains.own.fill_codes import FillCodes
from vmbench_domains.own.numbers import LARGEST, Sort, cell_number, plain_numbers, sort_of

KEPT = 1000  # different texts that are remembered
FEW_ROWS = 10  # that so few are 1, 2, 3 ... may be chance
WRAP = 2**64
NUMBERS: tuple[Sort, ...] = ("number", "infinite")
LIKE_NUMBERS: tuple[Sort, ...] = ("like a number", "comma or thousands", "comma")
OTHERS: tuple[Sort, ...] = ("text", "time", "bool")


@dataclass(frozen=True)
class Place:
    """A cell, for messages."""

    text: str
    path: Path
    counted: str
    line: int

    def __str__(self) -> str:
        """As in ``'12%' (line 3 of a.csv)``."""
        return f"'{self.text}' ({self.counted} {self.line} of {self.path.name})"


@dataclass
class _Whole:
    """Whether whole numbers are, in whatever order, a, a + 1, a + 2 ..., each of them once."""

    count: int = 0
    least: int = 2**62
    greatest: int = -(2**62)
    total: int = 0
    squares: int = 0

    def add(self, values: npt.NDArray[np.int64]) -> None:
        self.count += len(values)
        self.least = min(self.least, int(values.min()))
        self.greatest = max(self.greatest, int(values.max()))
        # Of 64-bit integers the sums wrap, and so do those that they are compared with.
        self.total = (self.total + int(values.sum())) % WRAP
        self.squares = (self.squares + int((values * values).sum())) % WRAP

    @property
    def counts(self) -> bool:
        a, b = self.least, self.greatest
        if b - a + 1 != self.count or self.count < FEW_ROWS:
            return False
        squares = _squares(b) - _squares(a - 1)
        return (self.total - (a + b) * self.count // 2) % WRAP == 0 and (
            self.squares - squares
        ) % WRAP == 0


def _squares(n: int) -> int:
    return n * (n + 1) * (2 * n + 1) // 6


def _are_dates(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which numbers are a year, a month and a day, of the years 1900 to 2099."""
    month, day = values // 100 % 100, values % 100
    return np.asarray(
        (values >= 19000101) & (values < 21000000) & (values % 1 == 0)
        & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    )  # fmt: skip


@dataclass
class Profile:
    """Counts what the cells of a column are, chunk by chunk.

    Attributes:
        name: the column's.
        rows: how many cells were seen.
        distinct: different texts as they are written, up to KEPT and one chunk's more.
        low, high: of the numbers.
        codes: numbers that may stand for a missing value.
        commas: whether ``1,234`` has a decimal comma, as other columns of the table say.
    """

    name: str
    rows: int = 0
    distinct: set[str] = field(default_factory=set)
    low: float = inf
    high: float = -inf
    sorts: Counter[Sort] = field(default_factory=Counter)
    markers: Counter[str] = field(default_factory=Counter)
    first: dict[Sort, Place] = field(default_factory=dict)
    commas: bool = False
    padded: str = ""  # a number with leading zeros
    codes: FillCodes = field(default_factory=FillCodes)
    _calendar: bool = True
    _dotted: bool = False
    _whole: bool = True
    _all: _Whole = field(default_factory=_Whole)
    _parts: dict[Path, _Whole] = field(default_factory=dict)
    _rises: bool = True
    _last: tuple[Path, float] | None = None

    def add(self, cells: Cells, lines: Sequence[int], table: RowFile) -> None:
        """Take in the cells of a chunk, which stand in those lines of the file."""
        self.rows += len(cells)
        if isinstance(cells, np.ndarray):
            self._add_numbers(cells, table.path, whole=table.columns[self.name].whole)
            return
        joined = "".join(cells)
        self._dotted |= "." in joined
        if len(self.distinct) <= KEPT:
            self.distinct.update(cells)
        numbers, others = plain_numbers(cells, joined)
        if not others:
            self._add_numbers(numbers, table.path, whole=joined.replace("-", "").isdecimal())
            if not self.padded:
                self.padded = next((t for t in cells if t[0] == "0" and t[1:].isdecimal()), "")
            return
        self._rises = False
        self._add_numbers(np.delete(numbers, others), table.path, whole=False)
        for text, count in Counter([cells[i] for i in others]).items():
            sort = sort_of(text)
            self.sorts[sort] += count
            if sort == "marker":
                self.markers[text] += count
            elif sort in ("comma", "comma or thousands"):  # of numbers, if it is one of the former
                self._calendar = False
                value = cell_number(text, comma=True)
                self.low, self.high = min(self.low, value), max(self.high, value)
                self.codes.add(np.full(count, value))
            if sort not in self.first:
                line = lines[cells.index(text)]
                self.first[sort] = Place(text, table.path, table.counted, line)

    def _add_numbers(self, values: npt.NDArray[np.float64], path: Path, *, whole: bool) -> None:
        missing = int(np.isnan(values).sum())
        known = values[np.abs(values) <= LARGEST]
        self.sorts["empty"] += missing
        self.sorts["infinite"] += len(values) - missing - len(known)
        self.sorts["number"] += len(known)
        self._calendar = self._calendar and bool(_are_dates(known).all())
        self.codes.add(known)
        if len(known):
            self.low = min(self.low, float(known.min()))
            self.high = max(self.high, float(known.max()))
        self._rises = self._rises and len(known) == len(values) and self._rising(values, path)
        self._whole &= whole and len(known) == len(values) and max(-self.low, self.high) < 2**53
        if self._whole and len(values):
            integers = values.astype(np.int64)
            self._whole = bool((integers == values).all())
            self._all.add(integers)
            self._parts.setdefault(path, _Whole()).add(integers)

    def _rising(self, values: npt.NDArray[np.float64], path: Path) -> bool:
        """Whether the values rise from row to row, after those before them in the file."""
        if not len(values):
            return True
        before = self._last[1] if self._last and self._last[0] == path else -inf
        self._last = (path, float(values[-1]))
        return bool((np.diff(values, prepend=before) > 0).all())

    @property
    def filled(self) -> int:
        """Cells that are not missing, if the column is one of numbers."""
        return self.rows - self.sorts["empty"] - self.sorts["marker"]

    @property
    def comma(self) -> bool:
        """Whether it is of numbers with decimal commas."""
        commas = self.sorts["comma"] + self.sorts["comma or thousands"]
        return (
            commas > 0
            and commas + self._count(NUMBERS) == self.filled
            and not self._dotted
            and (self.sorts["comma"] > 0 or self.commas)
        )

    @property
    def numeric(self) -> bool:
        """Whether every cell is a number, missing, or one of true and false."""
        plain = self.sorts["number"] > 0 and self._count(NUMBERS) == self.filled
        return self.filled > 0 and (plain or self.comma or self.sorts["bool"] == self.filled)

    @property
    def missing(self) -> int:
        """Cells without a usable number, or, of a column of texts, without a text."""
        if self.numeric:
            return self.rows - self.filled + self.sorts["infinite"]
        return self.sorts["empty"]

    @property
    def vacant(self) -> bool:
        """Whether there is no value at all."""
        return self.filled == 0

    @property
    def counts_rows(self) -> bool:
        """Whether it is whole numbers that follow each other, in whatever order, in each file."""
        return self._whole and (
            self._all.counts
            or (len(self._parts) > 0 and all(p.counts for p in self._parts.values()))
        )

    @property
    def rises(self) -> bool:
        """Whether it rises from row to row, in each file, so that it tells their order."""
        return self.numeric and self._rises and self.rows >= FEW_ROWS

    @property
    def coarse(self) -> bool:
        """Whether 32-bit floats tell fewer than a thousand of its values apart, being so large."""
        span = self.high - self.low
        return 0 < span < 1000 * 2.0**-24 * max(abs(self.low), abs(self.high))

    @property
    def calendar(self) -> bool:
        """Whether its numbers are dates like 20240131, of more than one day."""
        return self.numeric and self._calendar and self.low < self.high

    def odd(self) -> Place | None:
        """A cell that is no number where most are numbers, however written; None if there is none.

        Where all of them are numbers written in some other way, it is one of those.
        """
        numberish = self._count(NUMBERS) + self._count(LIKE_NUMBERS)
        if self.numeric or self.vacant or 2 * numberish <= self.filled:
            return None
        for sorts in (OTHERS, LIKE_NUMBERS):
            found = next((place for sort, place in self.first.items() if sort in sorts), None)
            if found is not None:
                return found
        return None

    def numbers(self, cells: Cells) -> npt.NDArray[np.float64]:
        """The cells of a numeric column as floats; NaN where missing, infinite or too large."""
        if isinstance(cells, np.ndarray):
            return np.where(np.abs(cells) <= LARGEST, cells, np.nan)
        found, others = plain_numbers(cells, "".join(cells))
        comma = self.comma
        known: dict[str, float] = {}
        for i in others:
            text = cells[i]
            if text not in known:
                known[text] = cell_number(text, comma=comma)
            found[i] = known[text]
        return np.where(np.abs(found) <= LARGEST, found, np.nan)

    def _count(self, sorts: Sequence[Sort]) -> int:
        return sum(self.sorts[sort] for sort in sorts)
