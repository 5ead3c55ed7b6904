"""Carrying out a plan: what is ready is started, what ended is noted, until nothing is left."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vmbench.failures import failure_file
from vmbench.runs.folder import LOCK
from vmbench.storage.locking import is_free
from vmbench.sweeps.launchers import Launcher
from vmbench.sweeps.plan import EVALUATION, Job
from vmbench.sweeps.work import Outcome

ATTEMPTS = 2  # of a job whose process dies
AGAIN = 2.0  # seconds until a job that another process is at is looked at again
TICK = 0.2

Status = Literal["waiting", "running", "elsewhere", "done", "failed"]


@dataclass
class State:
    """Of one job."""

    job: Job
    status: Status = "waiting"
    reason: str = ""
    attempts: int = 0
    began: float | None = None  # of time.time
    seconds: float | None = None  # that it took, once it is done
    due: float = 0.0  # of time.monotonic, before which it is not looked at

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ("done", "failed")


def carry_out(
    jobs: Sequence[Job],
    out: Path,
    launcher: Launcher,
    watch: Callable[[Sequence[State]], None],
) -> list[State]:
    """Every job, done or failed. A failed run leaves the record of its failure in ``out``.

    Args:
        jobs: each behind the one that it needs.
        out: where they write.
        launcher: where they run; closed in the end, also at a Ctrl-C.
        watch: called at every change, and a few times a second.
    """
    states = {job.name: State(job) for job in jobs}
    try:
        while not all(state.ended for state in states.values()):
            for state in states.values():
                if state.status in ("waiting", "elsewhere") and state.due <= time.monotonic():
                    _consider(state, states, out, launcher)
            watch(tuple(states.values()))
            for name, outcome in launcher.finished(TICK):
                _note(states[name], outcome, out)
    finally:
        launcher.close()
    watch(tuple(states.values()))
    return list(states.values())


def _consider(state: State, states: dict[str, State], out: Path, launcher: Launcher) -> None:
    """Start a job, unless it waits for another, is done by now, or another process is at it."""
    job = state.job
    needed = states[job.needs] if job.needs else None
    if needed and needed.status == "failed":
        _fail(state, f"its pretraining failed: {needed.reason}", out)
        return
    if (needed and not needed.ended) or not launcher.has_room():
        return
    if job.is_done(out):  # by another sweep
        state.status = "done"
        return
    lock = job.folder(out) / LOCK
    if lock.exists() and not is_free(lock):
        state.status, state.due = "elsewhere", time.monotonic() + AGAIN
        return
    state.status, state.began = "running", time.time()
    launcher.start(job)


def _note(state: State, outcome: Outcome, out: Path) -> None:
    if outcome.kind == "done":
        state.status = "done"
        state.seconds = time.time() - (state.began or time.time())
    elif outcome.kind == "lost" and state.attempts + 1 < ATTEMPTS:
        state.attempts += 1
        state.status, state.reason = "waiting", outcome.reason
    elif outcome.kind == "busy":
        state.status, state.due = "elsewhere", time.monotonic() + AGAIN
    else:
        _fail(state, outcome.reason or "it was stopped", out)


def _fail(state: State, reason: str, out: Path) -> None:
    state.status, state.reason = "failed", reason
    if state.job.kind == EVALUATION:
        state.job.failure(reason).write(out)


def forget_failures(run_ids: Sequence[str], out: Path) -> None:
    """Remove the records of failures of runs that are done."""
    for run_id in run_ids:
        failure_file(out, run_id).unlink(missing_ok=True)
