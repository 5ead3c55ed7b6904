"""Figures for a paper: training curves, score against time, epsilon sweeps; SVG or PNG.

Every line also has a marker or a dash of its own, besides its colour.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

from vmbench.figures import COLOURS, drawing, new_figure, save
from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Row, TaskKey
from vmbench_leaderboard.series import Losses, Series, epsilon_sweeps, training_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FigureFormat = Literal["svg", "png"]

DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "font.size": 9,
    "axes.titlesize": 9,
    "legend.fontsize": 8,
}
COLUMNS = 3
# Inches that the legend takes: a key and its gaps, a letter at 8 points, a line.
KEY, LETTER, LINE = 0.6, 0.068, 0.17
# What a metric's values span; the unit of any other is its name.
SPANS = {
    **dict.fromkeys(("accuracy", "balanced_accuracy", "macro_f1", "auroc"), "0 to 1"),
    **dict.fromkeys(("pearson", "spearman"), "-1 to 1"),
}


def draw(
    boards: Sequence[Board],
    losses: Mapping[int, Losses],
    folder: Path,
    format: FigureFormat = "svg",
) -> list[Path]:
    """Write every figure that the results allow, and return the files in the order of drawing.

    Args:
        boards: all domains first where there are several, as :func:`build_boards` returns them.
        losses: step -> loss of each run that has them, by ``id`` of its result.
        folder: existing folder to write to.
        format: ``svg`` or ``png`` (150 dots per inch).

    Raises:
        UserError: if matplotlib is not installed.
    """
    written = []
    with drawing("the figures", STYLE):
        for board in boards:
            figures = {"time": _time(board)}
            if len(board.domains) == 1:
                figures["curves"] = _curves(board, training_curves(board, losses))
                figures["epsilon"] = _epsilon(board, epsilon_sweeps(board))
            for kind, figure in figures.items():
                if figure is not None:
                    path = folder / f"{kind}-{_file_name(board.title)}.{format}"
                    save(figure, path, 150)
                    written.append(path)
    return written


def _curves(board: Board, curves: Mapping[str, Sequence[Series]]) -> "Figure | None":
    """Loss over steps, a panel per objective."""
    if not curves:
        return None
    names = list(dict.fromkeys(s.label for lines in curves.values() for s in lines))
    several = any(series.seeds > 1 for lines in curves.values() for series in lines)
    figure, panels = _panels(
        f"{board.title} ({board.preset}): training loss{_shade(several)}", len(curves)
    )
    for axes, (objective, lines) in zip(panels, curves.items(), strict=True):
        for series in lines:
            style = _style(names.index(series.label))
            axes.plot(series.x, series.y, linewidth=1.3, label=_plain(series.label), **style)
            _band(axes, series, style["color"])
        axes.set_title(_plain(f"objective: {objective or 'none'}"))
        axes.set_xlabel("optimiser steps")
        axes.set_ylabel("loss of a batch (nats)")
    _legend(figure, panels)
    return figure


def _time(board: Board) -> "Figure | None":
    """Normalised score against time where the board has scores, else each task's value."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    scored = [row for row in board.rows if row.score is not None]
    if scored:
        title = f"{board.title} ({board.preset}): score against time"
        several = any(row.score_interval for row in scored)
        figure, panels = _panels(title + ("\nbars: 95% interval" if several else ""), 1)
        for place, row in enumerate(scored):
            interval = row.score_interval
            bounds = (interval.low, interval.high) if interval else None
            assert row.score is not None
            _point(panels[0], place, row, row.score, bounds)
        panels[0].set_ylabel("normalised score (floor = 0, supervised = 1)")
    elif len(board.domains) > 1:
        return None  # values of different metrics and tasks: the domains' own figures have them
    else:
        several = any(cell.interval for row in board.rows for cell in row.cells.values())
        title = f"{board.title} ({board.preset}): value against time"
        figure, panels = _panels(title + _bars(several), len(board.tasks))
        for axes, task in zip(panels, board.tasks, strict=True):
            for place, row in enumerate(board.rows):
                cell = row.cells.get(task.key)
                if cell is not None:
                    bounds = (cell.interval.low, cell.interval.high) if cell.interval else None
                    _point(axes, place, row, cell.mean, bounds)
            axes.set_title(_plain(f"{task.key.dataset}/{task.key.task}"))
            axes.set_ylabel(_metric(task.metric))
    for axes in panels:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.minorticks_off()
        axes.set_xlabel("mean time of a run (s)")
    _legend(figure, panels)
    return figure


