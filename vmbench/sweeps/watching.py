"""What a sweep shows while it runs: a table on a terminal, a line for each change elsewhere."""

import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from vmbench.pretrained.document import LOG
from vmbench.sweeps.estimate import spoken
from vmbench.sweeps.plan import PRETRAINING, Job
from vmbench.sweeps.schedule import State

SHOWN = 12  # failed or waiting jobs in the table; of others, how many

Watch = Callable[[Sequence[State]], None]


@contextlib.contextmanager
def watching(out: Path, *, quiet: bool) -> Iterator[Watch]:
    """What :func:`~vmbench.sweeps.schedule.carry_out` calls; all on stderr."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with Live(console=Console(stderr=True), refresh_per_second=4) as live:
            yield lambda states: live.update(table(states, out))
    else:
        yield Lines().watch


class Lines:
    """A line on stderr for each job that began or ended."""

    def __init__(self) -> None:
        self._before: dict[str, str] = {}

    def watch(self, states: Sequence[State]) -> None:
        """Say what changed."""
        for state in states:
            name = state.job.name
            if state.status == self._before.get(name, "waiting"):
                continue
            self._before[name] = state.status
            ended = sum(each.ended for each in states)
            said = f"[{ended}/{len(states)}] {state.status}: {state.job.title}"
            if state.seconds is not None:
                said += f" ({spoken(state.seconds)})"
            if state.status == "failed":
                said += f": {state.reason}"
            print(said, file=sys.stderr, flush=True)


def table(states: Sequence[State], out: Path) -> RenderableType:
    """Jobs that run, with loss and time left, and those that failed, with the reason."""
    counts: Counter[str] = Counter(state.status for state in states)
    words = ("done", "running", "waiting", "elsewhere", "failed")
    summary = ", ".join(f"{counts[word]} {word}" for word in words if counts[word])
    rows = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for state in states:
        if state.status == "running":
            rows.add_row("running", Text(state.job.title), Text(_how_far(state, out)))
    failed = [state for state in states if state.status == "failed"]
    for state in failed[:SHOWN]:
        rows.add_row("[red]failed", Text(state.job.title), Text(state.reason))
    if len(failed) > SHOWN:
        rows.add_row("", f"... and {len(failed) - SHOWN} failed more", "")
    return Group(Text(f"{len(states)} jobs: {summary}"), rows)


def _how_far(state: State, out: Path) -> str:
    spent = time.time() - (state.began or time.time())
    found = training_so_far(state.job, out, since=state.began or 0.0)
    if found is None:
        return spoken(spent)
    share, loss = found
    left = f", {spoken(spent * (1 - share) / share)} left" if share > 0 else ""
    return f"{share:.0%}, loss {loss:.3f}{left}"


def training_so_far(job: Job, out: Path, since: float = 0.0) -> tuple[float, float] | None:
    """The share of a pretraining that is done and its loss, from the log that it writes."""
    if job.kind != PRETRAINING:
        return None
    path = job.folder(out) / LOG
    try:
        if path.stat().st_mtime < since:
            return None
        last = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
        return last["epoch"] / job.plan.config.epochs, float(last["loss"])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
