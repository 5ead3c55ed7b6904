"""Groups of rows that a Friedman test with Nemenyi's post-hoc cannot tell apart."""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from vmbench_leaderboard.statistics.ranks import mean_ranks
from vmbench_leaderboard.statistics.sampling import Array

LEVEL = 0.05


@dataclass(frozen=True)
class CriticalDifference:
    """The outcome for R rows over N tasks.

    Attributes:
        mean_ranks: (R,), 1 for a row that is best everywhere.
        p: of the Friedman test that all rows are alike.
        distance: mean ranks further apart than this differ at the 5% level.
        groups: maximal runs of rows that are not told apart, as indices from best to worst.
    """

    mean_ranks: Array
    p: float
    distance: float
    groups: tuple[tuple[int, ...], ...]


def critical_distance(rows: int, tasks: int) -> float:
    """Nemenyi's critical difference of mean ranks at the 5% level.

    ``q * sqrt(rows * (rows + 1) / (6 * tasks))``, q the studentised range quantile for infinite
    degrees of freedom over sqrt(2) (Demsar 2006, "Statistical Comparisons of Classifiers over
    Multiple Data Sets", JMLR 7, section 3.2.2 and table 5).

    >>> round(critical_distance(4, 14), 2)
    1.25
    """
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - LEVEL, rows, inf)) / sqrt(2)
    return q * sqrt(rows * (rows + 1) / (6 * tasks))


def critical_difference(scores: Array) -> CriticalDifference | None:
    """Friedman's test and Nemenyi's groups.

    Args:
        scores: (R, N), each row's mean on each task, higher is better; tasks are the blocks.

    Returns:
        ``None`` for fewer than three rows or two tasks, where the test is not defined. When
        Friedman finds nothing, all rows are one group. Few tasks make a large distance: with
        four tasks and ten rows, mean ranks must differ by 6.8.
    """
    from scipy.stats import friedmanchisquare

    rows, tasks = scores.shape
    if rows < 3 or tasks < 2:
        return None
    ranks = mean_ranks(scores)
    # All ties: the statistic is 0 / 0, and there is nothing to tell apart.
    tied = bool((scores == scores[0]).all())
    p = 1.0 if tied else float(friedmanchisquare(*scores).pvalue)
    distance = critical_distance(rows, tasks)
    order = [int(index) for index in np.argsort(ranks, kind="stable")]
    if p >= LEVEL:
        return CriticalDifference(ranks, p, distance, (tuple(order),))
    return CriticalDifference(ranks, p, distance, _groups(order, ranks, distance))


def _groups(order: list[int], ranks: Array, distance: float) -> tuple[tuple[int, ...], ...]:
    groups: list[tuple[int, ...]] = []
    covered = 0
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and ranks[order[end]] - ranks[order[start]] <= distance:
            end += 1
        if end - start > 1 and end > covered:
            groups.append(tuple(order[start:end]))
            covered = end
    return tuple(groups)
