"""Ranks and rank intervals."""

from collections.abc import Sequence

import numpy as np

from vmbench_leaderboard.statistics.sampling import CONFIDENCE, Array


def ranks_of(scores: Array) -> Array:
    """Ranks along axis 0, 1 for the highest score; ties share the better rank.

    Args:
        scores: (rows, ...).
    """
    from scipy.stats import rankdata

    ranks: Array = rankdata(-scores, method="min", axis=0)
    return ranks


def mean_ranks(scores: Array) -> Array:
    """The mean rank of each row over tasks, ties at their average (Demsar 2006, section 3.2.2).

    Args:
        scores: (rows, tasks, ...), higher is better.

    Returns:
        (rows, ...): 1 for a row that is best everywhere.
    """
    from scipy.stats import rankdata

    total: Array = np.zeros_like(scores[:, 0])
    for task in range(scores.shape[1]):  # one at a time: ranking copies its input several times
        total += rankdata(-scores[:, task], axis=0)
    total /= scores.shape[1]
    return total


def rank_intervals(point: Array, draws: Array) -> list[tuple[int, int]]:
    """The 95% interval of each row's rank over bootstrap replicates.

    Args:
        point: (rows,), the scores themselves.
        draws: (rows, B), replicates of the scores.

    Returns:
        (best, worst) rank per row; the row's own rank is always inside.

    Source: Goldstein and Spiegelhalter 1996, "League Tables and Their Limitations", JRSS A 159(3),
    who rank within each simulated draw and take percentiles of the ranks.
    """
    own = ranks_of(point)
    drawn = ranks_of(draws)
    cut = (1 - CONFIDENCE) / 2
    low = np.quantile(drawn, cut, axis=1, method="inverted_cdf")
    high = np.quantile(drawn, 1 - cut, axis=1, method="inverted_cdf")
    return [(int(min(a, r)), int(max(b, r))) for a, b, r in zip(low, high, own, strict=True)]


def ordered(indices: Sequence[int], scores: Array) -> list[int]:
    """``indices`` from the highest score to the lowest; equal scores keep their order."""
    return sorted(indices, key=lambda index: -scores[index])
