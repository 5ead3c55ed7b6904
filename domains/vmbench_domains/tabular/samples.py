"""Tiny tables in the publishers' formats, for tests without a network."""

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt


def write_numbers(
    path: Path, columns: list[npt.NDArray[np.generic]], fmt: str | list[str] = "%d"
) -> None:
    """Write rows of numbers between commas, without a header, gzipped if the name says so.

    Args:
        path: the file.
        columns: (N,) or (N, k) each, side by side.
        fmt: of a number, as numpy's.
    """
    table = np.column_stack(columns)
    if path.suffix == ".gz":
        with gzip.open(path, "wt") as file:
            np.savetxt(file, table, fmt=fmt, delimiter=",")
    else:
        np.savetxt(path, table, fmt=fmt, delimiter=",")


# Rows of the published file but for their age, of either class; in the second, values are missing.
POOR = (
    "{age}, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, "
    "Male, 2174, 0, 40, United-States, <=50K"
)
RICH = (
    "{age}, ?, 180211, Some-college, 10, Married-civ-spouse, ?, Husband, Asian-Pac-Islander, "
    "Male, 0, 0, 60, South, >50K"
)


def write_adult(data: Path, test: Path) -> None:
    """Write ten rows of either class and one of each, their ages from 20 on, as published."""
    poor, rich = ([row.format(age=age) for age in range(20, 31)] for row in (POOR, RICH))
    data.write_text("\n".join(poor[:10] + rich[:10]) + "\n\n")
    # The test file has a comment above, and a full stop behind each label.
    test.write_text(f"|1x3 Cross validator\n{poor[10]}.\n{rich[10]}.\n\n")
