"""Numbers that stand for a missing value: ``-999`` and the like, found where they lie far off."""

from collections import Counter
from math import inf

import numpy as np
import numpy.typing as npt

# Of questionnaires and loggers (9, 99, -999 ...), well logs (-999.25) and climate files (1e20, and
# netCDF's default), and the ends of the integers of 16 and 32 bits.
NINES = [9.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, 99.9, 999.9, 9999.9, 999.25, 999.99]
CODES = np.array(
    [*NINES, *(-nine for nine in NINES), -1, -32768, 32767, 65535, -(2**31), 2**31 - 1,
     1e20, -1e20, 1e30, -1e30, 9.969209968386869e36],
    np.float32,
)  # fmt: skip
LIKE_CODES = "used as numbers, though far from all others and like codes of a missing value"
FEW_VALUES = 10  # that a code lies far from so few says little


class FillCodes:
    """Counts the codes among a column's numbers, chunk by chunk, and the range of all others.

    >>> codes = FillCodes()
    >>> codes.add(np.array([*range(20, 80), 999.0, 999, 99]))
    >>> codes.far()
    {999.0: 2}
    """

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()
        self._others = 0
        self._low, self._high = inf, -inf

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """Take in numbers that are finite 32-bit floats."""
        coded = np.isin(values.astype(np.float32), CODES)
        self._counts.update(values[coded].tolist())
        others = values[~coded]
        self._others += len(others)
        if len(others):
            self._low = min(self._low, float(others.min()))
            self._high = max(self._high, float(others.max()))

    def far(self) -> dict[float, int]:
        """Codes further from all other numbers than these are from each other, and how often."""
        span = self._high - self._low
        if self._others < FEW_VALUES or span <= 0:
            return {}
        return {
            code: count
            for code, count in sorted(self._counts.items())
            if code < self._low - span or code > self._high + span
        }

    def __str__(self) -> str:
        """As in ``-999 (12 times)``; empty where there is none."""
        return ", ".join(f"{code:.6g} ({count} times)" for code, count in self.far().items())
