"""What a board shows, column by column; every renderer reads the same list.

A column knows how to make one value of a row, and nothing of how it will be drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vmbench_leaderboard.board import Board
from vmbench_leaderboard.cells import Row, RowKey, Task, TaskKey

ABSENT = "-"
FAILED = "failed"
TO = "\N{EN DASH}"  # between the ends of a range
ONE_SEED = "*"  # after a number that rests on one seed


@dataclass(frozen=True)
class Value:
    """One value: as text, and where it is a number, as numbers.

    Attributes:
        text: as read by people, with its interval.
        number: to sort and compute by.
        low: lower bound of the 95% interval.
        high: upper bound.
    """

    text: str
    number: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Column:
    """A column of the board.

    Attributes:
        key: name in CSV and HTML.
        title: heading.
        produce: makes the value of a row.
        numeric: aligned and sorted as a number.
        ascending: the best value is the smallest.
        task: the task that it shows, if any.
    """

    key: str
    title: str
    produce: Callable[[Row], Value]
    numeric: bool = True
    ascending: bool = False
    task: Task | None = None


def board_columns(board: Board) -> tuple[Column, ...]:
    """The columns of a board: who, how good overall, how good on each task, at what price."""
    names = task_names(board.tasks)
    return (
        Column("rank", "Rank", _rank, ascending=True),
        Column("method", "Method", _method, numeric=False),
        Column("objective", "Objective", _objective, numeric=False),
        Column("views", "Views", lambda row: Value(row.views), numeric=False),
        Column("score", "Score", _score),
        *(_task_column(board, task, names[task.key]) for task in board.tasks),
        Column("seeds", "Seeds", _seeds),
        Column(
            "time", "Time", lambda row: Value(duration(row.seconds), row.seconds), ascending=True
        ),
        Column("coverage", "Tasks", lambda row: _coverage(row, len(board.tasks))),
    )


def overview_columns(boards: Sequence[Board]) -> tuple[Column, ...]:
    """The columns of the board over all domains, with a score per domain in place of the tasks."""
    columns = board_columns(boards[0])
    if len(boards) == 1:
        return columns
    shown: list[Column] = []
    for column in columns:
        if column.task is None:
            shown.append(column)
        if column.key == "score":
            shown += [_domain_column(board) for board in boards[1:]]
    return tuple(shown)


def _domain_column(board: Board) -> Column:
    rows = {row.key: row for row in board.rows}
    return Column(
        f"score {board.title}",
        board.title,
        lambda row: _score(rows[row.key]) if row.key in rows else Value(ABSENT),
    )


def task_names(tasks: Sequence[Task]) -> dict[TaskKey, str]:
    """The shortest name of each task that no other has: the label, with dataset, with domain."""
    names = {}
    for key in (task.key for task in tasks):
        others = [task.key for task in tasks if task.key != key]
        if all(other.task != key.task for other in others):
            names[key] = key.task
        elif all((other.dataset, other.task) != (key.dataset, key.task) for other in others):
            names[key] = f"{key.dataset}/{key.task}"
        else:
            names[key] = str(key)
    return names


def datasets_of(board: Board) -> str | None:
    """Which dataset the tasks are of that their columns name by the label alone."""
    labels: dict[str, list[str]] = {}
    for key, name in task_names(board.tasks).items():
        if name == key.task:
            labels.setdefault(key.dataset, []).append(name)
    said = "; ".join(f"{', '.join(names)} of {dataset}" for dataset, names in labels.items())
    return f"Tasks: {said}." if said else None


def notes_of(board: Board) -> list[str]:
    """What stands below a board's table: where its tasks are from, then its notes."""
    datasets = datasets_of(board) if len(board.domains) == 1 else None
    return [*([datasets] if datasets else []), *board.notes]


def _task_column(board: Board, task: Task, title: str) -> Column:
    return Column(
        str(task.key),
        title,
        lambda row: _cell(board, row, task),
        ascending=not task.higher_is_better,
        task=task,
    )


