"""One number per row: the interquartile mean over tasks and seeds, and its bootstrap.

A *stratum* holds the values of the tasks that were scored by the same runs: an array (tasks,
seeds). Runs are drawn, not single values: one pretraining is scored on every task of its domain,
so its values rise and fall together, and drawing them apart would make the interval too narrow.
"""

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from vmbench_leaderboard.statistics.bootstrap import (
    SEED,
    Array,
    Interval,
    draw_counts,
    narrowness,
    percentile,
    tail,
)

# Replicates of a row; ranks need them for all rows at once.
RESAMPLES = 2000


def interquartile_mean(values: Array, weights: Array) -> Array:
    """The mean of the middle half of weighted values.

    Args:
        values: (K,).
        weights: (..., K), not negative, each with a positive sum.

    Returns:
        (...,): the integral of the weighted quantile function over [1/4, 3/4], times two. With
        equal weights and K a multiple of 4 this is ``scipy.stats.trim_mean(values, 0.25)``, the
        IQM of Agarwal et al. 2021 ("Deep RL at the Edge of the Statistical Precipice", section
        4.3); for other K it takes the fraction of the values at the cut where trim_mean rounds.
    """
    order = np.argsort(values)
    edges = np.cumsum(weights[..., order], axis=-1)
    edges /= edges[..., -1:].copy()
    np.clip(edges, 0.25, 0.75, out=edges)
    # Value k counts with the part of [1/4, 3/4] between its edges; summed by parts, which spares
    # an array of differences as large as the bootstrap.
    ranked = values[order]
    steps = np.diff(ranked)
    result: Array = 2 * (0.75 * ranked[-1] - 0.25 * ranked[0] - edges[..., :-1] @ steps)
    return result


def aggregate(strata: Sequence[Array]) -> float:
    """IQM over all values (tasks, seeds) of ``strata``; each task weighs the same.

    A task with fewer seeds than another would count less if values were simply pooled; here its
    values weigh more, so that a missing seed does not tilt the row towards the other tasks.
    """
    return float(interquartile_mean(_pool(strata), _weights(strata)))


def replicates(strata: Sequence[Array], name: str, size: int = RESAMPLES) -> Array:
    """Bootstrap replicates (size,) of :func:`aggregate`: runs drawn within each stratum.

    Args:
        strata: arrays (tasks, seeds).
        name: seeds the draws, so that a row's interval depends on its own values alone and does
            not move when another row joins the board.
        size: number of replicates.

    Source: stratified bootstrap of Agarwal et al. 2021, section 4.1, with whole runs as the units
    (a cluster bootstrap: Davison and Hinkley 1997, section 3.8).
    """
    weights = [
        np.repeat(counts[:, None, :], len(stratum), axis=1).reshape(size, -1) / stratum.shape[1]
        for stratum, counts in zip(strata, _draws(strata, name, size), strict=True)
    ]
    return interquartile_mean(_pool(strata), np.concatenate(weights, axis=1))


def mean_replicates(strata: Sequence[Array], name: str, size: int = RESAMPLES) -> Array:
    """Bootstrap replicates (tasks, size) of each task's mean, from the same draws of runs.

    Tasks come in the order of the strata. Where a stratum has several seeds, the narrowness of
    the bootstrap at few seeds is undone.
    """
    means = []
    for stratum, counts in zip(strata, _draws(strata, name, size), strict=True):
        n = stratum.shape[1]
        point = stratum.mean(1)[:, None]
        factor = narrowness(n) if n > 1 else 1.0
        means.append(point + (stratum @ counts.T / n - point) * factor)
    return np.concatenate(means)


def _draws(strata: Sequence[Array], name: str, size: int) -> list[Array]:
    """Counts (size, seeds) of drawn runs, for each stratum."""
    rng = np.random.default_rng([SEED, crc32(name.encode())])
    return [draw_counts(stratum.shape[1], size, rng) for stratum in strata]


def aggregate_interval(strata: Sequence[Array], draws: Array) -> Interval | None:
    """Expanded 95% percentile interval of :func:`aggregate` from its replicates ``draws``.

    ``None`` when a stratum has a single seed: its noise is unknown. The degrees of freedom are
    those of all strata together, sum(n - 1) (see :mod:`~vmbench_leaderboard.statistics.bootstrap`).
    """
    smallest = fewest_seeds(strata)
    if smallest < 2:
        return None
    degrees = sum(stratum.shape[1] - 1 for stratum in strata)
    low, high = percentile(draws, tail(smallest, degrees))
    point = aggregate(strata)
    return Interval(min(float(low), point), max(float(high), point))


def widened(strata: Sequence[Array], draws: Array) -> Array:
    """``draws`` with the bootstrap's narrowness at few seeds undone, for ranking rows by them."""
    smallest = fewest_seeds(strata)
    if smallest < 2:
        return draws
    point = aggregate(strata)
    return point + (draws - point) * narrowness(smallest)


def fewest_seeds(strata: Sequence[Array]) -> int:
    """Seeds of the stratum that has the fewest."""
    return min(int(stratum.shape[1]) for stratum in strata)


def _pool(strata: Sequence[Array]) -> Array:
    return np.concatenate([stratum.ravel() for stratum in strata])


def _weights(strata: Sequence[Array]) -> Array:
    return np.concatenate([np.full(s.size, 1 / s.shape[1]) for s in strata])
