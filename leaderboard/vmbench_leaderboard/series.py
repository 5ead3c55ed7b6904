"""What the figures show, before anything is drawn: training curves and epsilon sweeps.

Pure but for :func:`read_losses`. Seeds are combined here: a point is the mean over seeds with its
95% bootstrap interval, absent for a single seed.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vmbench.results import Result
from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Row, RowKey, Run, TaskKey
from vmbench_leaderboard.settings import NOT_SETTINGS
from vmbench_leaderboard.statistics.bootstrap import mean_intervals

METRICS_NAME = "metrics.jsonl"
EPSILON = "epsilon"

# Step -> loss of one run.
Losses = Mapping[int, float]


@dataclass(frozen=True)
class Series:
    """A line: ``y`` and its interval (``low``, ``high``; ``None`` for one seed) at each ``x``."""

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
            values = [[run[step] for run in found] for step in steps]
            curves[row.key.objective].append(_series(str(row.key), steps, values))
    return dict(sorted(curves.items()))


def epsilon_sweeps(board: Board) -> dict[TaskKey, list[Series]]:
    """Value against the viewmaker's budget, for rows that differ in nothing but epsilon.

    Only rows of learned views, of which at least two epsilons exist: on others epsilon is a
    setting that nothing reads.
    """
    sweeps: dict[TaskKey, list[Series]] = {}
    for task in board.tasks:
        groups: dict[tuple[RowKey, str], dict[float, list[Run]]] = defaultdict(dict)
        for row in board.rows:
            cell = row.cells.get(task.key)
            if cell is None or not _learned(row):
                continue
            config = cell.runs[0].result.config
            if isinstance(config.get(EPSILON), int | float):
                rest = {k: v for k, v in config.items() if k not in NOT_SETTINGS | {EPSILON}}
                key = (_without_epsilon(row.key), json.dumps(rest, sort_keys=True))
                groups[key].setdefault(float(config[EPSILON]), []).extend(cell.runs)
        swept = [
            _series(
                str(key),
                sorted(by_epsilon),
                [[run.value for run in by_epsilon[epsilon]] for epsilon in sorted(by_epsilon)],
            )
            for (key, _), by_epsilon in sorted(groups.items())
            if len(by_epsilon) > 1
        ]
        if swept:
            sweeps[task.key] = swept
    return sweeps


def _without_epsilon(key: RowKey) -> RowKey:
    """The name that rows of one sweep share."""
    settings = [s for s in key.settings.split(", ") if not s.startswith(f"{EPSILON}=")]
    return RowKey(key.method, key.objective, ", ".join(settings))


def _learned(row: Row) -> bool:
    return row.views == "learned" or "viewmaker" in row.key.method.split("+")


def _series(label: str, x: Sequence[float], values: Sequence[Sequence[float]]) -> Series:
    """``values`` (len(x), seeds), where the number of seeds may differ between points."""
    low: list[float | None] = []
    high: list[float | None] = []
    for seeds in values:
        interval = mean_intervals(np.array([seeds]))[0] if len(seeds) > 1 else None
        low.append(interval.low if interval else None)
        high.append(interval.high if interval else None)
    return Series(
        label,
        tuple(map(float, x)),
        tuple(float(np.mean(seeds)) for seeds in values),
        tuple(low),
        tuple(high),
        max(len(seeds) for seeds in values),
    )
