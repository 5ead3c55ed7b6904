"""Boards as one self-contained web page: no network, no build step, every string escaped.

The numbers are in the markup and readable without scripts; the script sorts, filters and opens a
cell. A content security policy allows that script and nothing else, by its hash.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmbench.errors import missing_package
from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Cell, Row, RowKey, TaskKey
from vmbench_leaderboard.columns import (
    LEGEND,
    Column,
    Value,
    board_columns,
    failed_runs,
    missing_cells,
    notes_of,
    overview_columns,
)
from vmbench_leaderboard.contrasts import Contrasts, contrast
from vmbench_leaderboard.render.plots import Plot, Whisker, score_plot, time_plot, whiskers
from vmbench_leaderboard.wording import counted

if TYPE_CHECKING:
    from jinja2 import Template

HERE = Path(__file__).parent
COVERS = {
    "seeds and test": "seeds and test data",
    "seeds": "seeds alone",
    "test": "test data alone",
}
# A matrix of more rows than this is no longer read by anybody; the JSON export has it whole.
LARGEST_MATRIX = 40


@dataclass(frozen=True)
class TableCell:
    """What a table cell shows; ``opens`` names the runs behind it, if any."""

    value: Value
    whisker: Whisker | None
    opens: str | None


@dataclass(frozen=True)
class Section:
    """One board on the page."""

    anchor: str
    board: Board
    columns: tuple[Column, ...]
    lines: tuple[tuple[Row, tuple[TableCell, ...]], ...]
    plots: tuple[Plot, ...]
    failed: tuple[tuple[str, str], ...]
    missing: tuple[tuple[Row, str], ...]
    notes: tuple[str, ...]
    scaled: Mapping[TaskKey, str]
    contrasts: Contrasts | None
    groups: tuple[tuple[RowKey, ...], ...]


def render(boards: Sequence[Board]) -> str:
    """The page. Raises :class:`UserError` that names the extra if Jinja2 is not installed."""
    template = _template()
    script = (HERE / "board.js").read_text(encoding="utf-8")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    names = _cell_names(boards[0])
    return template.render(
        sections=[_section(board, boards, place, names) for place, board in enumerate(boards)],
        data=_data(boards[0], names),
        legend=LEGEND,
        preset=boards[0].preset,
        seeds=_seeds(boards[0]),
        objective=_objective(boards[0]),
        style=(HERE / "board.css").read_text(encoding="utf-8"),
        script=script,
        digest=digest,
    )


def _template() -> "Template":
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise missing_package("jinja2", "leaderboard", "the web page") from error
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["parts"] = _parts
    return environment.get_template("board.html.jinja")


def _parts(name: str) -> list[str]:
    """A name cut where a line may break: after a plus, a hyphen, an underscore or a slash."""
    return re.findall(r"[^-+_/]*[-+_/]*", name)[:-1]


Names = dict[tuple[RowKey, TaskKey], str]


def _cell_names(board: Board) -> Names:
    """A short name for each cell, shared by all boards that show it."""
    cells = [(row.key, key) for row in board.rows for key in row.cells]
    return {cell: f"c{place}" for place, cell in enumerate(cells)}


def _section(board: Board, boards: Sequence[Board], place: int, names: Names) -> Section:
    columns = overview_columns(boards) if place == 0 else board_columns(board)
    columns = _worth_a_column(board, columns)
    drawn = [
        whiskers(column, board.rows) if column.key.startswith("score") or column.task else {}
        for column in columns
    ]
    lines = tuple(
        (
            row,
            tuple(
                TableCell(
                    column.produce(row),
                    drawing.get(line),
                    names.get((row.key, column.task.key)) if column.task else None,
                )
                for column, drawing in zip(columns, drawn, strict=True)
            ),
        )
        for line, row in enumerate(board.rows)
    )
    found = contrast(board) if 1 < len(board.ranked) <= LARGEST_MATRIX else None
    critical = found.critical if found else None
    groups = tuple(
        tuple(found.rows[index] for index in group)
        for group in (critical.groups if critical else ())
        if found
    )
    return Section(
        anchor=f"board-{place}",
        board=board,
        columns=columns,
        lines=lines,
        plots=tuple(plot for plot in (score_plot(board), time_plot(board)) if plot),
        failed=tuple(failed_runs(board)),
        missing=tuple(missing_cells(board)),
        notes=tuple(notes_of(board)),
        scaled={task.key: _scaled(board, task.key) for task in board.tasks},
        contrasts=found,
        groups=groups,
    )


def _worth_a_column(board: Board, columns: Sequence[Column]) -> tuple[Column, ...]:
    """All columns but those that say the same of every row, which the page says above."""
    same = {
        "coverage": not board.incomplete,
        "seeds": _seeds(board) is not None,
        "objective": _objective(board) is not None,
    }
    return tuple(column for column in columns if not same.get(column.key, False))


def _seeds(board: Board) -> str | None:
    """How many seeds every cell has, if all have as many."""
    counts = {len(cell.runs) for row in board.rows for cell in row.cells.values()}
    return counted(counts.pop(), "seed") if len(counts) == 1 else None


def _objective(board: Board) -> str | None:
    """The objective of all rows that have one, if it is the same."""
    found = {row.key.objective for row in board.rows if row.key.objective}
    return found.pop() if len(found) == 1 else None


def _scaled(board: Board, key: TaskKey) -> str:
    """What 0 and 1 are on a task, or why it has no scale."""
    scale = board.scales.get(key)
    if scale is None:
        return f"not counted towards the score: {board.uncounted[key]}"
    return (
        f"0 is {scale.floor_row} ({scale.floor:.3f}), 1 is {scale.ceiling_row} "
        f"({scale.ceiling:.3f})"
    )


def _data(board: Board, names: Names) -> dict[str, Any]:
    """What the script shows when a cell is opened; each run and configuration appears once."""
    configs: dict[str, Any] = {}
    runs: dict[str, Any] = {}
    cells = {}
    for row in board.rows:
        for key, cell in row.cells.items():
            for run in cell.runs:
                result = run.result
                configs.setdefault(result.config_hash, result.config)
                runs.setdefault(
                    result.run_id,
                    {
                        "command": result.command,
                        "created": result.created,
                        "config": result.config_hash,
                        "environment": result.environment.model_dump(),
                        "pretrain": result.pretrain.model_dump(),
                        "parameters": result.parameters.model_dump(),
                        "overrides": result.overrides,
                    },
                )
            cells[names[row.key, key]] = _cell_data(row, key, cell)
    return {"cells": cells, "runs": runs, "configs": configs}


def _cell_data(row: Row, key: TaskKey, cell: Cell) -> dict[str, Any]:
    scored = cell.runs[0].scored
    groups = scored.units if scored.units and scored.units.unit == "group" else None
    return {
        "row": str(row.key),
        "task": str(key),
        "metric": scored.metric,
        "mean": cell.mean,
        "interval": [cell.interval.low, cell.interval.high] if cell.interval else None,
        "covers": COVERS[cell.covers] if cell.covers else None,
        "units": f"{groups.count} independent groups in test. " if groups else "",
        "normalised": cell.normalised,
        "split": scored.split_rule,
        "sizes": [scored.n_train, scored.n_val, scored.n_test],
        "runs": [
            {
                "seed": run.seed,
                "value": run.value,
                "run": run.result.run_id,
                "metrics": run.scored.metrics,
                "floors": run.scored.floors,
                "probe": run.scored.probe.model_dump(),
            }
            for run in cell.runs
        ],
    }
