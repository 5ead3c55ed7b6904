"""One number per row: its place between floor and ceiling, averaged over tasks.

Source: the interquartile mean over tasks of Agarwal et al. 2021, "Deep RL at the Edge of the
Statistical Precipice", section 4.3, here of the tasks' means over seeds: seeds are noise, which
the interval is about, and tasks are what a score sums up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vmbench_leaderboard.statistics.sampling import Array, Estimates, Sample, Term

# A task counts towards a score where ceiling minus floor exceeds so many of its standard errors.
# The unit of the score is then known to a quarter (and the ratio's bias, 1 / 4^2, to 6%), the
# derivatives below hold, and a task whose ceiling is at its floor is let in by chance once in 35
# at three seeds (t with 2 degrees of freedom) and once in 120 at five.
LEAST_GAIN = 4.0


@dataclass(frozen=True)
class Scaled:
    """A task that counts.

    Attributes:
        domain: as in :class:`~vmbench_leaderboard.statistics.sampling.Term`.
        task: likewise.
        sample: of all rows with a run on the task.
        rows: (R,), the place of each scored row among them.
        floor: the place of the row that is 0.
        ceiling: the place of the row that is 1.
    """

    domain: str
    task: str
    sample: Sample
    rows: Sequence[int]
    floor: int
    ceiling: int

    @property
    def gain(self) -> float:
        """Ceiling minus floor."""
        return float(self.sample.means[self.ceiling] - self.sample.means[self.floor])

    @property
    def normalised(self) -> Array:
        """(R,): the rows' means, 0 at the floor and 1 at the ceiling."""
        means = self.sample.means
        result: Array = (means[list(self.rows)] - means[self.floor]) / self.gain
        return result


def gain_error(sample: Sample, floor: int, ceiling: int) -> float | None:
    """Standard error of ceiling minus floor, in the metric's unit; ``None`` if nothing tells it.

    Over test units and seeds, paired: both read the same test data.
    """
    weights = np.zeros((1, len(sample.means)))
    weights[0, [floor, ceiling]] = -1, 1
    gain = Estimates([Term("", "", sample, weights)])
    return float(gain.errors()[0][0]) if gain.covers[0] else None


def iqm_weights(values: Array) -> Array:
    """The weights (R, T) with which T values make an interquartile mean, for each of R rows.

    The mean of the middle half: the integral of the quantile function over [1/4, 3/4], times two.

    >>> iqm_weights(np.array([[3.0, 1.0, 2.0, 9.0]])).tolist()
    [[0.5, 0.0, 0.5, 0.0]]
    >>> iqm_weights(np.array([[0.1, 0.9]])).tolist()
    [[0.5, 0.5]]
    """
    tasks = values.shape[1]
    inside = 2 * np.diff(np.clip(np.arange(tasks + 1) / tasks, 0.25, 0.75))
    weights = np.empty_like(values)
    np.put_along_axis(weights, np.argsort(values, axis=1, kind="stable"), inside[None], axis=1)
    return weights


def score(tasks: Sequence[Scaled]) -> tuple[Array, Estimates]:
    """The scores (R,) of R rows over ``tasks``, one at least, and their noise.

    The yardsticks are measured as well, so their noise is part of it: to first order, a normalised
    mean z = (v - f) / (c - f) moves by (dv - (1 - z) df - z dc) / (c - f).
    """
    normalised = np.stack([task.normalised for task in tasks], axis=1)
    weights = iqm_weights(normalised)
    terms = []
    for task, place, weight in zip(tasks, normalised.T, weights.T, strict=True):
        derivative = np.zeros((len(place), len(task.sample.means)))
        derivative[np.arange(len(place)), list(task.rows)] = 1
        derivative[:, task.floor] -= 1 - place
        derivative[:, task.ceiling] -= place
        by_means = derivative * (weight / task.gain)[:, None]
        terms.append(Term(task.domain, task.task, task.sample, by_means))
    return (weights * normalised).sum(1), Estimates(terms)
