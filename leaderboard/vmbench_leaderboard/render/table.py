"""Boards as tables on a terminal."""

from collections.abc import Sequence
from typing import Literal

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from vmbench_leaderboard.board import Board
from vmbench_leaderboard.columns import (
    LEGEND,
    Column,
    board_columns,
    missing_cells,
    overview_columns,
)


def render(boards: Sequence[Board]) -> RenderableType:
    """A table per domain, the one over all domains last, where the eye is; then the legend."""
    parts: list[RenderableType] = []
    for board in boards[1:]:
        parts += [_table(board, board_columns(board)), *_remarks(board), ""]
    parts += [_table(boards[0], overview_columns(boards)), *_remarks(boards[0]), ""]
    return Group(*parts, Text(LEGEND, style="dim"))


def _table(board: Board, columns: Sequence[Column]) -> Table:
    table = Table(title=escape(f"{board.title} ({board.preset})"), title_justify="left")
    for column in columns:
        side: Literal["left", "right"] = "right" if column.numeric else "left"
        table.add_column(Text(column.title), justify=side, overflow="fold")
    for row in board.rows:
        # Text and not markup: a method's name is data.
        cells = [Text(column.produce(row).text) for column in columns]
        style = "italic dim" if row.yardstick else ("" if row.complete else "dim")
        table.add_row(*cells, style=style)
    return table


def _remarks(board: Board) -> list[RenderableType]:
    lines = [f"missing from {row.key}: {names}" for row, names in missing_cells(board)]
    return [Text(f"  {line}") for line in [*lines, *board.notes]]
