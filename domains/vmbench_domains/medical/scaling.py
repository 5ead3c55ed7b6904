"""What the numbers of an image array stand for: its type and range say it, or it is refused."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError

Array = npt.NDArray[np.generic]
TOLERANCE = 1e-6  # of floats that were computed to be in 0..1


@dataclass(frozen=True)
class Range:
    """Type, least and greatest value of all images of a file.

    Attributes:
        dtype: of all arrays.
        finite: whether no value is NaN or infinite.
    """

    dtype: np.dtype[np.generic]
    low: float
    high: float
    finite: bool

    @classmethod
    def of(cls, array: Array) -> "Range":
        """From one array of numbers or bools with at least one value."""
        numbers = array.astype(np.uint8) if array.dtype == np.bool_ else array
        finite = bool(np.isfinite(numbers).all())
        low, high = (float(f(numbers)) for f in (np.min, np.max)) if finite else (np.nan, np.nan)
        return cls(array.dtype, low, high, finite)

    def join(self, other: "Range") -> "Range":
        """The range of both."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Range(self.dtype, low, high, self.finite and other.finite)


@dataclass(frozen=True)
class Scale:
    """What values are divided by to lie in 0..1, and what is to be said of it, if anything."""

    divisor: float
    remark: str = ""

    def apply(self, image: Array) -> npt.NDArray[np.float32]:
        """An image of the array in 0..1, float32."""
        values = image.astype(np.float32)
        # By 1: what rounding left outside by TOLERANCE.
        return values.clip(0, 1) if self.divisor == 1 else values / np.float32(self.divisor)


def scale_of(found: Range, where: str) -> Scale:
    """The scale for images of this type and range.

    bool is 0 and 1. Bytes are divided by 255, unsigned numbers of 16 bits by 65,535; both only if
    they use a quarter of that at least, as smaller numbers in them mean something else. Other whole
    numbers, and floats beyond 1, are bytes in another type if they lie in 0..255 and pass 63.
    Floats in 0..1 are taken as they are.

    Args:
        found: of all images of the file.
        where: for messages.

    Raises:
        UserError: for every other type and range, with the range and the mend.
    """
    kind, low, high = found.dtype.kind, found.low, found.high
    span = f"{where} are {found.dtype} from {low:g} to {high:g}"
    if kind not in "buif":
        raise UserError(
            f"{where} are of type {found.dtype}: save numbers, e.g. uint8 (nothing is unpickled)"
        )
    if not found.finite:
        raise UserError(f"{where} hold NaN or infinite values: fill or drop those images")
    if kind == "b":
        return Scale(1)
    if found.dtype == np.uint8:
        if high < 64:
            raise UserError(f"{span}: what is white? Save it as 255, or as floats where it is 1")
        return Scale(255)
    if found.dtype == np.uint16 and high >= 1 << 14:
        return Scale(65535, f"images of 16 bits: divided by 65535 (greatest value {high:g})")
    if kind == "f" and low >= -TOLERANCE and high <= 1 + TOLERANCE:
        if high <= 1 / 255:
            raise UserError(f"{span}: divided by 255 twice? Save them so that white is 1")
        return Scale(1)
    if low >= 0 and 64 <= high <= 255:
        return Scale(255, f"images of type {found.dtype} in 0..255: divided by 255")
    raise UserError(
        f"{span}: what is black and what is white? Save uint8, uint16 up to 65535, or floats in "
        f"0..1" + (", e.g. (x + 1) / 2" if -1 - TOLERANCE <= low < 0 and high <= 1 else "")
    )
