"""Launchers: where jobs run. Each is one file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from vmbench.sweeps.plan import Job
from vmbench.sweeps.work import Order, Outcome


class Launcher(Protocol):
    """Starts jobs and says how they ended."""

    @property
    def processes(self) -> int | None:
        """Jobs at once; None: whoever runs them decides."""
        ...

    def has_room(self) -> bool:
        """Whether another job would be started at once."""
        ...

    def start(self, job: Job) -> None:
        """Begin a job; returns at once."""
        ...

    def finished(self, seconds: float) -> Iterator[tuple[str, Outcome]]:
        """The name and outcome of jobs that ended, after at most ``seconds`` of waiting."""
        ...

    def close(self) -> None:
        """Stop what is running, so that it goes on from there another time; wait for it."""
        ...


def order_of(job: Job, out: Path) -> Order:
    """A job for another process."""
    return Order(
        kind=job.kind,
        request=job.request.to_json(),
        out=out.resolve(),
        run_id=job.plan.run_id,
        overwrite=job.overwrite,
    )
