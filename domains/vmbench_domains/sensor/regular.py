"""Stretches of a signal on a regular grid of time: gaps filled or cut, irregular steps, rates."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from vmbench_domains.sensor.clock import Seconds
from vmbench_domains.sensor.recordings import Signal, runs


def unbroken(signal: Signal, longest: int) -> Iterator[tuple[int, int]]:
    """Start and stop of the parts of ``signal`` whose gaps are not too long to be filled.

    Args:
        signal: (channels, T), NaN where a value is missing.
        longest: samples that may be missing in a row in a channel.

    >>> gappy = np.array([[1, np.nan, 3, np.nan, np.nan, 6, 7]], np.float32)
    >>> list(unbroken(gappy, 1)), list(unbroken(gappy, 2))
    ([(0, 3), (5, 7)], [(0, 7)])
    """
    lost = np.zeros(signal.shape[1], np.bool_)
    for absent in np.isnan(signal):
        for start, stop in runs(absent):
            if absent[start] and stop - start > longest:
                lost[start:stop] = True
    yield from ((start, stop) for start, stop in runs(lost) if not lost[start])


def on_grid(signal: Signal, seconds: Seconds, period: float) -> Signal:
    """``signal`` (channels, T) at every ``period`` from its first sample on, linearly interpolated.

    Args:
        signal: without NaN.
        seconds: when each sample was taken, (T,); a step back counts as none.
        period: seconds.

    >>> on_grid(np.array([[0, 1, 3]], np.float32), np.array([0.0, 0.1, 0.3]), 0.1).tolist()
    [[0.0, 1.0, 2.0, 3.0]]
    """
    taken = np.maximum.accumulate(seconds)
    count = int((taken[-1] - taken[0]) / period + 0.5) + 1
    grid = taken[0] + period * np.arange(count)
    return np.stack([np.interp(grid, taken, channel) for channel in signal]).astype(np.float32)


def at_rate(signal: Signal, rate: float, to: float) -> Signal:
    """``signal`` (channels, T) at ``rate`` Hz -> (channels, about T * to / rate) at ``to`` Hz.

    A polyphase filter, so that nothing above half the lower rate folds back; the signal goes on
    along a line at its ends.
    """
    from scipy.signal import resample_poly

    factor = Fraction(to / rate).limit_denominator(1000)
    if factor == 1 or signal.shape[1] < 2:
        return signal
    resampled = resample_poly(
        signal.astype(np.float64), factor.numerator, factor.denominator, axis=1, padtype="line"
    )
    return np.asarray(resampled, np.float32)
