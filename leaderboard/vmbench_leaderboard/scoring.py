"""From the runs of each cell to means, scores and ranks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from vmbench_leaderboard.cells import CEILING, FLOORS, Cell, RowKey, Run, Scale, Task, TaskKey
from vmbench_leaderboard.collect import Collected
from vmbench_leaderboard.statistics.ranks import mean_ranks, rank_intervals, ranks_of
from vmbench_leaderboard.statistics.sampling import (
    Array,
    Covers,
    Estimates,
    Interval,
    Sample,
    Term,
)
from vmbench_leaderboard.statistics.scores import LEAST_GAIN, Scaled, gain_error, score

RESAMPLES = 2000


@dataclass(frozen=True)
class Measured:
    """What the rows with a run on one task did there; ``sample`` is in the order of ``rows``."""

    task: Task
    rows: tuple[RowKey, ...]
    sample: Sample


@dataclass(frozen=True)
class Placed:
    """Score and rank of a complete row; ``None`` where there is none, or no interval."""

    rank: int
    rank_interval: tuple[int, int] | None
    score: float | None = None
    interval: Interval | None = None
    covers: Covers | None = None


def measure(
    tasks: Sequence[Task], runs: Mapping[RowKey, Mapping[TaskKey, Sequence[Run]]]
) -> dict[TaskKey, Measured]:
    """The sample of each task; those of a domain share their columns of seeds."""
    seeds: dict[str, set[int]] = {}
    for cells in runs.values():
        for key, cell in cells.items():
            seeds.setdefault(key.domain, set()).update(run.seed for run in cell)
    measured = {}
    for task in tasks:
        rows = tuple(row for row, cells in runs.items() if task.key in cells)
        columns = sorted(seeds[task.key.domain])
        found = sample([runs[row][task.key] for row in rows], columns)
        measured[task.key] = Measured(task, rows, found)
    return measured


def sample(cells: Sequence[Sequence[Run]], seeds: Sequence[int]) -> Sample:
    """The values of some cells of one task, and those of the test units if all runs tell them."""
    place = {seed: column for column, seed in enumerate(seeds)}
    values = np.full((len(cells), len(seeds)), np.nan)
    for line, cell in enumerate(cells):
        for run in cell:
            values[line, place[run.seed]] = run.value
    stored = [run.scored.units for cell in cells for run in cell]
    first = stored[0]
    if first is None or len(first.sizes) < 2 or None in stored:
        return Sample(values)
    sizes = np.array(first.sizes, dtype=np.float64)
    units = np.full((*values.shape, len(sizes)), np.nan)
    for line, cell in enumerate(cells):
        for run in cell:
            assert run.scored.units is not None
            units[line, place[run.seed]] = run.scored.units.totals
    # What is stored is rounded: the values themselves are not.
    units = units / sizes
    return Sample(values, units, sizes / sizes.sum())


def find_scales(
    collected: Collected, measured: Mapping[TaskKey, Measured]
) -> tuple[dict[TaskKey, Scale], dict[TaskKey, str]]:
    """The scale of each task that counts towards the score, and why the others do not.

    A scale needs a floor and a ceiling, each with one setting, and the ceiling must be above the
    floor by more than :data:`LEAST_GAIN` standard errors.
    """
    scales: dict[TaskKey, Scale] = {}
    reasons: dict[TaskKey, str] = {}
    for key, task in measured.items():
        try:
            scales[key] = _scale(task, {row: collected.runs[row][key] for row in task.rows})
        except _NoScaleError as error:
            reasons[key] = str(error)
    return scales, reasons


class _NoScaleError(Exception):
    """Why a task has no scale."""


def _scale(task: Measured, cells: Mapping[RowKey, Sequence[Run]]) -> Scale:
    sign = 1 if task.task.higher_is_better else -1
    floors = [row for row in (_only(method, cells) for method in FLOORS) if row is not None]
    if not floors:
        raise _NoScaleError(f"{' and '.join(FLOORS)} have no run")
    ceiling_row = _only(CEILING, cells)
    if ceiling_row is None:
        raise _NoScaleError(f"{CEILING} has no run")
    # The stronger on val, so that no method is flattered; of equals the one as built.
    floor_row = max(
        floors, key=lambda row: sign * fmean(run.scored.probe.val_value for run in cells[row])
    )
    places = [task.rows.index(row) for row in (floor_row, ceiling_row)]
    floor, ceiling = (float(task.sample.means[place]) for place in places)
    error = gain_error(task.sample, *places)
    gain = sign * (ceiling - floor)
    between = f"{CEILING} ({ceiling:.3f}) is {{}} {floor_row.method} ({floor:.3f})"
    if gain <= 0:
        raise _NoScaleError(between.format("no better than"))
    if error is not None and gain <= LEAST_GAIN * error:
        raise _NoScaleError(
            f"{between.format('better than')} by less than {LEAST_GAIN:g} standard errors of the "
            f"difference ({error:.4f})"
        )
    return Scale(floor, ceiling, floor_row, ceiling_row, error)


def _only(method: str, cells: Mapping[RowKey, Sequence[Run]]) -> RowKey | None:
    found = [row for row in cells if row.method == method]
    if len(found) > 1:
        raise _NoScaleError(f"{method} has {len(found)} settings")
    return found[0] if found else None


def build_cells(
    collected: Collected, measured: Mapping[TaskKey, Measured], scales: Mapping[TaskKey, Scale]
) -> dict[RowKey, dict[TaskKey, Cell]]:
    """Means and intervals of all cells."""
    cells: dict[RowKey, dict[TaskKey, Cell]] = {row: {} for row in collected.runs}
    for key, task in measured.items():
        means = task.sample.means
        term = Term(key.domain, str(key), task.sample, np.eye(len(means)))
        estimates, scale = Estimates([term]), scales.get(key)
        found = zip(
            task.rows, means.tolist(), estimates.intervals(means), estimates.covers, strict=True
        )
        for row, mean, interval, covers in found:
            normalised = scale.normalise(mean) if scale else None
            cells[row][key] = Cell(collected.runs[row][key], mean, interval, covers, normalised)
    return cells


def complete_rows(collected: Collected) -> list[RowKey]:
    """The rows with at least one run on every task: the only ones that get a score and a rank."""
    return [row for row, runs in collected.runs.items() if len(runs) == len(collected.tasks)]


def score_rows(
    rows: Sequence[RowKey], measured: Mapping[TaskKey, Measured], scales: Mapping[TaskKey, Scale]
) -> tuple[Array, Estimates]:
    """Scores of complete rows over the tasks that count, one at least, and their noise."""
    return score(
        [
            Scaled(
                key.domain,
                str(key),
                measured[key].sample,
                [measured[key].rows.index(row) for row in rows],
                measured[key].rows.index(scale.floor_row),
                measured[key].rows.index(scale.ceiling_row),
            )
            for key, scale in scales.items()
        ]
    )


def rank_by_score(
    rows: Sequence[RowKey], measured: Mapping[TaskKey, Measured], scales: Mapping[TaskKey, Scale]
) -> dict[RowKey, Placed]:
    """Ranks by score, the highest first."""
    points, estimates = score_rows(rows, measured, scales)
    drawn = rank_intervals(points, estimates.draws(points, RESAMPLES))
    covers, intervals = estimates.covers, estimates.intervals(points)
    # A yardstick that is measured by itself has no noise of its own, but its neighbours may.
    known = (np.array([what is not None for what in covers]) | estimates.exact) & any(covers)
    return {
        row: Placed(
            int(rank),
            drawn[place] if known[place] else None,
            float(points[place]),
            intervals[place],
            covers[place],
        )
        for place, (row, rank) in enumerate(zip(rows, ranks_of(points), strict=True))
    }


def rank_by_mean_rank(
    rows: Sequence[RowKey], measured: Mapping[TaskKey, Measured]
) -> dict[RowKey, Placed]:
    """Ranks by the mean rank over tasks, which needs no common scale."""
    means, draws = [], []
    known = np.ones(len(rows), bool)
    for key, task in measured.items():
        sign = 1 if task.task.higher_is_better else -1
        weights = sign * np.eye(len(task.rows))[[task.rows.index(row) for row in rows]]
        estimates = Estimates([Term(key.domain, str(key), task.sample, weights)])
        means.append(weights @ task.sample.means)
        draws.append(estimates.draws(means[-1], RESAMPLES))
        known &= [covers is not None for covers in estimates.covers]
    points = -mean_ranks(np.stack(means, axis=1))
    intervals = rank_intervals(points, -mean_ranks(np.stack(draws, axis=1)))
    return {
        row: Placed(int(rank), interval if told else None)
        for row, rank, interval, told in zip(rows, ranks_of(points), intervals, known, strict=True)
    }
