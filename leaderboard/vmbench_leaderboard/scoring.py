"""From the runs of each cell to means, scores and ranks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from vmbench_leaderboard.cells import CEILING, FLOOR, Cell, RowKey, Run, Scale, TaskKey
from vmbench_leaderboard.collect import Collected, RunsOfRow
from vmbench_leaderboard.statistics.aggregate import (
    aggregate,
    aggregate_interval,
    fewest_seeds,
    mean_replicates,
    replicates,
    widened,
)
from vmbench_leaderboard.statistics.bootstrap import Array, Interval, mean_intervals
from vmbench_leaderboard.statistics.ranks import mean_ranks, rank_intervals, ranks_of


@dataclass(frozen=True)
class Scored:
    """The score of a complete row, and what ranking needs of it.

    Attributes:
        score: IQM of normalised values; ``None`` where no task has a scale.
        interval: its 95% interval; ``None`` also for a single seed.
        draws: bootstrap replicates (B,); empty without a score.
        repeated: whether every cell has at least two seeds.
    """

    score: float | None
    interval: Interval | None
    draws: Array
    repeated: bool


@dataclass(frozen=True)
class Placed:
    """The rank of a complete row; no interval where a cell has a single seed."""

    rank: int
    interval: tuple[int, int] | None


def find_scales(collected: Collected) -> tuple[dict[TaskKey, Scale], dict[TaskKey, str]]:
    """The scale of each task, and for the tasks that have none the reason.

    A scale needs random-init and supervised in the same domain and preset, each with one setting,
    and a ceiling that is better than the floor.
    """
    scales: dict[TaskKey, Scale] = {}
    unscaled: dict[TaskKey, str] = {}
    for task in collected.tasks:
        means = {}
        for method in (FLOOR, CEILING):
            found = [
                cells[task.key]
                for row, cells in collected.runs.items()
                if row.method == method and task.key in cells
            ]
            if len(found) != 1:
                what = f"{len(found)} settings" if found else "no run"
                unscaled.setdefault(task.key, f"{method} has {what}")
            else:
                means[method] = fmean(run.value for run in found[0])
        if len(means) < 2:
            continue
        scale = Scale(means[FLOOR], means[CEILING])
        gain = scale.ceiling - scale.floor
        if (gain if task.higher_is_better else -gain) <= 0:
            unscaled[task.key] = (
                f"{CEILING} ({scale.ceiling:.3f}) is no better than {FLOOR} ({scale.floor:.3f})"
            )
        else:
            scales[task.key] = scale
    return scales, unscaled


def build_cells(
    collected: Collected, scales: Mapping[TaskKey, Scale]
) -> dict[RowKey, dict[TaskKey, Cell]]:
    """Means and intervals of all cells; those with equally many seeds are computed together."""
    of_size: dict[int, list[tuple[RowKey, TaskKey]]] = defaultdict(list)
    for row, runs in collected.runs.items():
        for key, cell in runs.items():
            of_size[len(cell)].append((row, key))
    intervals: dict[tuple[RowKey, TaskKey], Interval] = {}
    for size, names in of_size.items():
        if size > 1:
            values = np.array([[run.value for run in collected.runs[r][k]] for r, k in names])
            intervals.update(zip(names, mean_intervals(values), strict=True))
    return {
        row: {
            key: _cell(cell, intervals.get((row, key)), scales.get(key))
            for key, cell in runs.items()
        }
        for row, runs in collected.runs.items()
    }


def _cell(runs: tuple[Run, ...], interval: Interval | None, scale: Scale | None) -> Cell:
    mean = fmean(run.value for run in runs)
    return Cell(runs, mean, interval, scale.normalise(mean) if scale else None)


def complete_rows(collected: Collected) -> dict[RowKey, RunsOfRow]:
    """The rows with at least one run on every task: the only ones that get a score and a rank."""
    return {row: runs for row, runs in collected.runs.items() if len(runs) == len(collected.tasks)}


def score_row(row: RowKey, runs: RunsOfRow, scales: Mapping[TaskKey, Scale]) -> Scored:
    """The score of a complete row over the tasks that have a scale."""
    normalised = {
        key: [scales[key].normalise(run.value) for run in cell]
        for key, cell in runs.items()
        if key in scales
    }
    if not normalised:
        return Scored(None, None, np.empty(0), False)
    _, strata = _strata(runs, normalised)
    draws = replicates(strata, str(row))
    return Scored(
        aggregate(strata),
        aggregate_interval(strata, draws),
        widened(strata, draws),
        fewest_seeds(strata) > 1,
    )


def rank_by_score(scored: Mapping[RowKey, Scored]) -> dict[RowKey, Placed]:
    """Ranks by score, the highest first."""
    if not scored:
        return {}
    point = np.array([row.score for row in scored.values()], dtype=np.float64)
    draws = np.stack([row.draws for row in scored.values()])
    return _place(list(scored), point, draws, [row.repeated for row in scored.values()])


def rank_by_mean_rank(collected: Collected) -> dict[RowKey, Placed]:
    """Ranks by the mean rank over tasks, which needs no common scale."""
    complete = complete_rows(collected)
    if not complete:
        return {}
    signs = {task.key: 1 if task.higher_is_better else -1 for task in collected.tasks}
    means, draws, repeated = [], [], []
    for row, runs in complete.items():
        keys, strata = _strata(
            runs, {key: [signs[key] * run.value for run in cell] for key, cell in runs.items()}
        )
        order = sorted(range(len(keys)), key=keys.__getitem__)
        means.append(np.concatenate([stratum.mean(1) for stratum in strata])[order])
        draws.append(mean_replicates(strata, str(row))[order])
        repeated.append(fewest_seeds(strata) > 1)
    return _place(
        list(complete), -mean_ranks(np.stack(means)), -mean_ranks(np.stack(draws)), repeated
    )


def _place(
    rows: Sequence[RowKey], point: Array, draws: Array, repeated: Sequence[bool]
) -> dict[RowKey, Placed]:
    intervals = rank_intervals(point, draws)
    return {
        row: Placed(int(rank), interval if several else None)
        for row, rank, interval, several in zip(
            rows, ranks_of(point), intervals, repeated, strict=True
        )
    }


def _strata(
    runs: RunsOfRow, values: Mapping[TaskKey, Sequence[float]]
) -> tuple[list[TaskKey], list[Array]]:
    """Group the tasks that the same runs were scored on: their keys, and arrays (tasks, seeds)."""
    groups: dict[tuple[str, tuple[int, ...]], list[TaskKey]] = defaultdict(list)
    for key in values:
        groups[key.domain, tuple(run.seed for run in runs[key])].append(key)
    keys = [key for group in groups.values() for key in group]
    return keys, [np.array([values[key] for key in group]) for group in groups.values()]
