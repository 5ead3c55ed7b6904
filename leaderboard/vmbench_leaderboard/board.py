"""The one pure step: results -> board. Filtering comes first, and everything follows from it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean
from typing import Literal

from vmbench.errors import UserError
from vmbench.results import Result
from vmbench_leaderboard.cells import YARDSTICKS, Cell, Row, RowKey, Scale, Task, TaskKey, ViewKind
from vmbench_leaderboard.coherence import require_coherent
from vmbench_leaderboard.collect import Collected, RunsOfRow, collect
from vmbench_leaderboard.filters import Filters
from vmbench_leaderboard.notes import board_notes
from vmbench_leaderboard.scoring import (
    build_cells,
    complete_rows,
    find_scales,
    rank_by_mean_rank,
    rank_by_score,
    score_row,
)
from vmbench_leaderboard.settings import label_settings
from vmbench_leaderboard.views import registered_views

RankedBy = Literal["score", "mean rank"]


@dataclass(frozen=True)
class Board:
    """Everything that a renderer writes down.

    Attributes:
        domains: the domains of its tasks.
        preset: the one preset of its runs.
        tasks: its columns.
        rows: ranked rows by rank, then incomplete ones by coverage.
        scales: floor and ceiling of each task that has both.
        ranked_by: ``score`` where every task has a scale, else the mean rank over tasks.
        notes: what a reader must know to judge the numbers, one sentence each.
    """

    domains: tuple[str, ...]
    preset: str
    tasks: tuple[Task, ...]
    rows: tuple[Row, ...]
    scales: Mapping[TaskKey, Scale]
    ranked_by: RankedBy
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """``audio``, or ``all domains`` for a board of several."""
        return self.domains[0] if len(self.domains) == 1 else "all domains"

    @property
    def ranked(self) -> tuple[Row, ...]:
        """The complete rows, by rank."""
        return tuple(row for row in self.rows if row.complete)

    @property
    def incomplete(self) -> tuple[Row, ...]:
        """The rows that lack a task."""
        return tuple(row for row in self.rows if not row.complete)


def build_boards(
    results: Sequence[Result],
    filters: Filters | None = None,
    views: Callable[[str], ViewKind] = registered_views,
) -> tuple[Board, ...]:
    """The board over all tasks, followed by one per domain where there are several.

    Args:
        results: in any order, which does not matter to the outcome.
        filters: which results to keep; default all.
        views: the kind of a method's views, by name.

    Raises:
        UserError: results that may not share a board (see :mod:`coherence`), a filter that names
            nothing, or nothing left.
    """
    kept = (filters or Filters()).apply(results)
    kept = [result for result in kept if result.tasks]
    if not kept:
        raise UserError("no result has a task: there is nothing to put on a board")
    preset = require_coherent(kept)
    collected = collect(kept, label_settings(kept, YARDSTICKS))
    scales, unscaled = find_scales(collected)
    # A cell is the same on every board that shows it, so it is computed once.
    measured = _Measured(preset, views, scales, unscaled, build_cells(collected, scales))
    whole = _build(collected, measured)
    if len(whole.domains) == 1:
        return (whole,)
    parts = (_build(collected.of_domain(domain), measured) for domain in whole.domains)
    return (whole, *parts)


@dataclass(frozen=True)
class _Measured:
    """What the board over all tasks and the boards of the domains share."""

    preset: str
    views: Callable[[str], ViewKind]
    scales: Mapping[TaskKey, Scale]
    unscaled: Mapping[TaskKey, str]
    cells: Mapping[RowKey, Mapping[TaskKey, Cell]]


def _build(collected: Collected, measured: _Measured) -> Board:
    keys = tuple(task.key for task in collected.tasks)
    scales = {key: measured.scales[key] for key in keys if key in measured.scales}
    unscaled = {key: measured.unscaled[key] for key in keys if key in measured.unscaled}
    cells = {
        row: {key: measured.cells[row][key] for key in runs} for row, runs in collected.runs.items()
    }
    scored = {row: score_row(row, runs, scales) for row, runs in complete_rows(collected).items()}
    ranked_by: RankedBy = "score" if not unscaled else "mean rank"
    placed = rank_by_score(scored) if ranked_by == "score" else rank_by_mean_rank(collected)
    rows = [
        Row(
            key=row,
            views=measured.views(row.method),
            cells=cells[row],
            missing=tuple(key for key in keys if key not in cells[row]),
            score=scored[row].score if row in scored else None,
            score_interval=scored[row].interval if row in scored else None,
            rank=placed[row].rank if row in placed else None,
            rank_interval=placed[row].interval if row in placed else None,
            seconds=_seconds(collected.runs[row]),
        )
        for row in collected.runs
    ]
    rows.sort(key=_place)
    return Board(
        domains=tuple(sorted({key.domain for key in keys})),
        preset=measured.preset,
        tasks=collected.tasks,
        rows=tuple(rows),
        scales=scales,
        ranked_by=ranked_by,
        notes=board_notes(collected, measured.preset, unscaled),
    )


def _place(row: Row) -> tuple[int, int, RowKey]:
    """Where a row stands: ranked ones by rank and all others below, the most complete first."""
    below = sys.maxsize
    return (below if row.rank is None else row.rank, len(row.missing), row.key)


def _seconds(runs: RunsOfRow) -> float:
    """Mean time of a run in each domain, added up over domains."""
    times: dict[str, dict[str, float]] = {}
    for key, cell in runs.items():
        for run in cell:
            result = run.result
            spent = result.pretrain.seconds + fsum(task.seconds for task in result.tasks)
            times.setdefault(key.domain, {})[result.run_id] = spent
    return fsum(fmean(by_run.values()) for by_run in times.values())
