"""Two sets of results, cell by cell and seed by seed: what ``diff`` shows and ``check`` judges."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance
from typing import Literal

import numpy as np

from vmbench.results import Result
from vmbench_leaderboard.cells import RowKey, Run, Task, TaskKey
from vmbench_leaderboard.coherence import require_coherent
from vmbench_leaderboard.collect import collect
from vmbench_leaderboard.filters import Filters
from vmbench_leaderboard.scoring import sample
from vmbench_leaderboard.settings import label_settings
from vmbench_leaderboard.statistics.sampling import Sample

Presence = Literal["both", "base only", "head only", "no shared seed"]


@dataclass(frozen=True)
class TestNoise:
    """What the test units say of the noise of a mean difference (see :mod:`~.statistics.sampling`).

    Attributes:
        units: its variance over test units, paired between base and head.
        both: the part of ``units`` that is counted in the variance over seeds as well.
        degrees: degrees of freedom of ``units``.
    """

    __test__ = False  # no test class, whatever pytest makes of its name

    units: float
    both: float
    degrees: float


@dataclass(frozen=True)
class Change:
    """One cell in base and head.

    Attributes:
        row: method, objective and settings.
        task: the task and its metric.
        presence: whether the two can be compared; they are over seeds that both have.
        differences: head minus base in the metric's unit, one per shared seed, by seed.
        test: what the test units say; ``None`` where a result does not tell them.
        base: mean in base, over the shared seeds where there are any.
        head: mean in head, likewise.
        base_seeds: number of seeds in base.
        head_seeds: number of seeds in head.
    """

    row: RowKey
    task: Task
    presence: Presence
    differences: tuple[float, ...] = ()
    test: TestNoise | None = None
    base: float | None = None
    head: float | None = None
    base_seeds: int = 0
    head_seeds: int = 0

    @property
    def change(self) -> float | None:
        """Mean difference over shared seeds."""
        return fmean(self.differences) if self.differences else None

    @property
    def drop(self) -> float | None:
        """How much worse head is, in the metric's unit; negative where it is better."""
        change = self.change
        return None if change is None else (-change if self.task.higher_is_better else change)

    @property
    def spread(self) -> float | None:
        """Variance of the differences, ``None`` below two shared seeds."""
        return variance(self.differences) if len(self.differences) > 1 else None


@dataclass(frozen=True)
class Comparison:
    """All cells of base or head, in the order of rows and tasks, and what else differs."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]


def compare(
    base: Sequence[Result], head: Sequence[Result], filters: Filters | None = None
) -> Comparison:
    """Pair the cells of ``base`` and ``head``.

    A row is the same in both if its settings are; a method that has one set of settings in each
    is paired even if they differ, and a note says so.

    Raises:
        UserError: base and head differ in preset, dataset revision or scoring; an unknown filter.
    """
    filters = filters or Filters()
    filters.require_known([*base, *head])
    base = [result for result in base if filters.keeps(result)]
    head = [result for result in head if filters.keeps(result)]
    both = [*base, *head]
    if both:
        require_coherent(both)
    labels = label_settings(both)
    old, new, notes = _pair_labels(base, labels[: len(base)], head, labels[len(base) :])
    before, after = collect(base, old), collect(head, new)
    tasks = {task.key: task for task in (*before.tasks, *after.tasks)}
    changes = []
    for row in sorted(before.runs.keys() | after.runs.keys()):
        had, has = before.runs.get(row, {}), after.runs.get(row, {})
        changes += [
            _change(row, tasks[key], had.get(key, ()), has.get(key, ()))
            for key in sorted(had.keys() | has.keys())
        ]
    return Comparison(tuple(changes), tuple(notes))


def _change(row: RowKey, task: Task, base: Sequence[Run], head: Sequence[Run]) -> Change:
    before = {run.seed: run for run in base}
    after = {run.seed: run for run in head}
    shared = sorted(before.keys() & after.keys())
    presence: Presence = "both"
    if not before or not after:
        presence = "base only" if before else "head only"
    elif not shared:
        presence = "no shared seed"
    return Change(
        row,
        task,
        presence,
        tuple(after[seed].value - before[seed].value for seed in shared),
        _test_noise([before[seed] for seed in shared], [after[seed] for seed in shared]),
        _mean(before, shared),
        _mean(after, shared),
        len(before),
        len(after),
    )


def _test_noise(base: Sequence[Run], head: Sequence[Run]) -> TestNoise | None:
    """Of the mean difference of runs with the same seeds."""
    if not base:
        return None
    cells = sample([base, head], [run.seed for run in base])
    if cells.units is None:
        return None
    gaps = Sample(np.diff(cells.values, axis=0), np.diff(cells.units, axis=0), cells.shares)
    units, both = (float((noise**2).sum()) for noise in (gaps.of_units, gaps.of_both))
    return TestNoise(units, both, gaps.unit_degrees)


def _mean(runs: Mapping[int, Run], shared: Iterable[int]) -> float | None:
    chosen = [runs[seed] for seed in shared] or list(runs.values())
    return fmean(run.value for run in chosen) if chosen else None


def _pair_labels(
    base: Sequence[Result], old: Sequence[str], head: Sequence[Result], new: Sequence[str]
) -> tuple[list[str], list[str], list[str]]:
    """Drop the labels of a method that has one in base and another in head, with a note."""
    before, after = _labels_of(base, old), _labels_of(head, new)
    paired: set[tuple[str, str]] = set()
    notes = []
    for name in sorted(before.keys() & after.keys()):
        if len(before[name]) == len(after[name]) == 1 and before[name] != after[name]:
            (was,), (now,) = before[name], after[name]
            paired.add(name)
            notes.append(
                f"{RowKey(*name)} has other settings in head: {now or 'the usual ones'}; "
                f"in base: {was or 'the usual ones'}."
            )
    return _without(paired, base, old), _without(paired, head, new), notes


def _without(
    paired: set[tuple[str, str]], results: Sequence[Result], labels: Sequence[str]
) -> list[str]:
    return [
        "" if (result.method, result.objective or "") in paired else label
        for result, label in zip(results, labels, strict=True)
    ]


def _labels_of(results: Sequence[Result], labels: Sequence[str]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for result, label in zip(results, labels, strict=True):
        found[result.method, result.objective or ""].add(label)
    return found


@dataclass(frozen=True)
class Pooled:
    """A variance of paired differences, and its degrees of freedom."""

    variance: float
    degrees: int


def pooled_spread(changes: Iterable[Change]) -> dict[TaskKey, Pooled]:
    """Variance of the differences of each task, pooled over rows by their degrees of freedom.

    Tasks on which no row has two shared seeds are absent.
    """
    total: dict[TaskKey, float] = defaultdict(float)
    degrees: dict[TaskKey, int] = defaultdict(int)
    for change in changes:
        spread = change.spread
        if spread is not None:
            freedom = len(change.differences) - 1
            total[change.task.key] += spread * freedom
            degrees[change.task.key] += freedom
    return {key: Pooled(total[key] / degrees[key], degrees[key]) for key in total}