def _epsilon(board: Board, sweeps: Mapping[TaskKey, Sequence[Series]]) -> "Figure | None":
    """Value against epsilon, a panel per task."""
    if not sweeps:
        return None
    metrics = {task.key: task.metric for task in board.tasks}
    several = any(series.seeds > 1 for lines in sweeps.values() for series in lines)
    names = list(dict.fromkeys(s.label for lines in sweeps.values() for s in lines))
    figure, panels = _panels(
        f"{board.title} ({board.preset}): the viewmaker's budget{_bars(several)}", len(sweeps)
    )
    ticks = sorted({x for lines in sweeps.values() for series in lines for x in series.x})
    for axes, (task, lines) in zip(panels, sweeps.items(), strict=True):
        for series in lines:
            place = names.index(series.label)
            style = _style(place)
            axes.plot(
                series.x,
                series.y,
                marker=MARKERS[place % len(MARKERS)],
                markersize=5,
                linewidth=1.3,
                label=_plain(series.label),
                **style,
            )
            for x, low, high in zip(series.x, series.low, series.high, strict=True):
                if low is not None and high is not None:
                    axes.vlines(x, low, high, color=style["color"], linewidth=1.3)
        if min(ticks) > 0:
            axes.set_xscale("log")
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_title(_plain(f"{task.dataset}/{task.task}"))
        axes.set_xlabel("epsilon (mean |change| of a normalised input)")
        axes.set_ylabel(_metric(metrics[task]))
    _legend(figure, panels)
    return figure


def _panels(title: str, count: int) -> "tuple[Figure, list[Axes]]":
    columns = min(count, COLUMNS)
    rows = -(-count // columns)
    figure = new_figure(max(5.5, 4.2 * columns), 3.6 * rows + 0.6)
    figure.suptitle(_plain(title))
    grid = figure.subplots(rows, columns, squeeze=False)
    panels: list[Axes] = list(grid.flat)
    for spare in panels[count:]:
        spare.remove()
    return figure, panels[:count]


def _point(
    axes: "Axes", place: int, row: Row, value: float, bounds: tuple[float, float] | None
) -> None:
    colour = COLOURS[place % len(COLOURS)]
    # A log axis has no zero; no run is faster than a millisecond.
    x = max(row.seconds, 1e-3)
    axes.plot(
        [x],
        [value],
        linestyle="none",
        marker=MARKERS[place % len(MARKERS)],
        # A yardstick is hollow: it is no contender.
        markerfacecolor="white" if row.yardstick else colour,
        color=colour,
        markersize=7,
        label=_plain(str(row.key)),
    )
    if bounds is not None:
        axes.vlines(x, *bounds, color=colour, linewidth=1.3)


def _band(axes: "Axes", series: Series, colour: str) -> None:
    inside = [
        (x, low, high)
        for x, low, high in zip(series.x, series.low, series.high, strict=True)
        if low is not None and high is not None
    ]
    if inside:
        x, low, high = zip(*inside, strict=True)
        axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)


def _legend(figure: "Figure", panels: "Sequence[Axes]") -> None:
    """One legend below all panels, each name once, wrapped to fit and with room of its own."""
    entries: dict[str, Any] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    width, height = figure.get_size_inches()
    longest = min(max(map(len, entries)), int((width - KEY) / LETTER))
    columns = max(1, min(len(entries), int(width // (KEY + longest * LETTER))))
    names = [wrap(name, longest) for name in entries]
    texts = ["\n".join(lines) for lines in names]
    per_column = -(-len(names) // columns)
    tallest = max(
        sum(map(len, names[start : start + per_column]))
        for start in range(0, len(names), per_column)
    )
    figure.set_size_inches(width, height + LINE * tallest)
    figure.legend(
        list(entries.values()),
        texts,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
    )


def _metric(name: str) -> str:
    return _plain(f"test {name} ({SPANS[name]})" if name in SPANS else f"test {name}")


def _style(place: int) -> dict[str, Any]:
    return {
        "color": COLOURS[place % len(COLOURS)],
        "linestyle": DASHES[place % len(DASHES)],
    }


def _shade(several: bool) -> str:
    return "\nmean over seeds; shaded: its 95% interval" if several else ""


def _bars(several: bool) -> str:
    return "\nmean over seeds; bars: 95% interval" if several else ""


def _plain(text: str) -> str:
    """Text that stays text: no mathematics, and no name that hides from the legend."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    text = "\n".join(lines).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.") or "board"
