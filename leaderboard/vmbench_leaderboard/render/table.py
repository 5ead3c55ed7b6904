"""Boards as tables on a terminal, of whatever width and alphabet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

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

# Columns that a narrow terminal can do without, the first to go first. Numbers stay.
SPARED = ("coverage", "seeds", "views", "time", "objective", "rank")
PLAIN = str.maketrans({"±": "+-", "\N{EN DASH}": "-"})


def render(boards: Sequence[Board]) -> RenderableType:
    """A table per domain, the one over all domains last, where the eye is; then the legend."""
    parts: list[RenderableType] = []
    for board in boards[1:]:
        parts += [_Table(board, board_columns(board)), *_remarks(board), ""]
    parts += [_Table(boards[0], overview_columns(boards)), *_remarks(boards[0]), ""]
    return Group(*parts, Text(LEGEND, style="dim"))


@dataclass(frozen=True)
class _Table:
    """A table that fits: without some columns, without intervals, at last as a list."""

    board: Board
    columns: Sequence[Column]

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        boundless = options.update(width=10_000)
        for table, spared in self._candidates(options.ascii_only):
            if Measurement.get(console, boundless, table).maximum <= options.max_width:
                yield table
                if spared:
                    yield Text(f"  Not shown at this width: {', '.join(spared)}.", style="dim")
                return
        yield from self._list(options.ascii_only)

    def _candidates(self, ascii_only: bool) -> Iterator[tuple[Table, list[str]]]:
        columns, spared = list(self.columns), list[str]()
        yield self._table(columns, ascii_only), spared
        for key in SPARED:
            gone = [column for column in columns if column.key == key]
            columns = [column for column in columns if column.key != key]
            spared = [*spared, *(column.title.lower() for column in gone)]
            yield self._table(columns, ascii_only), spared
        yield self._table(columns, ascii_only, intervals=False), [*spared, "intervals"]

    def _table(
        self, columns: Sequence[Column], ascii_only: bool, *, intervals: bool = True
    ) -> Table:
        table = Table(title=_title(self.board), title_justify="left")
        for column in columns:
            side: Literal["left", "right"] = "right" if column.numeric else "left"
            table.add_column(Text(column.title), justify=side, overflow="fold", no_wrap=True)
        whole = any(column.key == "objective" for column in columns)
        for row in self.board.rows:
            texts = [
                self._text(row, column, ascii_only, intervals=intervals, whole=whole)
                for column in columns
            ]
            table.add_row(*texts, style=_style(row))
        return table

    def _list(self, ascii_only: bool) -> Iterator[RenderableType]:
        """A line per number, for terminals on which no table fits."""
        yield Text(f"{self.board.title} ({self.board.preset})", style="italic")
        numbers = [c for c in self.columns if c.numeric and c.key not in SPARED]
        for row in self.board.rows:
            place = f"{row.rank}. " if row.rank is not None else ""
            yield Text(f"{place}{row.key}", style=_style(row))
            for column in numbers:
                yield Text(f"  {column.title} ") + self._text(row, column, ascii_only)

    def _text(
        self,
        row: Row,
        column: Column,
        ascii_only: bool,
        *,
        intervals: bool = True,
        whole: bool = True,
    ) -> Text:
        """Text and not markup: a method's name is data."""
        text = column.produce(row).text
        if column.key == "method" and not whole and row.key.objective and self._objectives() > 1:
            text = str(row.key)
        if not intervals and column.key not in SPARED and column.numeric:
            text = text.partition(" ")[0]
        return Text(text.translate(PLAIN) if ascii_only else text)

    def _objectives(self) -> int:
        return len({row.key.objective for row in self.board.rows if row.key.objective})


def _title(board: Board) -> str:
    return escape(f"{board.title} ({board.preset})")


def _style(row: Row) -> str:
    return "italic dim" if row.yardstick else ("" if row.complete else "dim")


def _remarks(board: Board) -> list[RenderableType]:
    lines = [f"failed: {run}: {reason}" for run, reason in failed_runs(board)]
    lines += [f"missing from {row.key}: {names}" for row, names in missing_cells(board)]
    return [Text(f"  {line}") for line in [*lines, *notes_of(board)]]
