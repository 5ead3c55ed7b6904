"""Judging a comparison: which changes are more than noise.

The rule, for a cell with n shared seeds: it is *worse* if its mean drop over those seeds is more
than ``max(tolerance, k * error)``, where ``error = sqrt(variance / n)``.

- The variance is that of the cell's own paired differences, or the one pooled over all rows of the
  task if that is greater: with a handful of seeds a cell's own variance is often too small by
  luck, and k errors of it would be no bar at all.
- ``k`` is meant for a variance that is known. One that is estimated with few degrees of freedom
  takes a longer stride for the same tail: :func:`stride`.
- With one shared seed a cell has no variance of its own, and the pooled one stands alone. Where no
  row of the task has two shared seeds nothing measures the noise, and the tolerance decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Literal

from vmbench_leaderboard.compare import Change, Pooled, pooled_spread

TOLERANCE = 0.01
K = 3.0

Outcome = Literal["worse", "better", "same", "missing", "new"]


@dataclass(frozen=True)
class Judged:
    """A change and what it amounts to.

    Attributes:
        change: the cell in base and head.
        outcome: ``missing`` covers a cell without a shared seed.
        error: standard error of the mean difference, ``None`` where nothing measures the noise.
        allowed: the drop up to which the cell counts as the same, in the metric's unit.
    """

    change: Change
    outcome: Outcome
    error: float | None = None
    allowed: float | None = None

    @property
    def text(self) -> str:
        """One line for a log: the cell, from what to what, and the bar."""
        change = self.change
        cell = f"{change.row} on {change.task.key}"
        if self.outcome == "missing":
            if change.presence == "no shared seed":
                return f"{cell}: base and head share no seed"
            return f"{cell}: not in head"
        if self.outcome == "new":
            return f"{cell}: not in base"
        return (
            f"{cell}: {change.task.metric} {change.base:.4f} -> {change.head:.4f} "
            f"({change.change:+.4f}, allowed {self.allowed:.4f}, "
            f"{len(change.differences)} shared seeds)"
        )


@cache
def stride(k: float, degrees: int) -> float:
    """Standard errors that have the same tail in Student's t as ``k`` have in a normal.

    Args:
        k: standard errors of a known variance.
        degrees: degrees of freedom of the estimated one, at least 1.

    >>> [round(stride(3.0, degrees), 1) for degrees in (4, 20, 1000)]
    [6.6, 3.4, 3.0]
    """
    from scipy.stats import norm, t

    return float(t.isf(norm.sf(k), degrees))


def judge(
    changes: Iterable[Change], tolerance: float = TOLERANCE, k: float = K
) -> tuple[Judged, ...]:
    """Judge each change by the rule above.

    Args:
        changes: cells of base and head.
        tolerance: drop that never counts, in the metric's unit; at least 0.
        k: standard errors that a drop must exceed; at least 0.
    """
    changes = list(changes)
    pooled = pooled_spread(changes)
    return tuple(_judge(change, pooled.get(change.task.key), tolerance, k) for change in changes)


def _judge(change: Change, pooled: Pooled | None, tolerance: float, k: float) -> Judged:
    drop = change.drop
    if drop is None:
        return Judged(change, "new" if change.presence == "head only" else "missing")
    error, allowed = None, tolerance
    if pooled is not None:
        error = sqrt(max(pooled.variance, change.spread or 0) / len(change.differences))
        allowed = max(tolerance, stride(k, pooled.degrees) * error)
    # A drop of exactly the tolerance is allowed, also after rounding.
    slack = 1e-12
    outcome: Outcome = "same"
    if drop > allowed + slack:
        outcome = "worse"
    elif -drop > allowed + slack:
        outcome = "better"
    return Judged(change, outcome, error, allowed)
