"""What the figures show, before anything is drawn: training curves and epsilon sweeps.

Pure but for :func:`read_losses`. A point of a curve is the mean over seeds with its 95% interval,
absent for a single seed; a point of a sweep is a cell of the board with its interval.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vmbench.results import Result
from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Cell, Row, RowKey, TaskKey
from vmbench_leaderboard.settings import NOT_SETTINGS, flat
from vmbench_leaderboard.statistics.sampling import Estimates, Interval, Sample, Term

METRICS_NAME = "metrics.jsonl"
EPSILON = "epsilon"

# Step -> loss of one run.
Losses = Mapping[int, float]


@dataclass(frozen=True)
class Series:
    """A line: ``y`` and its interval (``low``, ``high``; ``None`` if unknown) at each ``x``."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    seeds: int


def read_losses(result_file: Path) -> Losses | None:
    """The losses of the run whose ``result.json`` this is, from ``metrics.jsonl`` beside it.

    ``None`` for a result file that was collected without it, and for a run that did not pretrain.
    A torn last line is skipped.
    """
    try:
        lines = (result_file.parent / METRICS_NAME).read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    losses = {}
    for line in lines:
        try:
            record = json.loads(line)
            losses[int(record["step"])] = float(record["loss"])
        except (ValueError, KeyError, TypeError):
            continue
    return losses or None


def runs_of(row: Row) -> list[Result]:
    """The distinct runs behind a row, by domain and seed."""
    found = {id(run.result): run.result for cell in row.cells.values() for run in cell.runs}
    return sorted(found.values(), key=lambda result: (result.domain, result.seed, result.run_id))


def training_curves(board: Board, losses: Mapping[int, Losses]) -> dict[str, list[Series]]:
    """Loss over steps for each row that pretrained, by objective: losses compare only within one.

    Args:
        board: of one domain.
        losses: by ``id`` of the result; runs without an entry are left out.
    """
    curves: dict[str, list[Series]] = defaultdict(list)
    for row in board.rows:
        found = [losses[id(result)] for result in runs_of(row) if id(result) in losses]
        if not found:
            continue
        # Seeds of one configuration log the same steps; an odd one out must not bias the mean.
        steps = sorted(set.intersection(*(set(run) for run in found)))
        if steps:
            points = [_mean([run[step] for run in found]) for step in steps]
            curves[row.key.objective].append(_series(str(row.key), steps, points, len(found)))
    return dict(sorted(curves.items()))


def epsilon_sweeps(board: Board) -> dict[TaskKey, list[Series]]:
    """Value against the viewmaker's budget, for rows that differ in nothing but epsilon.

    Only rows of learned views, of which at least two epsilons exist: on others epsilon is a
    setting that nothing reads.
    """
    sweeps: dict[TaskKey, list[Series]] = {}
    for task in board.tasks:
        groups: dict[tuple[RowKey, str], dict[float, Cell]] = defaultdict(dict)
        for row in board.rows:
            cell = row.cells.get(task.key)
            if cell is None or row.views != "learned":
                continue
            config = flat(cell.runs[0].result.config)
            budgets = [value for key, value in config.items() if _is_epsilon(key)]
            epsilon = next((value for value in budgets if value is not None), None)
            if epsilon is not None:
                rest = {
                    key: value
                    for key, value in config.items()
                    if key not in NOT_SETTINGS and not _is_epsilon(key)
                }
                group = (_without_epsilon(row.key), json.dumps(rest, sort_keys=True))
                groups[group].setdefault(float(epsilon), cell)
        swept = [
            _series(
                str(key),
                sorted(by_epsilon),
                [(by_epsilon[x].mean, by_epsilon[x].interval) for x in sorted(by_epsilon)],
                max(len(cell.runs) for cell in by_epsilon.values()),
            )
            for (key, _), by_epsilon in sorted(groups.items())
            if len(by_epsilon) > 1
        ]
        if swept:
            sweeps[task.key] = swept
    return sweeps


def _is_epsilon(key: str) -> bool:
    """Whether a setting is the budget, in whichever section it stands."""
    return key.rpartition(".")[2] == EPSILON


def _without_epsilon(key: RowKey) -> RowKey:
    """The name that rows of one sweep share."""
    settings = [s for s in key.settings.split(", ") if not _is_epsilon(s.partition("=")[0])]
    return RowKey(key.method, key.objective, ", ".join(settings))


def _mean(seeds: Sequence[float]) -> tuple[float, Interval | None]:
    sample = Sample(np.array([seeds], dtype=np.float64))
    (interval,) = Estimates([Term("", "", sample, np.eye(1))]).intervals(sample.means)
    return float(sample.means[0]), interval


def _series(
    label: str, x: Sequence[float], points: Sequence[tuple[float, Interval | None]], seeds: int
) -> Series:
    return Series(
        label,
        tuple(map(float, x)),
        tuple(mean for mean, _ in points),
        tuple(interval.low if interval else None for _, interval in points),
        tuple(interval.high if interval else None for _, interval in points),
        seeds,
    )
