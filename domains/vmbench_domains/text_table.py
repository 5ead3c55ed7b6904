"""Plain tables of numbers between spaces, without a header."""

from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt


def read_columns(source: Path | IO[bytes]) -> npt.NDArray[np.float32]:
    """Read a table of numbers (rows, columns); ``NaN`` is a number here.

    Raises:
        ValueError: a cell is no number, or rows differ in length.
    """
    import pandas

    frame = pandas.read_csv(source, sep=r"\s+", header=None, dtype=np.float32)
    return np.asarray(frame, np.float32)
