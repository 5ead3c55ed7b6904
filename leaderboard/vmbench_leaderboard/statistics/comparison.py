"""Comparing rows two by two, over the tasks and seeds that they share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vmbench_leaderboard.statistics.sampling import Array, Estimates


@dataclass(frozen=True)
class Paired:
    """All pairs of R rows, as matrices (R, R).

    Attributes:
        difference: row i minus row j.
        error: its standard error, over seeds and test units as far as they are known.
        seeds: how many seeds both rows have on every task.
        p: two-sided p value of no difference, NaN where it is not known.
        p_holm: ``p`` after Holm's correction over all pairs.
    """

    difference: Array
    error: Array
    seeds: Array
    p: Array
    p_holm: Array


def probability_of_improvement(samples: Sequence[Array]) -> Array:
    """How often a run of row i beats a run of row j, averaged over tasks: a matrix (R, R).

    Args:
        samples: one array (R, n) per task, NaN where a row lacks a seed; higher is better.

    Returns:
        The mean over tasks of the Mann-Whitney statistic U / (n_i * n_j), ties at one half
        (Agarwal et al. 2021, section 4.2). All pairs of runs are used, so the number of seeds
        need not agree; NaN where a row lacks a task.
    """
    per_task = []
    for values in samples:
        known = ~np.isnan(values)
        wins = np.zeros((len(values), len(values)))
        for seed in range(values.shape[1]):  # one seed of the rivals at a time, to bound memory
            other = values[:, seed]
            better = (values[:, None, :] > other[None, :, None]).sum(-1)
            equal = (values[:, None, :] == other[None, :, None]).sum(-1)
            wins += better + equal / 2
        pairs = known.sum(1)[:, None] * known.sum(1)[None, :]
        per_task.append(np.where(pairs > 0, wins / np.maximum(pairs, 1), np.nan))
    result: Array = np.mean(per_task, axis=0)
    return result


def compare(points: Array, estimates: Estimates, shared: Array, least: int) -> Paired:
    """The differences of ``points`` (R,) and their t tests, with Holm's correction.

    Args:
        points: higher is better.
        estimates: their noise; what two rows share (test data, seeds, yardsticks) cancels.
        shared: (R, R), how many seeds two rows share.
        least: a pair that shares fewer seeds has no p value: two seeds that agree by chance would
            make any difference certain.

    A t test and not Wilcoxon's: with five seeds the smallest two-sided p value of a signed-rank
    test is 2 / 2^5 = 0.0625, so it could never find a difference.

    Source: Student's t; Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure",
    Scandinavian Journal of Statistics 6(2).
    """
    from scipy.stats import t as student

    difference = points[:, None] - points
    error, degrees = estimates.errors_of_differences()
    # Seeds that agree to rounding tell nothing of the noise, unless they agree on no difference.
    told = error > 1e-12 * np.maximum(np.abs(difference), 1e-3)
    ratio = np.divide(np.abs(difference), error, where=told, out=np.zeros_like(error))
    p = np.asarray(2 * student.sf(ratio, degrees), dtype=np.float64)
    p[(shared < least) | ~told & (np.abs(difference) > 1e-12)] = np.nan
    np.fill_diagonal(p, np.nan)
    return Paired(difference, error, shared, p, _holm_matrix(p))


def holm(p: Array) -> Array:
    """Holm's adjusted p values (1979), in the order of ``p``, a vector without NaN.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    stepped = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    adjusted = np.empty_like(stepped)
    adjusted[order] = stepped
    return adjusted


def _holm_matrix(p: Array) -> Array:
    """Holm over each pair once: the matrix is symmetric."""
    adjusted = np.full_like(p, np.nan)
    i, j = np.triu_indices(len(p), 1)
    tested = ~np.isnan(p[i, j])
    i, j = i[tested], j[tested]
    adjusted[i, j] = adjusted[j, i] = holm(p[i, j])
    return adjusted
