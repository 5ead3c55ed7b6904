"""Comparing rows two by two, over the tasks and seeds that they share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vmbench_leaderboard.statistics.bootstrap import Array


@dataclass(frozen=True)
class Paired:
    """All pairs of R rows, as matrices (R, R) with NaN where a pair cannot be compared.

    Attributes:
        difference: mean over shared seeds of row i minus row j.
        seeds: how many seeds both rows have on every task.
        p: two-sided p value of the paired t test.
        p_holm: ``p`` after Holm's correction over all pairs.
    """

    difference: Array
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


def paired_comparison(scores: Array) -> Paired:
    """Paired t tests between all rows over shared seeds, with Holm's correction.

    Args:
        scores: (R, S), a row's score at each seed (its mean over tasks), NaN where it lacks one.

    A t test and not Wilcoxon's: with five seeds the smallest two-sided p value of a signed-rank
    test is 2 / 2^5 = 0.0625, so it could never find a difference. The differences are means over
    tasks, which brings them nearer to the normal that the t test supposes. A pair with fewer than
    two shared seeds has no p value.

    Source: Student's paired t; Holm 1979, "A Simple Sequentially Rejective Multiple Test
    Procedure", Scandinavian Journal of Statistics 6(2).
    """
    from scipy.stats import t as student

    rows = len(scores)
    difference = np.full((rows, rows), np.nan)
    seeds = np.zeros((rows, rows))
    p = np.full((rows, rows), np.nan)
    for i in range(rows):
        gaps = scores[i] - scores  # (R, S)
        known = ~np.isnan(gaps)
        n = known.sum(1)
        total = np.where(known, gaps, 0).sum(1)
        mean = np.divide(total, n, out=np.full(rows, np.nan), where=n > 0)
        centred = np.where(known, gaps - mean[:, None], 0)
        variance = np.divide((centred**2).sum(1), n - 1, out=np.full(rows, np.nan), where=n > 1)
        error = np.sqrt(variance / np.maximum(n, 1))
        # Seeds that all agree to rounding have no noise: any difference between them is certain.
        certain = error <= 1e-12 * np.maximum(np.abs(mean), 1e-3)
        ratio = np.divide(mean, error, out=np.zeros(rows), where=~certain & (n > 1))
        values = 2 * student.sf(np.abs(ratio), np.maximum(n - 1, 1))
        values = np.where(certain, np.where(np.abs(mean) <= 1e-12, 1.0, 0.0), values)
        difference[i], seeds[i] = mean, n
        p[i] = np.where((n > 1) & (np.arange(rows) != i), values, np.nan)
    return Paired(difference, seeds, p, _holm_matrix(p))


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
