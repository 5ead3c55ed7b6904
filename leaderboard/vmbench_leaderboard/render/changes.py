"""A judged comparison of two sets of results: as a terminal table, as lines, as JSON data."""

import json
from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from vmbench_leaderboard.check import Judged, Outcome
from vmbench_leaderboard.wording import counted

STYLES = {"worse": "bold red", "better": "green", "missing": "yellow", "new": "cyan", "same": ""}
ORDER: tuple[Outcome, ...] = ("worse", "missing", "better", "new", "same")


def verdict(judged: Sequence[Judged]) -> str:
    """One sentence: how many cells are worse, missing, better, new and the same."""
    counts = Counter(one.outcome for one in judged)
    parts = [f"{counts[outcome]} {outcome}" for outcome in ORDER if counts[outcome]]
    return f"{counted(len(judged), 'cell')}: {', '.join(parts) or 'nothing to compare'}"


def rests_on(judged: Sequence[Judged]) -> list[str]:
    """What the verdict rests on, where that is not seeds."""
    counts = Counter(one.basis for one in judged)
    said = []
    if counts["test units"]:
        said.append(
            f"Too few seeds in {counted(counts['test units'], 'cell')}: the noise is that of test "
            "data alone, not of what another seed does."
        )
    if counts["tolerance"]:
        said.append(
            f"Too few seeds in {counted(counts['tolerance'], 'cell')}, and nothing else measures "
            "the noise: the tolerance alone decides."
        )
    return said


def by_severity(judged: Sequence[Judged]) -> list[Judged]:
    """Worse cells first and unchanged ones last; within an outcome, in the order of the rows."""
    return sorted(judged, key=lambda one: ORDER.index(one.outcome))


def table(judged: Sequence[Judged], notes: Sequence[str], *, all_cells: bool) -> RenderableType:
    """The cells, the most serious first, and notes; ``all_cells`` shows unchanged ones as well."""
    shown = Table()
    for title, right in HEADINGS:
        shown.add_column(title, justify="right" if right else "left", overflow="fold")
    for one in by_severity(judged):
        if all_cells or one.outcome != "same":
            shown.add_row(*(Text(text) for text in fields(one)), style=STYLES[one.outcome])
    tables = [shown] if shown.row_count else []
    said = [Text(note) for note in (*notes, *rests_on(judged))]
    return Group(*tables, *said, Text(verdict(judged)))


# Title, and whether the column is aligned to the right.
HEADINGS = (
    ("Outcome", False),
    ("Row", False),
    ("Task", False),
    ("Base", True),
    ("Head", True),
    ("Change", True),
    ("Allowed", True),
    ("Seeds", True),
    ("Noise from", False),
)


def fields(one: Judged) -> tuple[str, ...]:
    """A line under :data:`HEADINGS`; the change with its standard error, where that is known."""
    change = one.change
    moved = "-" if change.change is None else f"{change.change:+.4f}"
    if one.error is not None:
        moved += f" (SE {one.error:.4f})"
    seeds = str(len(change.differences))
    if (change.base_seeds, change.head_seeds) != (len(change.differences),) * 2:
        seeds += f" of {change.base_seeds} and {change.head_seeds}"
    return (
        one.outcome,
        str(change.row),
        str(change.task.key),
        "-" if change.base is None else f"{change.base:.4f}",
        "-" if change.head is None else f"{change.head:.4f}",
        moved,
        "-" if one.allowed is None else f"{one.allowed:.4f}",
        seeds,
        one.basis or "-",
    )


def document(judged: Sequence[Judged], notes: Sequence[str], tolerance: float, k: float) -> str:
    """One JSON document."""
    data = {
        "format": 1,
        "tolerance": tolerance,
        "k": k,
        "verdict": verdict(judged),
        "cells": [
            {
                "outcome": one.outcome,
                "method": one.change.row.method,
                "objective": one.change.row.objective or None,
                "settings": one.change.row.settings or None,
                "task": str(one.change.task.key),
                "metric": one.change.task.metric,
                "higher_is_better": one.change.task.higher_is_better,
                "base": one.change.base,
                "head": one.change.head,
                "change": one.change.change,
                "standard_error": one.error,
                "allowed": one.allowed,
                "noise_from": one.basis,
                "shared_seeds": len(one.change.differences),
                "base_seeds": one.change.base_seeds,
                "head_seeds": one.change.head_seeds,
            }
            for one in judged
        ],
        "notes": [*notes, *rests_on(judged)],
    }
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
