"""Boards as GitHub-flavoured Markdown, for a README or a paper's supplement."""

import re
from collections.abc import Sequence

from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Row
from vmbench_leaderboard.columns import (
    LEGEND,
    Column,
    board_columns,
    failed_runs,
    missing_cells,
    notes_of,
    overview_columns,
)


def render(boards: Sequence[Board]) -> str:
    """The overview, a section for each domain, and one legend."""
    parts = [section(boards[0], overview_columns(boards))]
    parts += [section(board, board_columns(board)) for board in boards[1:]]
    return "\n".join([*parts, footnote(), ""])


def section(board: Board, columns: Sequence[Column]) -> str:
    """A heading, the table, the missing cells and the notes of one board."""
    lines = [f"## {escape(board.title)} ({escape(board.preset)})", "", table(board, columns), ""]
    lines += [f"- {line}" for line in remarks(board)]
    return "\n".join([*lines, ""])


def table(board: Board, columns: Sequence[Column]) -> str:
    """The table alone; yardsticks in italics."""
    heading = "| " + " | ".join(escape(column.title) for column in columns) + " |"
    ruler = "|" + "|".join("--:" if column.numeric else ":--" for column in columns) + "|"
    return "\n".join([heading, ruler, *(_line(columns, row) for row in board.rows)])


def remarks(board: Board) -> list[str]:
    """Failed runs with the reason, missing cells by name, then the notes."""
    lines = [f"Failed: {escape(run)}: {escape(reason)}" for run, reason in failed_runs(board)]
    lines += [
        f"Missing from {escape(str(row.key))}: {escape(names)}."
        for row, names in missing_cells(board)
    ]
    return [*lines, *map(escape, notes_of(board))]


def footnote() -> str:
    """What the columns mean."""
    return f"{LEGEND} Rows in italics are yardsticks, not contenders."


def _line(columns: Sequence[Column], row: Row) -> str:
    texts = [escape(column.produce(row).text) for column in columns]
    if row.yardstick:
        name = [column.key for column in columns].index("method")
        texts[name] = f"*{texts[name]}*"
    return "| " + " | ".join(texts) + " |"


def escape(text: str) -> str:
    r"""Text that stays text in Markdown and in the HTML that it may hold.

    >>> escape("<script>|_x_")
    '&lt;script&gt;\\|\\_x\\_'
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_|\[\]])", r"\\\1", text)
    # An address or a mention would become a link: break it with an invisible entity.
    text = re.sub(r"(?i)(https?):", r"\1&#58;", text).replace("@", "&#64;")
    return " ".join(text.split())
