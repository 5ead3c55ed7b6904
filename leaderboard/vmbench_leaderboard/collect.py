"""From results to the runs of each cell, before any statistics."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vmbench.results import Result
from vmbench_leaderboard.cells import RowKey, Run, Task, TaskKey

RunsOfRow = dict[TaskKey, tuple[Run, ...]]


@dataclass(frozen=True)
class Collected:
    """Every run in its cell.

    Attributes:
        tasks: in the order of their keys.
        runs: by row and task, one run per seed, ascending.
        superseded: how many values gave way to a newer one of the same row, task and seed.
    """

    tasks: tuple[Task, ...]
    runs: dict[RowKey, RunsOfRow]
    superseded: int

    def of_domain(self, domain: str) -> "Collected":
        """The same, of one domain; rows without a run there are left out."""
        tasks = tuple(task for task in self.tasks if task.key.domain == domain)
        runs = {
            row: {key: cell for key, cell in cells.items() if key.domain == domain}
            for row, cells in self.runs.items()
        }
        return Collected(tasks, {row: cells for row, cells in runs.items() if cells}, 0)


def collect(results: Sequence[Result], labels: Sequence[str]) -> Collected:
    """Sort coherent ``results`` into cells. Of two runs of one cell and seed the newer counts.

    ``labels`` tells the settings of each result apart (see :mod:`settings`).
    """
    tasks: dict[TaskKey, Task] = {}
    newest: dict[RowKey, dict[TaskKey, dict[int, Run]]] = defaultdict(lambda: defaultdict(dict))
    superseded = 0
    for result, label in zip(results, labels, strict=True):
        row = RowKey(result.method, result.objective or "", label)
        for scored in result.tasks:
            key = TaskKey(result.domain, scored.dataset, scored.task)
            if key not in tasks:
                tasks[key] = Task(
                    key,
                    scored.metric,
                    scored.higher_is_better,
                    scored.n_test,
                    scored.n_classes,
                    scored.split_rule,
                    scored.units.count if scored.units and scored.units.unit == "group" else None,
                )
            run = Run(result, scored)
            rival = newest[row][key].get(result.seed)
            if rival is not None:
                superseded += rival.value != run.value
            if rival is None or _age(rival) < _age(run):
                newest[row][key][result.seed] = run
    return Collected(
        tuple(tasks[key] for key in sorted(tasks)),
        {
            row: {key: _by_seed(newest[row][key].values()) for key in sorted(newest[row])}
            for row in sorted(newest)
        },
        superseded,
    )


def _by_seed(runs: Iterable[Run]) -> tuple[Run, ...]:
    return tuple(sorted(runs, key=lambda run: run.seed))


def _age(run: Run) -> tuple[str, str]:
    """Order in time; the run's name settles equal times, so the order of files never counts."""
    return run.result.created, run.result.run_id
