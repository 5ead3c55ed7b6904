"""What a reader must know to judge the numbers of a board, one sentence each."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from vmbench.results import Result
from vmbench_leaderboard.cells import FLOORS, Row, RowKey, Scale, Task, TaskKey
from vmbench_leaderboard.collect import Collected
from vmbench_leaderboard.wording import counted

# Where test has fewer independent groups than this, a reader should know how few.
FEW_GROUPS = 10
# Fewer seeds than this have no p values.
LEAST_SEEDS = 3


def board_notes(
    collected: Collected,
    rows: Iterable[Row],
    preset: str,
    scales: Mapping[TaskKey, Scale],
    uncounted: Mapping[TaskKey, str],
) -> tuple[str, ...]:
    """All notes that apply, the most serious first."""
    results = _results(collected)
    rows = list(rows)
    return (
        *_preset(preset),
        *_collapsed(results),
        *_zero(collected, scales),
        *_untested(scales),
        *_uncounted(uncounted, bool(scales)),
        *_intervals(collected, rows),
        *_groups(collected.tasks),
        *_pretraining(collected, results),
        *_environment(results),
        *_superseded(collected.superseded),
    )


def _results(collected: Collected) -> list[Result]:
    unique = {
        id(run.result): run.result
        for runs in collected.runs.values()
        for cell in runs.values()
        for run in cell
    }
    return list(unique.values())


def _preset(preset: str) -> Iterator[str]:
    if preset == "smoke":
        yield "The smoke preset proves that the pipeline runs; its numbers mean nothing."


def _collapsed(results: Iterable[Result]) -> Iterator[str]:
    rows = sorted(
        {
            f"{RowKey(result.method, result.objective or '')} on {result.domain}"
            for result in results
            if result.pretrain.collapsed
        }
    )
    if rows:
        yield f"The representations collapsed in {counted(len(rows), 'row')}: {', '.join(rows)}."


def _zero(collected: Collected, scales: Mapping[TaskKey, Scale]) -> Iterator[str]:
    if not scales:
        return
    zeros = {key: scale.floor_row.method for key, scale in scales.items()}
    present = {
        row.method
        for row, cells in collected.runs.items()
        if row.method in FLOORS and cells.keys() & scales.keys()
    }
    if len(present) > 1 and len(set(zeros.values())) == 1:
        yield f"Zero of the score, the stronger on val: {next(iter(zeros.values()))} on every task."
    elif len(present) > 1:
        yield f"Zero of the score, the stronger on val: {_grouped(zeros)}."
    else:
        (alone,) = present
        absent = ", ".join(method for method in FLOORS if method != alone)
        yield f"Zero of the score: {alone}, for {absent} has no run."


def _untested(scales: Mapping[TaskKey, Scale]) -> Iterator[str]:
    names = [str(key) for key, scale in scales.items() if scale.error is None]
    if names:
        yield (
            "Counted towards the score, though nothing tells whether the ceiling is above the "
            f"floor by more than noise: {', '.join(names)}."
        )


def _uncounted(reasons: Mapping[TaskKey, str], scored: bool) -> Iterator[str]:
    if not reasons:
        return
    if scored:
        yield f"Shown and not counted towards the score: {_grouped(reasons)}."
    else:
        yield (
            "No task counts towards a score, so rows are ranked by their mean rank over tasks: "
            f"{_grouped(reasons)}."
        )


def _grouped(reasons: Mapping[TaskKey, str]) -> str:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for key, reason in reasons.items():
        by_reason[reason].append(str(key))
    return "; ".join(f"{reason} on {', '.join(names)}" for reason, names in by_reason.items())


def _intervals(collected: Collected, rows: Iterable[Row]) -> Iterator[str]:
    cells = [cell for row in rows for cell in row.cells.values()]
    for covers, said in (
        ("test", "the interval covers the sampling of test data, and not what another seed does"),
        (None, "no interval can be given, and other rows' rank intervals take the value as exact"),
    ):
        count = sum(len(cell.runs) == 1 and cell.covers == covers for cell in cells)
        if count:
            yield f"{counted(count, 'cell')} with a single seed (*): {said}."
    if any(len(cell.runs) == 2 for cell in cells):
        yield (
            f"Two seeds make wide intervals and no p value, which needs {LEAST_SEEDS}; five are "
            "the protocol."
        )
    partly = [str(row.key) for row in rows if row.score_covers == "test" and row.seeds[0] > 1]
    if partly:
        yield (
            "The score's interval leaves out what another seed of a yardstick with one seed does: "
            f"{', '.join(partly)}."
        )
    old = [
        str(task.key)
        for task in collected.tasks
        if any(
            run.scored.units is None
            for cells in collected.runs.values()
            for run in cells.get(task.key, ())
        )
    ]
    if old:
        yield (
            "Intervals are over seeds alone, not test data, where a result (schema 1) does not "
            f"tell its test units: {', '.join(old)}."
        )


def _groups(tasks: Iterable[Task]) -> Iterator[str]:
    few = [f"{task.key} ({task.groups})" for task in tasks if 1 < (task.groups or 0) < FEW_GROUPS]
    if few:
        yield f"Test examples come from few independent groups: {', '.join(few)}."
    single = [str(task.key) for task in tasks if task.groups == 1]
    if single:
        yield (
            "Test examples come from one group, so intervals are over seeds alone: "
            f"{', '.join(single)}."
        )


def _pretraining(collected: Collected, results: Iterable[Result]) -> Iterator[str]:
    used: dict[str, set[str]] = defaultdict(set)
    for result in results:
        if result.pretrain.epochs and not result.yardstick:
            used[result.domain].add(result.pretrain.dataset)
    if used:
        listed = "; ".join(
            f"{domain}: {', '.join(sorted(names))}" for domain, names in sorted(used.items())
        )
        yield f"Pretrained on {listed}."
    same = [
        str(task.key)
        for task in collected.tasks
        if task.key.dataset in used.get(task.key.domain, ())
    ]
    if same:
        yield f"In-domain (pretrained on the same dataset's training split): {', '.join(same)}."


def _environment(results: Iterable[Result]) -> Iterator[str]:
    devices = sorted({result.environment.device for result in results})
    if len(devices) > 1:
        yield f"Times were taken on {' and '.join(devices)} and do not compare across them."
    versions = sorted({result.environment.vmbench for result in results})
    if len(versions) > 1:
        yield f"The results come from vmbench {' and '.join(versions)}."


def _superseded(count: int) -> Iterator[str]:
    if count:
        yield (
            f"{counted(count, 'value')} gave way to a newer one of the same method, settings, task "
            "and seed."
        )
