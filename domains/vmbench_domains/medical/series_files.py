"""Files of labelled series, a series a line: the UCR archive's text files and ``.ts``.

The archive's own text files (``.tsv``, ``.txt``) hold a label and then samples; ``.ts``, of aeon
and sktime, has a header and the label at the end, and a colon between channels:
https://www.aeon-toolkit.org/en/stable/api_reference/data_format.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError

SHORTEST = 8  # samples; the networks need as much
SEPARATORS = ("\t", ";", ",")  # and else blanks
SUFFIXES = (".tsv", ".txt", ".csv", ".ts")  # the first that is there is read
FLAGS = ("timestamps", "univariate", "equallength", "classlabel", "targetlabel", "missing")


@dataclass(frozen=True)
class Series:
    """One line: its number, its label as text and its samples (channels, T)."""

    line: int
    label: str
    samples: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Broken:
    """One line that cannot be read, and why."""

    line: int
    cause: str


def read_series(path: Path) -> Iterator[Series | Broken]:
    """Every line that is to hold a series; all have the shape of the first that can be read.

    Raises:
        UserError: the file as a whole is of a kind that is not read.
    """
    shape: tuple[int, ...] | None = None
    parse = _parse_ts if path.suffix.lower() == ".ts" else _Columns(path).parse
    for line, text in _data_lines(path):
        try:
            label, samples = parse(text)
            if label.strip().lower() in ("", "?", "nan"):
                raise ValueError("its label is missing")
            if samples.shape[1] < SHORTEST:
                raise ValueError(f"a label and {_size(samples.shape)}; {SHORTEST} are wanted")
            if shape is not None and samples.shape != shape:
                raise ValueError(
                    f"{_size(samples.shape)}, not {_size(shape)} as in the lines above"
                )
            if not np.isfinite(samples).all():
                raise ValueError("a value is missing; series of equal length are read")
        except ValueError as error:
            yield Broken(line, str(error))
            continue
        shape = samples.shape
        yield Series(line, label, samples)


def count_series(path: Path) -> int:
    """Lines that are to hold a series."""
    return sum(1 for _ in _data_lines(path))


def canonical(label: str) -> str:
    """One spelling of a label: ``1``, ``1.0`` and ``1.0000000e+00`` are one class.

    >>> [canonical(label) for label in ("1.0000000e+00", " -1 ", "normal", "0.5")]
    ['1', '-1', 'normal', '0.5']
    """
    label = label.strip().strip("\"'")
    value = number(label)
    if value is None:
        return label
    return str(int(value)) if value.is_integer() else f"{value:g}"


def number(label: str) -> float | None:
    """The finite number that a label is, or None."""
    try:
        value = float(label)
    except ValueError:
        return None
    return value if isfinite(value) and "_" not in label else None


def _size(shape: tuple[int, ...]) -> str:
    channels, length = shape
    return f"{length} samples" + (f" of {channels} channels" if channels > 1 else "")


def _data_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, comments or header, with their numbers."""
    header = path.suffix.lower() == ".ts"
    try:
        with path.open(encoding="utf-8-sig", errors="strict") as file:
            for number, line in enumerate(file, start=1):
                text = line.strip("\r\n")  # a tab in front of a value says that no label is
                if not text.strip() or text.startswith("#"):
                    continue
                if header:
                    header = not _is_data(text.strip(), path, number)
                else:
                    yield number, text
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}; it is to be text in UTF-8") from error
    if header:
        raise UserError(f"{path} has no line @data: it is no .ts file, or is cut short")


def _is_data(text: str, path: Path, number: int) -> bool:
    """Whether a line of the header ends it; refuses what the header says is not read."""
    name, _, value = text.lstrip("@").partition(" ")
    name, value = name.lower(), value.strip().lower()
    if not text.startswith("@"):
        raise UserError(f"{path}, line {number}: a header line starts with @: {text[:40]!r}")
    said = value.partition(" ")[0]
    if name in FLAGS and said not in ("true", "false"):
        raise UserError(f"{path}, line {number}: @{name} is true or false, not {said!r}")
    refused = {
        ("timestamps", "true"): "time stamps beside values are not read: save values alone",
        ("equallength", "false"): "series of different lengths are not read: cut or pad them",
        ("targetlabel", "true"): "numbers to predict are not read: @classLabel true, and classes",
        ("classlabel", "false"): "it holds no labels, which a task needs",
    }
    if (name, said) in refused:
        raise UserError(f"{path}, line {number}: {refused[name, said]}")
    return name == "data"


def _parse_ts(text: str) -> tuple[str, npt.NDArray[np.float32]]:
    *channels, label = text.split(":")
    if not channels or not label.strip():
        raise ValueError("no label behind a colon at its end")
    rows = [_numbers(channel.split(",")) for channel in channels]
    if len({len(row) for row in rows}) > 1:
        raise ValueError("its channels differ in length")
    return label, np.stack(rows)


class _Columns:
    """Text files: the first line's separator is everybody's, as a comma may be a decimal's."""

    def __init__(self, path: Path) -> None:
        first = next((text for _, text in _data_lines(path)), "")
        self.separator = next((each for each in SEPARATORS if each in first), None)

    def parse(self, text: str) -> tuple[str, npt.NDArray[np.float32]]:
        label, *values = text.split(self.separator)
        return label, _numbers(values)[None]


def _numbers(fields: list[str]) -> npt.NDArray[np.float32]:
    return np.array([field.strip() for field in fields], np.float32)
