"""What a file of rows offers to its reader: named columns, and their cells in chunks.

A cell is a text, empty where nothing is written, or a number, NaN where it is missing. Nothing is
guessed here: whether a column of texts holds numbers is decided over all of it
(:mod:`vmbench_domains.own.profile`), never chunk by chunk.
"""

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import whitespace
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

BLANKS = whitespace + "\u00a0\u200b\u200c\u200d\u2060\ufeff"  # those without a width, too
Cells = list[str] | npt.NDArray[np.float64]
# "open": texts that may be numbers; "text": texts by the file's own word; "time": dates or times;
# "other": lists, bytes and what else is no cell.
ColumnKind = Literal["open", "text", "number", "time", "other"]


@dataclass(frozen=True)
class Column:
    """A column of a file.

    Attributes:
        name: without blanks around it; unique in its file.
        kind: what the file says of its cells.
        stored: the file's word for that, for messages.
        whole: whether the file says that they are whole numbers.
    """

    name: str
    kind: ColumnKind
    stored: str = "text"
    whole: bool = False


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows: cells by column, and where each row stands in its file."""

    cells: dict[str, Cells]
    lines: Sequence[int]


class RowFile(ABC):
    """A file of rows.

    Attributes:
        path: where it is.
        columns: by name, in the file's order.
        doubled: names that more than one column has; all but the first got a number.
        remarks: what was mended while reading, and must be said.
    """

    counted: ClassVar[str] = "line"  # what Chunk.lines counts, for messages

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: dict[str, Column] = {}
        self.doubled: list[str] = []
        self.remarks: list[str] = []

    @abstractmethod
    def chunks(self, names: Sequence[str], texts: Collection[str], rows: int) -> Iterator[Chunk]:
        """Some columns, in chunks of up to ``rows`` rows; those of ``texts`` as texts anyhow.

        Raises:
            ValueError: a row cannot be read; says which line and why.
            OSError: the file cannot be read.
        """

    def name_columns(self, written: Sequence[str]) -> list[str]:
        """Unique names for what the header says; what had to be changed becomes a remark."""
        bare = [unicodedata.normalize("NFC", name).strip(BLANKS) for name in written]
        padded = [b for b, w in zip(bare, written, strict=True) if w != w.strip(BLANKS) and b]
        if padded:
            self.remarks.append(f"names of columns without the blanks around: {', '.join(padded)}")
        names: dict[str, None] = {}
        taken = set(bare)
        for place, name in enumerate(bare, start=1):
            unique, again = name or f"column {place}", 1
            while unique in names or (again > 1 and unique in taken):
                unique, again = f"{name}.{again}", again + 1
            if name and name in names:
                self.doubled.append(name)
                self.remarks.append(f"two columns are called '{name}': the later is '{unique}'")
            names[unique] = None
        return list(names)


def cell_text(value: Any) -> str:
    """A cell as text; empty if missing, and 1.0 as 1: a gap turns whole numbers into floats.

    >>> [cell_text(value) for value in (1.0, float("nan"), None, " a ", 0.5, "2.0", "01")]
    ['1', '', '', 'a', '0.5', '2', '01']
    """
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return one_text(str(value))


WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))\.0+")


def one_text(text: str) -> str:
    """How a name (a class, a subject) is written, whoever wrote it.

    Without blanks around it, letters and their accents as one character (Unicode's NFC), and a
    whole number without its decimals.
    """
    bare = text.strip()
    if not bare.isascii():
        return unicodedata.normalize("NFC", bare)
    if bare.endswith("0") and (whole := WHOLE.fullmatch(bare)):
        return whole[1]
    return bare
