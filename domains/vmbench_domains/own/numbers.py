"""What one cell of text is: a number, a missing value, a date, or a text."""

import re
from collections.abc import Sequence
from functools import lru_cache
from math import isinf, nan
from typing import Literal

import numpy as np
import numpy.typing as npt

Sort = Literal[
    "empty", "marker", "number", "infinite", "comma", "comma or thousands", "like a number", "time",
    "bool", "text",
]  # fmt: skip

# How programs write that a number is missing; pandas' list, and those of R, Weka, SAS and SPSS.
MARKERS = frozenset({
    "?", "na", "n/a", "#n/a", "#na", "nan", "-nan", "null", "none", "<na>", "-", "--", ".", "nil",
    "missing", "(null)", "1.#qnan", "-1.#ind", "1.#ind", "-1.#qnan",
})  # fmt: skip
LARGEST = 3.4028234e38  # of a 32-bit float
COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
UNIT = r"[A-Za-zµμ°Ω/²³]{1,4}"
# A currency, groups of digits, a percent sign, bounds; a unit; an accountant's minus; hexadecimal.
LIKE_NUMBER = re.compile(
    r"[<>~≤≥]?\s*[$€£¥]?\s*[+\-\u2212\u2013]?\s*\d[\d.,'_\s\u00a0\u202f]*(?:[eEdD][+-]?\d+)?\s*(?:%|[$€£¥]|‰)?"
    rf"|[+-]?\d[\d.,]*\s+{UNIT}|[+-]?\d+[.,]\d+{UNIT}"
    r"|\(\d[\d.,]*\)|[+-]?0[xX][0-9a-fA-F]+"
)
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp][Mm])?(?:\s?(?:Z|[+-]\d{2}:?\d{2}))?"
DAY_NAME = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
NTH = r"\d{1,2}(?:st|nd|rd|th|\.)?"
YEAR = r"(?:\d{4}|'?\d{2})"
DATE = (
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}|"
    rf"{NTH}[-/ ]*{MONTH}[-/, ]*{YEAR}|{MONTH}[-/ ]*{NTH},?[-/ ]+{YEAR}|"
    rf"\d{{4}}[-/ ]*{MONTH}[-/ ]*\d{{1,2}}"
)
# The last is what C's ctime writes, and Unix's date.
TIME = re.compile(
    rf"(?:{DAY_NAME},?\s+)?(?:{DATE})(?:[T:, ]+{CLOCK})?|{CLOCK}|"
    rf"(?:{DAY_NAME}\s+)?{MONTH}\s+\d{{1,2}}\s+{CLOCK}(?:\s+[a-z]{{3,4}})?\s+\d{{4}}",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def sort_of(text: str) -> Sort:
    """What a cell without blanks around it is.

    >>> [sort_of(text) for text in ("", "NA", "1e3", "-inf", "1e400", "0,5", "1,234", "12%")]
    ['empty', 'marker', 'number', 'infinite', 'infinite', 'comma', 'comma or thousands', \
'like a number']
    >>> [sort_of(text) for text in ("2024-01-31 12:00", "31.12.24", "True", "cat", "1_0", "5-10")]
    ['time', 'time', 'bool', 'text', 'like a number', 'text']
    >>> [sort_of(t) for t in ("12 Jan 2024", "Jan 12, 2024 1:02 PM", "12JAN24:00:00:01", "may 12")]
    ['time', 'time', 'time', 'text']
    """
    if not text:
        return "empty"
    value = to_number(text)
    if value is not None:
        return "infinite" if abs(value) > LARGEST else "number"
    lower = text.lower()
    if lower in MARKERS:
        return "marker"
    if lower in ("true", "false"):
        return "bool"
    if COMMA.fullmatch(text):
        return "comma or thousands" if THOUSANDS.fullmatch(text) else "comma"
    if TIME.fullmatch(text):
        return "time"
    return "like a number" if LIKE_NUMBER.fullmatch(text) else "text"


def to_number(text: str) -> float | None:
    """The number that a text is, infinity included; None where it is none, or says ``nan``."""
    try:
        value = float(text)
    except ValueError:
        return None
    return None if value != value or "_" in text else value


def cell_number(text: str, *, comma: bool = False) -> float:
    """A cell of a column of numbers; NaN where it is missing or no finite 32-bit float.

    >>> cell_number("0,5", comma=True), cell_number("True"), cell_number("?"), cell_number("inf")
    (0.5, 1.0, nan, nan)
    """
    value = to_number(text.replace(",", ".") if comma else text)
    if value is None:
        return {"true": 1.0, "false": 0.0}.get(text.lower(), nan)
    return nan if isinf(value) or abs(value) > LARGEST else value


def plain_numbers(cells: Sequence[str], joined: str) -> tuple[npt.NDArray[np.float64], list[int]]:
    """The cells as floats, and the positions of those that are no number (NaN there).

    Args:
        cells: of one column.
        joined: all of them, one after the other.

    >>> plain_numbers(["1", "nan", "1_0", ""], "1nan1_0")[1]
    [1, 2, 3]
    """
    found: list[float] = []
    for text in cells:
        try:
            found.append(float(text))
        except ValueError:
            found.append(nan)
    numbers = np.array(found, np.float64)
    if "_" in joined:  # which Python takes for a separator of digits
        numbers[[i for i, text in enumerate(cells) if "_" in text]] = nan
    return numbers, np.flatnonzero(np.isnan(numbers)).tolist()
