"""How far a mean of runs may be off: the noise of seeds and of test data.

The model of a value is ``y[seed, unit] = mean + seed effect + unit effect + rest``: seeds and the
independent units of the test split (examples, or the people, animals ... that they come from) are
both drawn at random, and a board is about what other seeds and other units would give. All methods
are tested on the same units and a run is scored on all tasks of its domain, so rows and tasks are
not independent: each estimate is kept as its contributions per seed and per unit, and a difference
of two rows is the difference of their contributions.

The variance is that of two-way clustering, seeds + units - (seed and unit), each with its small
sample factor (Cameron, Gelbach and Miller 2011, "Robust Inference With Multiway Clustering", J.
Business & Economic Statistics 29(2)). Three seeds or three people are two degrees of freedom, and a
normal interval would be half as wide as it should be: within each kind the degrees are
Satterthwaite's (1946, "An Approximate Distribution of Estimates of Variance Components", Biometrics
Bulletin 2(6)), and the half-widths of the two t intervals add up in squares (Zou and Donner 2008,
"Construction of confidence limits about effect measures", Statistics in Medicine 27(10)).
``benchmarks/coverage.py`` simulates how often the intervals hold the truth.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# What an interval covers: nothing else is in its width.
Covers = Literal["seeds and test", "seeds", "test"]

SEED = 20210503
CONFIDENCE = 0.95
# Of a variance that is known, or of none: Student's t is a normal.
MOST_DEGREES = 1e9


@dataclass(frozen=True)
class Interval:
    """A 95% interval, in the unit of what it is about."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the distance between the bounds, for writing ``mean ± half``."""
        return (self.high - self.low) / 2


def quantile(degrees: Array) -> Array:
    """Standard errors on each side of a 95% interval."""
    from scipy.stats import t

    return np.asarray(t.ppf((1 + CONFIDENCE) / 2, degrees), dtype=np.float64)


@dataclass(frozen=True)
class Sample:
    """What K rows did on one task.

    Attributes:
        values: (K, S), NaN where a row lacks the seed; each row has at least one.
        units: (K, S, G), the mean of each test unit, NaN likewise; ``None`` where it is not known,
            or where test is a single unit and nothing tells its noise.
        shares: (G,), the units' shares of the test examples, which sum to 1.
    """

    values: Array
    units: Array | None = None
    shares: Array | None = None

    @cached_property
    def seeds(self) -> Array:
        """(K,), the number of seeds of each row."""
        counts: Array = (~np.isnan(self.values)).sum(1).astype(np.float64)
        return counts

    @cached_property
    def means(self) -> Array:
        """(K,), over seeds."""
        means: Array = np.nanmean(self.values, axis=1)
        return means

    @property
    def of_seeds(self) -> Array:
        """(K, S): contributions of seeds to the means; their squares sum to an unbiased variance.

        Zero where a row has one seed: what a seed does is then not known.
        """
        return np.nan_to_num(self.values - self.means[:, None]) * self._per_seed[:, None]

    @property
    def of_units(self) -> Array:
        """(K, G): contributions of test units to the means."""
        assert self.units is not None
        assert self.shares is not None
        means = np.nanmean(self.units, axis=1) - self.means[:, None]
        result: Array = means * (self.shares * self._fewness)
        return result

    @property
    def of_both(self) -> Array:
        """(K, S, G): of single seeds on single units, which both of the above count."""
        assert self.units is not None
        assert self.shares is not None
        rest = self.units - np.nanmean(self.units, axis=1, keepdims=True)
        rest -= (self.values - self.means[:, None])[:, :, None]
        result: Array = np.nan_to_num(rest) * self._per_seed[:, None, None]
        result *= self.shares * self._fewness
        return result

    @property
    def unit_degrees(self) -> float:
        """Degrees of freedom of the units: their effective number (Kish 1965) less one."""
        assert self.shares is not None
        return max(float(1 / (self.shares**2).sum()) - 1, 1.0)

    @property
    def _per_seed(self) -> Array:
        """1 / sqrt(S (S - 1)), zero for one seed."""
        return np.divide(1, np.sqrt(self.seeds * (self.seeds - 1)), where=self.seeds > 1,
                         out=np.zeros_like(self.seeds))  # fmt: skip

    @property
    def _fewness(self) -> float:
        """sqrt(G / (G - 1)) for equal units: deviations are from a mean of the units themselves."""
        assert self.shares is not None
        squares = self.shares**2
        left = squares * (1 - 2 * self.shares + squares.sum())
        return float(np.sqrt(squares.sum() / left.sum()))


@dataclass(frozen=True)
class Term:
    """What one task gives to R estimates.

    Attributes:
        domain: names the runs: those of a domain are scored on all of its tasks, so the samples
            of a domain have the same seeds as columns.
        task: names the test units.
        sample: of K rows.
        weights: (R, K), of the rows' means in each estimate.
    """

    domain: str
    task: str
    sample: Sample
    weights: Array


@dataclass(frozen=True)
class _Source:
    """One independent source of noise: contributions (R, C), and their degrees (R,)."""

    name: str
    noise: Array
    degrees: Array


