"""The geometry of a board's plots, in units of an SVG's viewBox; the template draws it.

Colours and shapes follow the kind of views, so that a plot reads without colour as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Row
from vmbench_leaderboard.columns import Column, duration

WIDTH = 640
# A line of the score plot holds a name above its interval, so that names of any length fit.
LINE = 40
TOP, BOTTOM = 14, 52
LEFT, RIGHT = 72, 44
# Seconds at which a time axis may begin, end and be marked.
TIMES = {
    0.01: "10 ms",
    0.1: "0.1 s",
    1.0: "1 s",
    10.0: "10 s",
    60.0: "1 min",
    600.0: "10 min",
    3600.0: "1 h",
    36_000.0: "10 h",
    360_000.0: "100 h",
    3_600_000.0: "1000 h",
}


@dataclass(frozen=True)
class Tick:
    """A grid line and its label."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A row in a plot: its point, its interval along x or y, and what it is called."""

    row: Row
    x: float
    y: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Plot:
    """Everything a plot shows; ``left``, ``right``, ``top`` and ``bottom`` frame the data."""

    title: str
    x_label: str
    y_label: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]


def score_plot(board: Board) -> Plot | None:
    """Scores and their intervals, a row a line, in the order of ranks; None without scores."""
    rows = [row for row in board.ranked if row.score is not None]
    if not rows:
        return None
    low, high = _score_range(rows)
    height = TOP + BOTTOM + LINE * len(rows)
    left, right = RIGHT, WIDTH - RIGHT

    def x(value: float) -> float:
        return _between(value, low, high, left, right)

    marks = []
    for place, row in enumerate(rows):
        score, interval = row.score or 0.0, row.score_interval
        marks.append(
            Mark(
                row,
                x(score),
                TOP + LINE * (place + 0.75),
                x(interval.low) if interval else None,
                x(interval.high) if interval else None,
                _said(row),
            )
        )
    return Plot(
        title=f"Score, {board.title}",
        x_label="normalised score and 95% interval",
        y_label="",
        width=WIDTH,
        height=height,
        left=left,
        right=right,
        top=TOP,
        bottom=height - BOTTOM,
        x_ticks=tuple(Tick(x(at), f"{at:.1f}") for at in _steps(low, high)),
        y_ticks=(),
        marks=tuple(marks),
    )


def time_plot(board: Board) -> Plot | None:
    """Score against the time of a run, on a logarithmic time axis; None without scores."""
    rows = [row for row in board.ranked if row.score is not None and row.seconds > 0]
    if not rows:
        return None
    low, high = _score_range(rows)
    times = _time_axis([row.seconds for row in rows])
    first, last = log10(times[0]), log10(times[-1])
    height, left, right = 340, LEFT, WIDTH - RIGHT
    top, bottom = TOP, height - BOTTOM

    def x(seconds: float) -> float:
        return _between(log10(seconds), first, last, left, right)

    def y(value: float) -> float:
        return _between(value, low, high, bottom, top)

    marks = []
    for row in rows:
        score, interval = row.score or 0.0, row.score_interval
        marks.append(
            Mark(
                row,
                x(row.seconds),
                y(score),
                y(interval.low) if interval else None,
                y(interval.high) if interval else None,
                _said(row),
            )
        )
    return Plot(
        title=f"Score against time, {board.title}",
        x_label="time of a run, logarithmic; numbers are ranks",
        y_label="normalised score",
        width=WIDTH,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        x_ticks=tuple(Tick(x(seconds), TIMES[seconds]) for seconds in times),
        y_ticks=tuple(Tick(y(at), f"{at:.1f}") for at in _steps(low, high)),
        marks=tuple(marks),
    )


@dataclass(frozen=True)
class Whisker:
    """An interval drawn in a table cell, in percent of its width."""

    at: float
    low: float
    high: float


def whiskers(column: Column, rows: Sequence[Row]) -> dict[int, Whisker]:
    """An interval for each row that has one in ``column``, by place in ``rows``, on one scale."""
    values = [column.produce(row) for row in rows]
    bounds = [bound for v in values for bound in (v.low, v.high) if bound is not None]
    if not bounds:
        return {}
    low, high = min(bounds), max(bounds)
    return {
        place: Whisker(*(_between(n, low, high, 4, 96) for n in (v.number, v.low, v.high)))
        for place, v in enumerate(values)
        if v.number is not None and v.low is not None and v.high is not None
    }


def _said(row: Row) -> str:
    score = f"{row.score:.2f}"
    if row.score_interval:
        score += f" ({row.score_interval.low:.2f} to {row.score_interval.high:.2f})"
    return f"{row.key}: score {score}, {duration(row.seconds)} a run"


def _score_range(rows: Sequence[Row]) -> tuple[float, float]:
    """Both yardsticks and every interval, out to the next tenth."""
    ends = [0.0, 1.0]
    for row in rows:
        ends.append(row.score or 0.0)
        if row.score_interval:
            ends += [row.score_interval.low, row.score_interval.high]
    return floor(min(ends) * 10) / 10, ceil(max(ends) * 10) / 10


def _time_axis(seconds: Sequence[float]) -> list[float]:
    """The marks from just before the shortest time to just after the longest, at least two."""
    marks = list(TIMES)
    before = max((i for i, mark in enumerate(marks) if mark <= min(seconds)), default=0)
    after = min((i for i, mark in enumerate(marks) if mark >= max(seconds)), default=len(marks) - 1)
    return marks[before : max(after, before + 1) + 1] if before < len(marks) - 1 else marks[-2:]


def _steps(low: float, high: float) -> list[float]:
    """Round values from ``low`` to ``high``, at most a dozen."""
    step = 0.2
    while (high - low) / step > 12:
        step *= 5 if f"{step:e}".startswith("2") else 2
    first = ceil(low / step - 1e-9)
    return [at * step for at in range(first, floor(high / step + 1e-9) + 1)]


def _between(value: float, low: float, high: float, start: float, end: float) -> float:
    """``value`` moved from [low, high] to [start, end]; the middle where the range is a point."""
    if high <= low:
        return round((start + end) / 2, 2)
    return round(start + (value - low) / (high - low) * (end - start), 2)
