"""How long a sweep will take, from the runs that its folder holds, or from the preset."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from vmbench.results import Result, SchemaError, read_result
from vmbench.sweeps.plan import EVALUATION, PRETRAINING, Job

STARTUP = 8.0  # seconds of a process before it works: imports, the examples from the cache
# Seconds of (a training, an evaluation) where no run tells, a rough guess; None: unknown.
USUAL: dict[str, tuple[float, float]] = {"smoke": (5.0, 5.0), "small": (100.0, 30.0)}


@dataclass(frozen=True)
class Estimate:
    """Of the time that is left.

    Attributes:
        seconds: with the processes there are; None where a preset's time is not known.
        guessed: jobs whose time comes from the preset and not from a finished run.
    """

    seconds: float | None
    guessed: int

    def __str__(self) -> str:
        if self.seconds is None:
            return "time unknown: no run of this preset has finished here"
        source = f" ({self.guessed} jobs by the preset alone)" if self.guessed else ""
        return f"about {spoken(self.seconds)}{source}"


def spoken(seconds: float) -> str:
    """A time as people say it.

    >>> spoken(42), spoken(600), spoken(9000)
    ('42 s', '10 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Times:
    """What runs in ``out`` took, by what they have in common with a job."""

    def __init__(self, out: Path) -> None:
        self.seen: dict[tuple[str | None, ...], list[float]] = {}
        for path in sorted(out.glob("*/result.json")):
            try:
                self.add(read_result(path))
            except (OSError, SchemaError):
                continue

    def add(self, result: Result) -> None:
        """A finished run."""
        kind = result.tasks[0].probe.kind if result.tasks else None
        evaluated = sum(task.seconds for task in result.tasks)
        row = (result.domain, result.preset, result.method, result.objective)
        for size in (len(row), 2):
            if result.pretrain.steps:
                key = (PRETRAINING, *row[:size])
                self.seen.setdefault(key, []).append(result.pretrain.seconds)
            if size == len(row) or result.method != "supervised":
                self.seen.setdefault((EVALUATION, kind, *row[:size]), []).append(evaluated)

    def of(self, job: Job) -> tuple[float | None, bool]:
        """Seconds, and whether they are guessed."""
        plan = job.plan
        row = (plan.domain.name, plan.request.preset, plan.label, plan.objective)
        kind = () if job.kind == PRETRAINING else (plan.evaluation.name,)
        alike = [row] if plan.method.trains == "per task" else [row, row[:2]]
        for part in alike:
            if found := self.seen.get((job.kind, *kind, *part)):
                return fmean(found) + STARTUP, False
        usual = USUAL.get(plan.request.preset)
        if usual is None:
            return None, True
        training, evaluation = usual
        if job.kind == PRETRAINING:
            return training + STARTUP, True
        own = training * len(plan.tasks) if plan.method.trains == "per task" else 0.0
        return own + evaluation + STARTUP, True


def estimate(jobs: Sequence[Job], times: Times, processes: int | None) -> Estimate:
    """Of ``jobs`` on ``processes``: no less than their share, nor than the longest chain."""
    each = {job.name: times.of(job) for job in jobs}
    guessed = sum(guess for _, guess in each.values())
    seconds = {name: found for name, (found, _) in each.items() if found is not None}
    if len(seconds) < len(each):
        return Estimate(None, guessed)
    chains = [seconds[job.name] + (seconds[job.needs] if job.needs else 0.0) for job in jobs]
    shared = sum(seconds.values()) / (processes or len(jobs) or 1)
    return Estimate(max([shared, *chains], default=0.0), guessed)
