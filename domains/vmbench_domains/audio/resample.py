"""Resampling by a rational factor, with the filter designed once."""

from functools import cache
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt


def resample(clip: npt.NDArray[np.float32], rate: int, to: int) -> npt.NDArray[np.float32]:
    """``clip`` (T,) at ``rate`` Hz -> (about T * to / rate,) at ``to`` Hz."""
    from scipy.signal import resample_poly

    if rate == to:
        return clip
    up, down = to // gcd(to, rate), rate // gcd(to, rate)
    taps: Any = anti_aliasing(max(up, down))  # which scipy's stubs do not know of
    return resample_poly(clip, up, down, window=taps).astype(np.float32, copy=False)


@cache
def anti_aliasing(factor: int) -> npt.NDArray[np.float32]:
    """The low-pass filter for the larger factor; designing it for each clip would take longest."""
    from scipy.signal import firwin

    return firwin(20 * factor + 1, 1 / factor, window=("kaiser", 5.0)).astype(np.float32)
