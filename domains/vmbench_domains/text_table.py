"""Tables in plain text: of numbers between spaces, or of rows under a header."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError


def read_columns(source: Path | IO[bytes]) -> npt.NDArray[np.float32]:
    """Read a table of numbers (rows, columns); ``NaN`` is a number here.

    Raises:
        ValueError: a cell is no number, or rows differ in length.
    """
    import pandas

    frame = pandas.read_csv(source, sep=r"\s+", header=None, dtype=np.float32)
    return np.asarray(frame, np.float32)


def read_lines(path: Path) -> list[str]:
    """The lines of a publisher's list; raises :class:`UserError` where it is no text."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}; fetch it again") from error


def read_rows(
    path: Path, columns: Sequence[str], *, delimiter: str = ","
) -> Iterator[dict[str, str]]:
    """Yield the named ``columns`` of a publisher's table, row by row.

    Raises:
        UserError: it lacks a column, a row lacks a cell, or it is no text.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            lacking = [column for column in columns if column not in (reader.fieldnames or ())]
            if lacking:
                raise UserError(
                    f"{path} has no column '{lacking[0]}': it is not the publisher's, or damaged"
                )
            for row in reader:
                if any(row[column] is None for column in columns):
                    raise UserError(f"{path}, line {reader.line_num}, is cut short: fetch it again")
                yield {column: row[column] for column in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read: {error}; fetch it again") from error
