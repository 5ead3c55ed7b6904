"""The ranked rows of a board compared with each other; computed when somebody asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Row, RowKey, Scale, Task
from vmbench_leaderboard.statistics.bootstrap import Array
from vmbench_leaderboard.statistics.comparison import (
    Paired,
    paired_comparison,
    probability_of_improvement,
)
from vmbench_leaderboard.statistics.critical_difference import (
    CriticalDifference,
    critical_difference,
)


@dataclass(frozen=True)
class Contrasts:
    """Matrices (R, R) over the ranked rows, in the order of ``rows``.

    Attributes:
        rows: the ranked rows by rank.
        unit: of the differences: normalised score, or the metrics' own values where some task
            has no scale.
        improvement: how often a run of row i beats one of row j.
        paired: differences over shared seeds, with p values.
        critical: groups that cannot be told apart over tasks, where that test is defined.
    """

    rows: tuple[RowKey, ...]
    unit: Literal["normalised score", "metric"]
    improvement: Array
    paired: Paired
    critical: CriticalDifference | None


def contrast(board: Board) -> Contrasts:
    """Compare all ranked rows two by two. Seeds that only one row of a pair has do not count."""
    rows = board.ranked
    scaled = board.ranked_by == "score"
    empty = np.empty((0, 0))
    if not rows:
        nothing = Paired(empty, empty, empty, empty)
        return Contrasts((), "metric", empty, nothing, None)
    seeds = sorted({seed for row in rows for cell in row.cells.values() for seed in cell.seeds})
    scales = board.scales if scaled else {}  # one unit for all tasks, or none
    samples = [_by_seed(rows, task, seeds, scales.get(task.key)) for task in board.tasks]
    means = np.stack([np.nanmean(sample, axis=1) for sample in samples], axis=1)
    return Contrasts(
        rows=tuple(row.key for row in rows),
        unit="normalised score" if scaled else "metric",
        improvement=probability_of_improvement(samples),
        paired=paired_comparison(np.mean(samples, axis=0)),
        critical=critical_difference(means),
    )


def _by_seed(rows: Sequence[Row], task: Task, seeds: Sequence[int], scale: Scale | None) -> Array:
    """Values (rows, seeds) on one task, higher is better, NaN where a row lacks the seed."""
    place = {seed: column for column, seed in enumerate(seeds)}
    values = np.full((len(rows), len(seeds)), np.nan)
    for line, row in enumerate(rows):
        for run in row.cells[task.key].runs:
            values[line, place[run.seed]] = run.value
    if scale is not None:
        return (values - scale.floor) / (scale.ceiling - scale.floor)
    return values if task.higher_is_better else -values
