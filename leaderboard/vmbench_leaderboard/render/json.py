"""Boards as one JSON document, for programs."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Cell, Row, Scale
from vmbench_leaderboard.contrasts import Contrasts, contrast
from vmbench_leaderboard.statistics.sampling import Interval

FORMAT = 2


def render(boards: Sequence[Board]) -> str:
    """``{"format": 2, "boards": [...]}``; the first board is the one over all tasks."""
    document = {"format": FORMAT, "boards": [board_data(board) for board in boards]}
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def board_data(board: Board) -> dict[str, Any]:
    """One board as plain data: numbers are numbers, and what is unknown is null."""
    return {
        "title": board.title,
        "domains": list(board.domains),
        "preset": board.preset,
        "ranked_by": board.ranked_by,
        "tasks": [
            {
                "name": str(task.key),
                "metric": task.metric,
                "higher_is_better": task.higher_is_better,
                "n_test": task.n_test,
                "n_classes": task.n_classes,
                "split_rule": task.split_rule,
                "test_groups": task.groups,
                "scale": _scale(board.scales.get(task.key)),
                "uncounted": board.uncounted.get(task.key),
            }
            for task in board.tasks
        ],
        "rows": [_row(row) for row in board.rows],
        "contrasts": _contrasts(contrast(board)),
        "notes": list(board.notes),
        "failures": [each.model_dump(mode="json") for each in board.failures],
    }


def _scale(scale: Scale | None) -> dict[str, Any] | None:
    """0 and 1 of a task's score; null where it does not count, for the reason ``uncounted``."""
    if scale is None:
        return None
    return {
        "floor": scale.floor,
        "floor_row": str(scale.floor_row),
        "ceiling": scale.ceiling,
        "ceiling_row": str(scale.ceiling_row),
        "standard_error": scale.error,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "method": row.key.method,
        "objective": row.key.objective or None,
        "settings": row.key.settings or None,
        "views": row.views,
        "yardstick": row.yardstick,
        "rank": row.rank,
        "rank_interval": list(row.rank_interval) if row.rank_interval else None,
        "score": row.score,
        "score_interval": _interval(row.score_interval),
        "score_interval_covers": row.score_covers,
        "seconds": row.seconds,
        "cells": {str(key): _cell(cell) for key, cell in row.cells.items()},
        "missing": [str(key) for key in row.missing],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "mean": cell.mean,
        "interval": _interval(cell.interval),
        "interval_covers": cell.covers,
        "normalised": cell.normalised,
        "runs": [
            {"seed": run.seed, "value": run.value, "run_id": run.result.run_id} for run in cell.runs
        ],
    }


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _contrasts(found: Contrasts) -> dict[str, Any]:
    critical = found.critical
    return {
        "rows": [str(key) for key in found.rows],
        "unit": found.unit,
        "probability_of_improvement": _matrix(found.improvement),
        "difference": _matrix(found.paired.difference),
        "standard_error": _matrix(found.paired.error),
        "shared_seeds": _matrix(found.paired.seeds),
        "silence": found.silence,
        "p": _matrix(found.paired.p),
        "p_holm": _matrix(found.paired.p_holm),
        "critical_difference": None
        if critical is None
        else {
            "mean_ranks": critical.mean_ranks.tolist(),
            "friedman_p": critical.p,
            "distance": critical.distance,
            "groups": [list(group) for group in critical.groups],
        },
    }


def _matrix(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[list[float | None]]:
    """Rows of numbers, null where a pair cannot be compared."""
    return [
        [None if value != value else value for value in line]  # NaN differs from itself
        for line in values.tolist()
    ]
