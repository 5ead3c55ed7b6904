"""The parts of a board: tasks, runs, cells, rows. Immutable, and plain to read from a renderer."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from vmbench.results import Result, TaskResult
from vmbench_leaderboard.statistics.bootstrap import Interval

FLOOR = "random-init"
CEILING = "supervised"
YARDSTICKS = frozenset({FLOOR, "raw-features", CEILING})

ViewKind = Literal["learned", "handcrafted", "fixed", "none", "unknown"]


@dataclass(frozen=True, order=True)
class TaskKey:
    """Which task: one label of one dataset, in one domain."""

    domain: str
    dataset: str
    task: str

    def __str__(self) -> str:
        """As in the docs: ``audio:fsdd/digit``."""
        return f"{self.domain}:{self.dataset}/{self.task}"


@dataclass(frozen=True)
class Task:
    """A task and how it is scored."""

    key: TaskKey
    metric: str
    higher_is_better: bool
    n_test: int
    n_classes: int
    split_rule: str


@dataclass(frozen=True, order=True)
class RowKey:
    """Which row. ``objective`` is ``""`` for a method without one; ``settings`` see `settings`."""

    method: str
    objective: str
    settings: str = ""

    def __str__(self) -> str:
        """As in a sentence: ``viewmaker (simclr, epsilon=0.1)``."""
        inside = ", ".join(part for part in (self.objective, self.settings) if part)
        return f"{self.method} ({inside})" if inside else self.method


@dataclass(frozen=True)
class Run:
    """One value of a cell and the run that it came from."""

    result: Result
    scored: TaskResult

    @property
    def seed(self) -> int:
        """Seed of the pretraining."""
        return self.result.seed

    @property
    def value(self) -> float:
        """Test value, in the metric's unit."""
        return self.scored.value


@dataclass(frozen=True)
class Cell:
    """The runs of one row on one task, at least one, by seed.

    Attributes:
        runs: one per seed, in the order of seeds.
        mean: over seeds, in the metric's unit.
        interval: 95% bootstrap interval of the mean; ``None`` for a single seed.
        normalised: mean on the scale where random-init is 0 and supervised 1; ``None`` where the
            task has no such scale.
    """

    runs: tuple[Run, ...]
    mean: float
    interval: Interval | None
    normalised: float | None

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds, ascending."""
        return tuple(run.seed for run in self.runs)


@dataclass(frozen=True)
class Scale:
    """What a task's values are measured against: the mean of each yardstick over its seeds."""

    floor: float
    ceiling: float

    def normalise(self, value: float) -> float:
        """0 at the floor and 1 at the ceiling, whichever of them is the greater number."""
        return (value - self.floor) / (self.ceiling - self.floor)


@dataclass(frozen=True)
class Row:
    """One method with one objective over all tasks of the board.

    Attributes:
        key: which row.
        views: kind of the method's views, ``unknown`` for a method that is not installed.
        cells: by task; a task without a run is absent.
        missing: tasks without a run.
        score: IQM of normalised values over tasks and seeds; ``None`` for an incomplete row, or
            where no task has a scale.
        score_interval: its 95% bootstrap interval; ``None`` also where a cell has one seed.
        rank: among complete rows, 1 is best; ``None`` for an incomplete row.
        rank_interval: 95% interval of the rank; ``None`` also where a cell has one seed.
        seconds: mean time of a run (pretraining, features and probes), added up over domains.
    """

    key: RowKey
    views: ViewKind
    cells: Mapping[TaskKey, Cell]
    missing: tuple[TaskKey, ...]
    score: float | None
    score_interval: Interval | None
    rank: int | None
    rank_interval: tuple[int, int] | None
    seconds: float

    @property
    def yardstick(self) -> bool:
        """Whether the row is a floor or a ceiling and not a contender."""
        return self.key.method in YARDSTICKS

    @property
    def complete(self) -> bool:
        """Whether every task has at least one run."""
        return not self.missing

    @property
    def seeds(self) -> tuple[int, int]:
        """Fewest and most seeds of its cells."""
        counts = [len(cell.runs) for cell in self.cells.values()]
        return min(counts), max(counts)

    @property
    def mean_value(self) -> float:
        """Plain mean of the cells' means: orders incomplete rows, and is never shown."""
        return fmean(cell.mean for cell in self.cells.values())
