"""The ranked rows of a board compared with each other; computed when somebody asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import RowKey, TaskKey
from vmbench_leaderboard.notes import LEAST_SEEDS
from vmbench_leaderboard.scoring import Measured, measure, score_rows
from vmbench_leaderboard.statistics.comparison import Paired, compare, probability_of_improvement
from vmbench_leaderboard.statistics.critical_difference import (
    CriticalDifference,
    critical_difference,
)
from vmbench_leaderboard.statistics.sampling import Array, Estimates, Term

TOO_FEW = f"too few seeds: a p value needs {LEAST_SEEDS} that both rows have on every task"


@dataclass(frozen=True)
class Contrasts:
    """Matrices (R, R) over the ranked rows, in the order of ``rows``.

    Attributes:
        rows: the ranked rows by rank.
        unit: of the differences: normalised score, or the metrics' own values where no task counts
            towards a score.
        improvement: how often a run of row i beats one of row j.
        paired: differences, their intervals and p values.
        critical: groups that cannot be told apart over tasks, where that test is defined.
        silence: why some pairs have no p value, or the test over tasks is withheld.
    """

    rows: tuple[RowKey, ...]
    unit: Literal["normalised score", "metric"]
    improvement: Array
    paired: Paired
    critical: CriticalDifference | None
    silence: str | None


def contrast(board: Board) -> Contrasts:
    """Compare all ranked rows two by two."""
    rows = tuple(row.key for row in board.ranked)
    if not rows:
        empty = np.empty((0, 0))
        nothing = Paired(empty, empty, empty, empty, empty)
        return Contrasts((), "metric", empty, nothing, None, None)
    measured = measure(
        board.tasks,
        {row.key: {task: cell.runs for task, cell in row.cells.items()} for row in board.rows},
    )
    values = [_values(rows, measured[task.key]) for task in board.tasks]
    points, estimates = (
        score_rows(rows, measured, board.scales) if board.scales else _means(rows, measured)
    )
    shared = _shared_seeds(values)
    paired = compare(points, estimates, shared, LEAST_SEEDS)
    enough = bool((shared >= LEAST_SEEDS).all())
    means = np.stack([np.nanmean(task, axis=1) for task in values], axis=1)
    return Contrasts(
        rows=rows,
        unit="normalised score" if board.scales else "metric",
        improvement=probability_of_improvement(values),
        paired=paired,
        critical=critical_difference(means) if enough else None,
        silence=None if enough else TOO_FEW,
    )


def _values(rows: Sequence[RowKey], task: Measured) -> Array:
    """Values (rows, seeds), higher is better, NaN where a row lacks the seed."""
    sign = 1 if task.task.higher_is_better else -1
    found: Array = sign * task.sample.values[[task.rows.index(row) for row in rows]]
    return found


def _shared_seeds(values: Sequence[Array]) -> Array:
    """(R, R): the fewest seeds that two rows share on a task."""
    known = [(~np.isnan(task)).astype(np.float64) for task in values]
    shared: Array = np.min([present @ present.T for present in known], axis=0)
    return shared


def _means(rows: Sequence[RowKey], measured: Mapping[TaskKey, Measured]) -> tuple[Array, Estimates]:
    """The plain mean over tasks, in the metrics' own units."""
    terms = []
    for key, task in measured.items():
        sign = (1 if task.task.higher_is_better else -1) / len(measured)
        weights = sign * np.eye(len(task.rows))[[task.rows.index(row) for row in rows]]
        terms.append(Term(task.task.key.domain, str(key), task.sample, weights))
    points: Array = np.sum([term.weights @ term.sample.means for term in terms], axis=0)
    return points, Estimates(terms)
