"""The first board as CSV: one line a row, numbers and bounds in columns of their own."""

import csv
import io
from collections.abc import Sequence

from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Row
from vmbench_leaderboard.columns import Column, board_columns


def render(boards: Sequence[Board]) -> str:
    """Every column of the board over all tasks; an absent number is an empty field.

    A task, the rank and the score have ``... low`` and ``... high`` beside them, and a task its
    ``... seeds``; time is in seconds.
    """
    board = boards[0]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = board_columns(board)
    names = [name for column in columns for name in _names(column)]
    writer.writerow([*names, "settings", "yardstick", "preset"])
    for row in board.rows:
        fields = [field for column in columns for field in _fields(column, row)]
        yardstick = "yes" if row.yardstick else "no"
        writer.writerow([*fields, _text(row.key.settings), yardstick, _text(board.preset)])
    return out.getvalue()


def _names(column: Column) -> list[str]:
    if column.key == "time":
        return ["seconds"]
    if column.task is not None:
        return [_text(f"{column.key}{part}") for part in ("", " low", " high", " seeds")]
    if column.key in {"rank", "score"}:
        return [column.key, f"{column.key} low", f"{column.key} high"]
    return [column.key]


def _fields(column: Column, row: Row) -> list[str]:
    value = column.produce(row)
    if column.key == "method":
        return [_text(row.key.method)]
    if column.key == "objective":
        return [_text(row.key.objective)]
    if not column.numeric:
        return [_text(value.text)]
    number = _number(value.number)
    if column.task is not None:
        cell = row.cells.get(column.task.key)
        seeds = str(len(cell.runs)) if cell else "0"
        return [number, _number(value.low), _number(value.high), seeds]
    if column.key in {"rank", "score"}:
        return [number, _number(value.low), _number(value.high)]
    return [number]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _text(text: str) -> str:
    """A spreadsheet takes a field that starts so for a formula; an apostrophe keeps it text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