class Estimates:
    """R estimates, each a linear combination of the means of rows on tasks."""

    def __init__(self, terms: Sequence[Term]) -> None:
        """Combine what was measured on each task, one at least."""
        size = len(terms[0].weights)
        self._seeds: dict[str, _Source] = {}
        self._units: list[_Source] = []
        self._both: list[Array] = []
        self._seeds_known, self._units_known = np.ones(size, bool), np.ones(size, bool)
        # Made of nothing: a yardstick that is measured by itself.
        self.exact = np.ones(size, bool)
        for term in terms:
            sample, used = term.sample, term.weights != 0
            free = np.where(used & (sample.seeds > 1), sample.seeds - 1, MOST_DEGREES).min(1)
            noise = term.weights @ sample.of_seeds
            if term.domain in self._seeds:
                others = self._seeds[term.domain]
                noise, free = others.noise + noise, np.minimum(others.degrees, free)
            self._seeds[term.domain] = _Source(term.domain, noise, free)
            self._seeds_known &= ~(used & (sample.seeds < 2)).any(1)
            self._units_known &= ~used.any(1) | (sample.units is not None)
            self.exact &= ~used.any(1)
            if sample.units is not None:
                free = np.full(size, sample.unit_degrees)
                self._units.append(_Source(term.task, term.weights @ sample.of_units, free))
                self._both.append(term.weights @ sample.of_both.reshape(len(sample.values), -1))

    @property
    def covers(self) -> list[Covers | None]:
        """What the interval of each estimate covers.

        ``None`` where nothing tells its noise, and for a yardstick measured by itself, which has
        none. ``test`` also where some of the runs behind an estimate have one seed.
        """
        names: dict[tuple[bool, bool], Covers] = {
            (True, True): "seeds and test",
            (True, False): "seeds",
            (False, True): "test",
        }
        known = zip(self._seeds_known.tolist(), self._units_known.tolist(), strict=True)
        return [
            None if exact else names.get(pair)
            for exact, pair in zip(self.exact, known, strict=True)
        ]

    def errors(self) -> tuple[Array, Array]:
        """Standard errors (R,) and degrees of freedom (R,)."""
        return self._combine(_squares, lambda degrees: degrees)

    def errors_of_differences(self) -> tuple[Array, Array]:
        """Standard errors (R, R) of estimate i minus j, and degrees of freedom."""
        return self._combine(_distances, lambda degrees: np.minimum.outer(degrees, degrees))

    def intervals(self, points: Array) -> list[Interval | None]:
        """95% intervals around ``points`` (R,), ``None`` where ``covers`` is."""
        errors, degrees = self.errors()
        widths = errors * quantile(degrees)
        return [
            Interval(float(point - width), float(point + width)) if covers else None
            for point, width, covers in zip(points, widths, self.covers, strict=True)
        ]

    def draws(self, points: Array, size: int) -> Array:
        """Replicates (R, size): multivariate t around ``points``, with the fewest degrees.

        Seeds and units of one name are drawn alike for all that share them, also in another call.
        What is counted twice is not taken off: they scatter a little more than :meth:`errors`.
        """
        replicates = np.zeros((len(points), size))
        for source in (*self._seeds.values(), *self._units):
            rng = np.random.default_rng([SEED, crc32(source.name.encode())])
            replicates += source.noise @ rng.standard_normal((source.noise.shape[1], size))
        fewest = float(self.errors()[1].min())
        replicates *= np.sqrt(fewest / np.random.default_rng(SEED).chisquare(fewest, size))
        return points[:, None] + replicates

    def _combine(
        self, squared: Callable[[Array], Array], spread: Callable[[Array], Array]
    ) -> tuple[Array, Array]:
        zero = squared(np.zeros((len(self.exact), 1)))

        def pooled(sources: Iterable[_Source]) -> tuple[Array, Array]:
            """The sum of independent variances and Satterthwaite's degrees of freedom."""
            total, spent = zero, zero
            for source in sources:
                part = squared(source.noise)
                total, spent = total + part, spent + part**2 / spread(source.degrees)
            return total, np.divide(total**2, spent, where=spent > 0, out=zero + MOST_DEGREES)

        of_seeds, seed_degrees = pooled(self._seeds.values())
        of_units, unit_degrees = pooled(self._units)
        of_both = sum((squared(noise) for noise in self._both), zero)
        # What seeds do to all units alike. The variance over few seeds is often small by luck; what
        # is counted twice is taken off as far as its lower quartile would hold it.
        of_seeds = np.maximum(of_seeds - of_both * _lower_quartile(seed_degrees), 0)
        variance = of_seeds + of_units
        wide = of_seeds * quantile(seed_degrees) ** 2 + of_units * quantile(unit_degrees) ** 2
        ratio = np.sqrt(np.divide(wide, variance, where=variance > 0, out=zero))
        return np.sqrt(variance), _degrees_of(ratio)


def _lower_quartile(degrees: Array) -> Array:
    """Of an estimated variance, as a part of the true one: 0.29 for 2 degrees, 0.48 for 4."""
    from scipy.stats import chi2

    return np.asarray(chi2.ppf(0.25, degrees) / degrees, dtype=np.float64)


def _degrees_of(ratio: Array) -> Array:
    """The degrees of freedom whose t quantile ``ratio`` is; the most for a smaller one."""
    grid = np.geomspace(1, MOST_DEGREES, 2000)
    result: Array = np.interp(ratio, quantile(grid)[::-1], grid[::-1])
    return result


def _squares(noise: Array) -> Array:
    result: Array = (noise**2).sum(1)
    return result


def _distances(noise: Array) -> Array:
    """Squared distances between the rows of ``noise``, (R, R)."""
    products = noise @ noise.T
    own = np.diag(products)
    # Rounding must not leave a row at a distance from itself.
    result: Array = np.maximum(own[:, None] + own - 2 * products, 0)
    np.fill_diagonal(result, 0)
    return result
