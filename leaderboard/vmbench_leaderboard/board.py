"""The one pure step: results -> board. Filtering comes first, and everything follows from it."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean
from typing import Literal

from vmbench.errors import UserError
from vmbench.failures import Failure
from vmbench.results import Result
from vmbench_leaderboard.cells import Cell, Row, RowKey, Scale, Task, TaskKey
from vmbench_leaderboard.coherence import require_coherent
from vmbench_leaderboard.collect import Collected, RunsOfRow, collect
from vmbench_leaderboard.filters import Filters
from vmbench_leaderboard.notes import board_notes
from vmbench_leaderboard.scoring import (
    Measured,
    Placed,
    build_cells,
    complete_rows,
    find_scales,
    measure,
    rank_by_mean_rank,
    rank_by_score,
)
from vmbench_leaderboard.settings import label_settings

RankedBy = Literal["score", "mean rank"]


@dataclass(frozen=True)
class Board:
    """Everything that a renderer writes down.

    Attributes:
        domains: the domains of its tasks.
        preset: the one preset of its runs.
        tasks: its columns.
        rows: ranked rows by rank, then incomplete ones by coverage.
        scales: floor and ceiling of each task that counts towards the score.
        uncounted: why the other tasks do not.
        ranked_by: ``score`` where a task counts, else the mean rank over tasks.
        notes: what a reader must know to judge the numbers, one sentence each.
        failures: runs that failed; what they lack is no missing cell.
    """

    domains: tuple[str, ...]
    preset: str
    tasks: tuple[Task, ...]
    rows: tuple[Row, ...]
    scales: Mapping[TaskKey, Scale]
    uncounted: Mapping[TaskKey, str]
    ranked_by: RankedBy
    notes: tuple[str, ...]
    failures: tuple[Failure, ...] = ()

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
    failures: Sequence[Failure] = (),
) -> tuple[Board, ...]:
    """The board over all tasks, followed by one per domain where there are several.

    Args:
        results: in any order, which does not matter to the outcome.
        filters: which results to keep; default all.
        failures: of runs that have no result; those of the board's domains and preset are shown.

    Raises:
        UserError: results that may not share a board (see :mod:`coherence`), a filter that names
            nothing, or nothing left.
    """
    filters = filters or Filters()
    kept = filters.apply(results)
    kept = [result for result in kept if result.tasks]
    if not kept:
        raise UserError("no result has a task: there is nothing to put on a board")
    preset = require_coherent(kept)
    failed = sorted(
        (each for each in failures if each.preset == preset and filters.keeps(each)),
        key=lambda each: each.run_id,
    )
    collected = collect(kept, label_settings(kept))
    # What is known of a task and a cell is the same on every board that shows it.
    measured = measure(collected.tasks, collected.runs)
    scales, uncounted = find_scales(collected, measured)
    known = _Known(
        preset, measured, scales, uncounted, build_cells(collected, measured, scales), failed
    )
    whole = _build(collected, known)
    if len(whole.domains) == 1:
        return (whole,)
    parts = (_build(collected.of_domain(domain), known) for domain in whole.domains)
    return (whole, *parts)


@dataclass(frozen=True)
class _Known:
    """What the board over all tasks and the boards of the domains share."""

    preset: str
    measured: Mapping[TaskKey, Measured]
    scales: Mapping[TaskKey, Scale]
    uncounted: Mapping[TaskKey, str]
    cells: Mapping[RowKey, Mapping[TaskKey, Cell]]
    failures: Sequence[Failure]


def _build(collected: Collected, known: _Known) -> Board:
    keys = tuple(task.key for task in collected.tasks)
    scales = {key: known.scales[key] for key in keys if key in known.scales}
    uncounted = {key: known.uncounted[key] for key in keys if key in known.uncounted}
    measured = {key: known.measured[key] for key in keys}
    placed: Mapping[RowKey, Placed] = {}
    if complete := complete_rows(collected):
        placed = (
            rank_by_score(complete, measured, scales)
            if scales
            else rank_by_mean_rank(complete, measured)
        )
    rows = sorted(
        (_row(row, runs, keys, known.cells[row], placed) for row, runs in collected.runs.items()),
        key=_place,
    )
    domains = tuple(sorted({key.domain for key in keys}))
    return Board(
        domains=domains,
        preset=known.preset,
        tasks=collected.tasks,
        rows=tuple(rows),
        scales=scales,
        uncounted=uncounted,
        ranked_by="score" if scales else "mean rank",
        notes=board_notes(collected, rows, known.preset, scales, uncounted),
        failures=tuple(each for each in known.failures if each.domain in domains),
    )


def _row(
    key: RowKey,
    runs: RunsOfRow,
    tasks: Sequence[TaskKey],
    cells: Mapping[TaskKey, Cell],
    placed: Mapping[RowKey, Placed],
) -> Row:
    result = next(iter(runs.values()))[0].result
    place = placed.get(key)
    return Row(
        key=key,
        views=result.views,
        yardstick=result.yardstick,
        cells={task: cells[task] for task in runs},
        missing=tuple(task for task in tasks if task not in runs),
        score=place.score if place else None,
        score_interval=place.interval if place else None,
        score_covers=place.covers if place else None,
        rank=place.rank if place else None,
        rank_interval=place.rank_interval if place else None,
        seconds=_seconds(runs),
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
