"""The parts of a board: tasks, runs, cells, rows. Immutable, and plain to read from a renderer."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from vmbench.results import Result, TaskResult, ViewKind
from vmbench_leaderboard.statistics.sampling import Covers, Interval

# The protocol's yardsticks: an untrained encoder as built and with calibrated batch norms, of
# which the stronger on val is the zero of a task's score; and labels.
FLOORS = ("random-init", "random-init-calibrated")
CEILING = "supervised"


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
    groups: int | None = None  # independent groups (people, animals ...) in test, where it has any


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
        interval: 95% interval of the mean; ``None`` where nothing tells its noise.
        covers: what the interval covers: ``test`` for a single seed.
        normalised: mean on the scale of floor and ceiling; ``None`` where the task does not count.
    """

    runs: tuple[Run, ...]
    mean: float
    interval: Interval | None
    covers: Covers | None
    normalised: float | None

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds, ascending."""
        return tuple(run.seed for run in self.runs)


@dataclass(frozen=True)
class Scale:
    """What a task's values are measured against: the mean of each yardstick over its seeds.

    Attributes:
        floor: value that is 0.
        ceiling: value that is 1.
        floor_row: the row whose mean ``floor`` is: of several, the stronger on val.
        ceiling_row: the row whose mean ``ceiling`` is.
        error: standard error of ceiling minus floor; ``None`` where nothing tells it.
    """

    floor: float
    ceiling: float
    floor_row: RowKey
    ceiling_row: RowKey
    error: float | None

    def normalise(self, value: float) -> float:
        """0 at the floor and 1 at the ceiling, whichever of them is the greater number."""
        return (value - self.floor) / (self.ceiling - self.floor)


@dataclass(frozen=True)
class Row:
    """One method with one objective over all tasks of the board.

    Attributes:
        key: which row.
        views: kind of the method's views.
        yardstick: whether the row is a floor or a ceiling and not a contender.
        cells: by task; a task without a run is absent.
        missing: tasks without a run.
        score: interquartile mean over tasks of normalised means; ``None`` for an incomplete row,
            or where no task counts.
        score_interval: its 95% interval; ``None`` also where nothing tells the noise, and for a
            yardstick that is measured by itself.
        score_covers: what that interval covers.
        rank: among complete rows, 1 is best; ``None`` for an incomplete row.
        rank_interval: 95% interval of the rank; ``None`` also where nothing tells the noise.
        seconds: mean time of a run (pretraining, features and probes), added up over domains.
    """

    key: RowKey
    views: ViewKind
    yardstick: bool
    cells: Mapping[TaskKey, Cell]
    missing: tuple[TaskKey, ...]
    score: float | None
    score_interval: Interval | None
    score_covers: Covers | None
    rank: int | None
    rank_interval: tuple[int, int] | None
    seconds: float

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
