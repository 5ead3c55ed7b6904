"""The bootstrap over seeds, for few seeds.

Two things go wrong with the plain percentile bootstrap at five seeds: its spread is too small by
sqrt((n - 1) / n), and its percentiles are those of a normal where a t distribution is due. The
*expanded* percentile interval (Hesterberg 2015, "What Teachers Should Know About the Bootstrap",
The American Statistician 69(4), section 5) mends both by moving the percentiles outwards.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from math import ceil, exp, lgamma, log, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SEED = 20210503
RESAMPLES = 4000
# Up to this many seeds the bootstrap distribution of a mean is enumerated: 6,435 resamples.
EXACT_UP_TO = 8
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A 95% interval, in the unit of what it is about."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the distance between the bounds, for writing ``mean ± half``."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Resamples:
    """Bootstrap resamples of n values.

    Attributes:
        counts: (B, n), how often each value was drawn; each row sums to n.
        probability: (B,), sums to 1.
    """

    counts: Array
    probability: Array


@cache
def resamples_of(n: int) -> Resamples:
    """All resamples of ``n`` values with their probabilities; above 8 values, 4,000 random ones.

    The exact bootstrap needs no random numbers and has no Monte Carlo error (Fisher and Hall 1991,
    "Bootstrap algorithms for small samples", J. Statistical Planning and Inference 27).

    >>> resamples_of(2).counts.tolist(), resamples_of(2).probability.round(3).tolist()
    ([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]], [0.25, 0.5, 0.25])
    """
    if n > EXACT_UP_TO:
        draws = np.random.default_rng([SEED, n]).multinomial(n, np.full(n, 1 / n), RESAMPLES)
        return Resamples(draws.astype(np.float64), np.full(RESAMPLES, 1 / RESAMPLES))
    chosen = list(combinations_with_replacement(range(n), n))
    counts = np.array([np.bincount(indices, minlength=n) for indices in chosen], dtype=np.float64)
    log_ways = [lgamma(n + 1) - sum(lgamma(c + 1) for c in row) for row in counts]
    probability = np.array([exp(ways - n * log(n)) for ways in log_ways])
    return Resamples(counts, probability / probability.sum())


def draw_counts(n: int, size: int, rng: np.random.Generator) -> Array:
    """``size`` random resamples of ``n`` values, as counts (size, n), from those enumerated."""
    table = resamples_of(n)
    chosen: Array = table.counts[rng.choice(len(table.counts), size, p=table.probability)]
    return chosen


@cache
def tail(n: int, degrees: int) -> float:
    """The lower tail to cut for an expanded 95% percentile interval.

    Args:
        n: values per resample, at least 2.
        degrees: degrees of freedom of the variance behind the statistic (n - 1 for a mean).

    With ``n`` to infinity this is 0.025; at n = 5 it is 0.001 (Hesterberg 2015, section 5).
    """
    from scipy.stats import norm, t

    quantile = float(t.ppf((1 + CONFIDENCE) / 2, degrees))
    return float(norm.cdf(-sqrt(n / (n - 1)) * quantile))


def narrowness(n: int) -> float:
    """The factor by which bootstrap deviations of a mean of ``n`` values are too small."""
    return sqrt(n / (n - 1))


def percentile(values: Array, cut: float, probability: Array | None = None) -> tuple[Array, Array]:
    """Percentiles ``cut`` and ``1 - cut`` along the last axis.

    Args:
        values: (..., B).
        cut: in (0, 0.5).
        probability: (B,), sums to 1; default: all values are equally likely.

    Returns:
        Two arrays (...,): the smallest value with at least ``cut`` of the probability at or below
        it, and its mirror image.
    """
    size = values.shape[-1]
    # A little slack, or a tail of exactly `cut` would be missed by rounding.
    if probability is None:
        at = max(ceil(cut * size - 1e-9), 1) - 1
        parted = np.partition(values, [at, size - 1 - at], axis=-1)
        return parted[..., at], parted[..., size - 1 - at]
    order = np.argsort(values, axis=-1)
    ranked = np.take_along_axis(values, order, -1)
    weight = probability[order]
    low_at = (np.cumsum(weight, -1) < cut - 1e-12).sum(-1, keepdims=True)
    high_at = (np.cumsum(weight[..., ::-1], -1) < cut - 1e-12).sum(-1, keepdims=True)
    low = np.take_along_axis(ranked, low_at, -1)[..., 0]
    high = np.take_along_axis(ranked[..., ::-1], high_at, -1)[..., 0]
    return low, high


def mean_intervals(values: Array) -> list[Interval]:
    """95% intervals for the means of many samples of one size.

    Args:
        values: (k, n), n at least 2.

    Returns:
        k expanded percentile intervals. A bootstrap interval of a mean cannot leave the range of
        the sample, so below 5 values it covers the true mean too seldom: the range of n normal
        values holds it with probability 1 - 2^(1 - n), which is 50% for two, 75% for three and
        87.5% for four. The board says so.
    """
    n = values.shape[1]
    resamples = resamples_of(n)
    means = values @ resamples.counts.T / n
    weights = resamples.probability if n <= EXACT_UP_TO else None
    low, high = percentile(means, tail(n, n - 1), weights)
    # Rounding in the product must not put a constant sample's mean outside its own interval.
    low = np.minimum(low, values.mean(1))
    high = np.maximum(high, values.mean(1))
    return [Interval(float(a), float(b)) for a, b in zip(low, high, strict=True)]
