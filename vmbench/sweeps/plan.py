"""From grids to jobs: what is done already, which pretrainings are shared, what waits for what."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vmbench.errors import MissingPackageError, UserError
from vmbench.failures import Failure
from vmbench.pretrained.document import RECORD
from vmbench.pretrained.place import PRETRAININGS
from vmbench.results import SchemaError, read_result
from vmbench.runs.plan import Plan
from vmbench.runs.representations import recipe_of
from vmbench.runs.request import RunRequest
from vmbench.sweeps.grid import Grid

PRETRAINING: Literal["pretraining"] = "pretraining"
EVALUATION: Literal["evaluation"] = "evaluation"


@dataclass(frozen=True)
class Job:
    """One pretraining, or the rest of one run.

    Attributes:
        kind: which.
        name: of its folder below ``OUT`` or ``OUT/pretrainings``.
        plan: of the run, or of the first that needs the pretraining.
        needs: the name of the pretraining that it waits for.
        overwrite: a result is there that is damaged, or of files that have changed since.
    """

    kind: Literal["pretraining", "evaluation"]
    name: str
    plan: Plan
    needs: str | None = None
    overwrite: bool = False

    @property
    def request(self) -> RunRequest:
        """What to carry out."""
        return self.plan.request

    @property
    def trains(self) -> bool:
        """Whether an encoder is trained in it."""
        return self.kind == PRETRAINING or self.plan.method.trains == "per task"

    @property
    def title(self) -> str:
        """For people: ``audio viewmaker simclr s0``."""
        plan = self.plan
        parts = [plan.domain.name, plan.label, plan.objective, f"s{plan.seed}"]
        parts += [PRETRAINING if self.kind == PRETRAINING else plan.evaluation.name]
        return " ".join(part for part in parts if part)

    def folder(self, out: Path) -> Path:
        """Where it writes, and holds its lock."""
        return out / PRETRAININGS / self.name if self.kind == PRETRAINING else out / self.name

    def is_done(self, out: Path) -> bool:
        """Whether its folder holds what it would write."""
        if self.kind == PRETRAINING:
            return (self.folder(out) / RECORD).exists()
        return is_finished(self.plan, out) and not files_changed(self.plan, out)

    def failure(self, reason: str) -> Failure:
        """The record of its failure, for the board."""
        plan = self.plan
        return Failure.now(
            run_id=self.name,
            command=plan.request.command(),
            domain=plan.domain.name,
            method=plan.label,
            objective=plan.objective,
            preset=plan.request.preset,
            seed=plan.seed,
            settings=dict(plan.overrides),
            tasks=[f"{dataset.name}/{task.name}" for dataset, task in plan.tasks],
            reason=reason,
        )


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep will do.

    Attributes:
        jobs: those that are left, each behind the one that it needs.
        runs: every run of the grid, by its id, with the name of its evaluation.
        done: run ids of those that are finished.
        left_out: domain, method and reason of the pairs of ``--domain all`` that there are not.
    """

    jobs: tuple[Job, ...]
    runs: Mapping[str, str]
    done: tuple[str, ...]
    left_out: tuple[str, ...]


def plan_sweep(grids: Sequence[Grid], out: Path) -> SweepPlan:
    """The jobs of ``grids`` that are not done in ``out``; nothing is written.

    Raises:
        UserError: for what a request of the grid would raise, before anything is trained.
    """
    left_out: dict[str, None] = {}
    jobs: dict[str, Job] = {}
    runs: dict[str, str] = {}
    done: list[str] = []
    for plan in _plans(grids, left_out):
        if plan.run_id in runs:  # another objective for a method that takes none
            continue
        runs[plan.run_id] = plan.evaluation.name
        if is_finished(plan, out) and not files_changed(plan, out):
            done.append(plan.run_id)
            continue
        needs, there = None, (out / plan.run_id / "result.json").exists()
        if plan.method.trains == "once":
            training = Job(PRETRAINING, recipe_of(plan).folder, plan)
            if not training.is_done(out):
                needs = training.name
                jobs.setdefault(needs, training)
        jobs[plan.run_id] = Job(EVALUATION, plan.run_id, plan, needs, there)
    return SweepPlan(tuple(jobs.values()), runs, tuple(done), tuple(left_out))


def _plans(grids: Iterable[Grid], left_out: dict[str, None]) -> Iterator[Plan]:
    for grid in grids:
        served: set[str] = set()
        refused: dict[str, UserError] = {}
        for request in grid.requests():
            try:
                plan = request.resolve()
            except MissingPackageError:
                raise
            except UserError as error:
                if not grid.everywhere:
                    raise
                left_out[f"{request.domain}, {request.method}: {error}"] = None
                refused.setdefault(request.method, error)
                continue
            served.add(request.method)
            yield plan
        for method, refusal in refused.items():
            if method not in served:  # in no domain at all: it is no matter of the domain
                raise refusal


def is_finished(plan: Plan, out: Path) -> bool:
    """Whether a result of ``plan`` lies in ``out``; one that is damaged is none."""
    try:
        return read_result(out / plan.run_id / "result.json").run_id == plan.run_id
    except (OSError, SchemaError):
        return False


def files_changed(plan: Plan, out: Path) -> bool:
    """Whether the run in ``out`` is of files that have changed since."""
    try:
        recorded = json.loads((out / plan.run_id / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    before, now = recorded.get("files", {}), plan.document.get("files", {})
    return any(before.get(name, files) != files for name, files in now.items())