def _rank(row: Row) -> Value:
    if row.rank is None:
        return Value(ABSENT)
    if row.rank_interval is None:
        return Value(str(row.rank), row.rank)
    low, high = row.rank_interval
    return Value(str(low) if low == high else f"{low}{TO}{high}", row.rank, low, high)


def _method(row: Row) -> Value:
    return Value(f"{row.key.method} [{row.key.settings}]" if row.key.settings else row.key.method)


def _objective(row: Row) -> Value:
    return Value(row.key.objective or ABSENT)


def _score(row: Row) -> Value:
    if row.score is None:
        return Value(ABSENT)
    if row.score_interval is None:
        return Value(f"{row.score:.2f}", row.score)
    low, high = row.score_interval.low, row.score_interval.high
    mark = ONE_SEED if row.score_covers == "test" else ""
    text = f"{row.score:.2f} ±{row.score_interval.half_width:.2f}{mark}"
    return Value(text, row.score, low, high)


def _cell(board: Board, row: Row, task: Task) -> Value:
    cell = row.cells.get(task.key)
    if cell is None:
        return Value(FAILED if is_failed(board, row, task.key) else ABSENT)
    mark = ONE_SEED if len(cell.runs) == 1 else ""
    if cell.interval is None:
        return Value(f"{cell.mean:.3f}{mark}", cell.mean)
    low, high = cell.interval.low, cell.interval.high
    return Value(f"{cell.mean:.3f} ±{cell.interval.half_width:.3f}{mark}", cell.mean, low, high)


def _seeds(row: Row) -> Value:
    fewest, most = row.seeds
    return Value(str(most) if fewest == most else f"{fewest}{TO}{most}", fewest)


def _coverage(row: Row, tasks: int) -> Value:
    return Value(f"{len(row.cells)}/{tasks}", len(row.cells))


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(3.2), duration(75), duration(5400)
    ('3.2 s', '1.2 min', '1.5 h')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def failed_runs(board: Board) -> list[tuple[str, str]]:
    """Each run that failed, ``viewmaker (simclr) on audio, seed 1``, and why."""
    found = []
    for each in board.failures:
        settings = ", ".join(f"{name}={value}" for name, value in sorted(each.settings.items()))
        row = RowKey(each.method, each.objective or "", settings)
        found.append((f"{row} on {each.domain}, seed {each.seed}", each.reason))
    return found


def missing_cells(board: Board) -> list[tuple[Row, str]]:
    """Each incomplete row with the names of its missing tasks; a whole domain is named as such.

    Cells that lack a value because their run failed are not among them.
    """
    of_domain: dict[str, int] = {}
    for task in board.tasks:
        of_domain[task.key.domain] = of_domain.get(task.key.domain, 0) + 1
    listed = []
    for row in board.incomplete:
        lacking: dict[str, list[str]] = {}
        for key in row.missing:
            if is_failed(board, row, key):
                continue
            lacking.setdefault(key.domain, []).append(str(key))
        names = [
            f"all {len(keys)} tasks of {domain}"
            if len(keys) == of_domain[domain] and len(keys) > 1
            else ", ".join(keys)
            for domain, keys in lacking.items()
        ]
        if names:
            listed.append((row, "; ".join(names)))
    return listed


def is_failed(board: Board, row: Row, key: TaskKey) -> bool:
    """Whether a run that failed would have filled the cell."""
    return any(
        (each.method, each.objective or "") == (row.key.method, row.key.objective)
        and each.domain == key.domain
        and f"{key.dataset}/{key.task}" in each.tasks
        for each in board.failures
    )


LEGEND = (
    "Tasks show the mean over seeds and half its 95% interval, over seeds and test data, in the "
    "task's metric; * rests on one seed. "
    "Score: interquartile mean over tasks, an untrained encoder = 0 and supervised = 1; a domain's "
    "column is its score. "
    "Rank: 95% interval. Time: one run, added up over domains. "
    "Only rows with every task are ranked."
)
