"""What a reader must know to judge the numbers of a board, one sentence each."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from vmbench.results import Result
from vmbench_leaderboard.cells import YARDSTICKS, RowKey, TaskKey
from vmbench_leaderboard.collect import Collected
from vmbench_leaderboard.wording import counted

# The widest bootstrap interval of a mean of n values is their range, and the range of n normal
# values holds the true mean with probability 1 - 2^(1 - n).
COVERAGE = {2: "50%", 3: "75%", 4: "87.5%"}


def board_notes(
    collected: Collected, preset: str, unscaled: Mapping[TaskKey, str]
) -> tuple[str, ...]:
    """All notes that apply, the most serious first."""
    results = _results(collected)
    return (
        *_preset(preset),
        *_collapsed(results),
        *_scale(unscaled),
        *_seeds(collected),
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
            if any("collapsed" in task.metrics for task in result.tasks)
        }
    )
    if rows:
        yield f"The representations collapsed in {counted(len(rows), 'row')}: {', '.join(rows)}."


def _scale(unscaled: Mapping[TaskKey, str]) -> Iterator[str]:
    if not unscaled:
        return
    yield (
        "Rows are ranked by their mean rank over tasks, and the normalised score leaves out "
        f"the tasks without a scale: {_grouped(unscaled)}."
    )


def _grouped(reasons: Mapping[TaskKey, str]) -> str:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for key, reason in reasons.items():
        by_reason[reason].append(str(key))
    return "; ".join(f"{reason} on {', '.join(names)}" for reason, names in by_reason.items())


def _seeds(collected: Collected) -> Iterator[str]:
    counts = Counter(len(cell) for runs in collected.runs.values() for cell in runs.values())
    if counts[1]:
        yield (
            f"{counted(counts[1], 'cell')} with a single seed: no interval can be given, and "
            "the rank intervals of other rows take the value as exact."
        )
    for n, coverage in COVERAGE.items():
        if counts[n]:
            yield (
                f"{counted(counts[n], 'cell')} with {n} seeds: the interval holds the "
                f"true mean in at most {coverage} of cases; five seeds are the protocol."
            )


def _pretraining(collected: Collected, results: Iterable[Result]) -> Iterator[str]:
    used: dict[str, set[str]] = defaultdict(set)
    for result in results:
        if result.pretrain.epochs and result.method not in YARDSTICKS:
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
