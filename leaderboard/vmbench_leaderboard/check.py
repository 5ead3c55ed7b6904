"""Judging a comparison: which changes are more than noise.

The rule, for a cell with shared seeds: it is *worse* if its mean drop over those seeds is more than
``max(tolerance, k * error)``. What the error rests on is said of each cell:

- *seeds*: the variance of the cell's own paired differences, or the one pooled over all rows of
  the task if that is greater: with a handful of seeds a cell's own variance is often too small by
  luck. It takes two degrees of freedom: three shared seeds of one row, or two of two rows. Two
  seeds that happen to agree would otherwise make any change certain.
- *test units*: how base and head differ from one test example or group to the next, on the same
  ones. With one or two seeds it stands alone: it sees a change of many answers in one direction,
  and cannot see what another seed would have done.
- *tolerance*: nothing measures the noise (results of schema 1 with one or two seeds).

``k`` is meant for a variance that is known. One that is estimated with few degrees of freedom takes
a longer stride for the same tail: :func:`stride`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import inf, sqrt
from typing import Literal

from vmbench_leaderboard.compare import Change, Pooled, pooled_spread
from vmbench_leaderboard.wording import counted

TOLERANCE = 0.01
K = 3.0

Outcome = Literal["worse", "better", "same", "missing", "new"]
Basis = Literal["seeds and test units", "seeds", "test units", "tolerance"]
# Degrees of freedom from which the variance over seeds is taken at its word.
LEAST_DEGREES = 2


@dataclass(frozen=True)
class Judged:
    """A change and what it amounts to.

    Attributes:
        change: the cell in base and head.
        outcome: ``missing`` covers a cell without a shared seed.
        error: standard error of the mean difference, ``None`` where nothing measures the noise.
        allowed: the drop up to which the cell counts as the same, in the metric's unit.
        basis: what measured the noise; ``None`` where the cell cannot be compared.
    """

    change: Change
    outcome: Outcome
    error: float | None = None
    allowed: float | None = None
    basis: Basis | None = None

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
            f"{counted(len(change.differences), 'shared seed')}, noise from {self.basis})"
        )


@cache
def stride(k: float, degrees: float) -> float:
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
    error, degrees, basis = _noise(change, pooled)
    allowed = tolerance if error is None else max(tolerance, stride(k, degrees) * error)
    # A drop of exactly the tolerance is allowed, also after rounding.
    slack = 1e-12
    outcome: Outcome = "same"
    if drop > allowed + slack:
        outcome = "worse"
    elif -drop > allowed + slack:
        outcome = "better"
    return Judged(change, outcome, error, allowed, basis)


def _noise(change: Change, pooled: Pooled | None) -> tuple[float | None, float, Basis]:
    """Standard error of the mean difference, its degrees of freedom, and what they rest on."""
    test, of_seeds = change.test, None
    if pooled is not None and pooled.degrees >= LEAST_DEGREES:
        of_seeds = max(pooled.variance, change.spread or 0) / len(change.differences)
    if of_seeds is None:
        if test is None:
            return None, inf, "tolerance"
        return sqrt(test.units), test.degrees, "test units"
    assert pooled is not None
    if test is None:
        return sqrt(of_seeds), pooled.degrees, "seeds"
    alike = max(of_seeds - test.both, 0.0)
    total = alike + test.units
    spent = alike**2 / pooled.degrees + test.units**2 / test.degrees
    return sqrt(total), total**2 / spent if spent else inf, "seeds and test units"
