"""``--launcher ray``: a Ray task for each job, on this machine or a cluster.

Every node has vmbench, and ``--out`` (and ``--data-dir``) at the same path: artifacts and results
travel through that shared folder, and so does what tells a finished job from one to do. A job
whose node or process is lost is tried again on another, where it goes on from its last checkpoint.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vmbench.errors import UserError, missing_package
from vmbench.sweeps.launchers import order_of
from vmbench.sweeps.plan import Job
from vmbench.sweeps.work import Order, Outcome, work

RETRIES = 5  # of a job whose worker is lost
AGAIN = 2.0  # seconds until a task looks again at what another process is at


class RayLauncher:
    """Tasks of a Ray cluster, which decides how many run at once.

    Args:
        out: a folder that all nodes share.
        address: of a cluster (``auto``, ``127.0.0.1:6379``); None: one is started here.
        cpus: that each task takes, and threads that it has.
        gpus: that each task takes; a fraction shares one.

    Raises:
        UserError: Ray is not installed, or no cluster is at the address.
    """

    processes: int | None = None

    def __init__(
        self, out: Path, address: str | None = None, cpus: int = 1, gpus: float = 0.0
    ) -> None:
        try:
            import ray
        except ImportError as error:
            raise missing_package("ray", "ray", "--launcher ray") from error
        self.out, self._ray = out, ray
        try:
            ray.init(address=address, log_to_driver=False, namespace="vmbench")
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UserError(
                f"--address {address}: no Ray cluster answers there: {error}"
            ) from error
        self._task = ray.remote(
            num_cpus=cpus,
            num_gpus=gpus,
            max_retries=RETRIES,
            max_calls=1,  # a process for each job: none inherits another's memory
        )(perform)
        self._threads = cpus
        self._names: dict[Any, str] = {}

    def has_room(self) -> bool:
        """Always: Ray has a queue."""
        return True

    def start(self, job: Job) -> None:
        """See :class:`~vmbench.sweeps.launchers.Launcher`."""
        order = order_of(job, self.out).model_dump_json()
        self._names[self._task.remote(order, self._threads)] = job.name

    def finished(self, seconds: float) -> Iterator[tuple[str, Outcome]]:
        """See :class:`~vmbench.sweeps.launchers.Launcher`."""
        if not self._names:
            time.sleep(seconds)
            return
        ready, _ = self._ray.wait(list(self._names), num_returns=len(self._names), timeout=seconds)
        for reference in ready:
            name = self._names.pop(reference)
            try:
                yield name, Outcome(**self._ray.get(reference))
            except self._ray.exceptions.RayError as error:
                yield name, Outcome("lost", " ".join(f"{type(error).__name__}: {error}".split()))

    def close(self) -> None:
        """See :class:`~vmbench.sweeps.launchers.Launcher`."""
        for reference in self._names:
            self._ray.cancel(reference)  # raises KeyboardInterrupt there: a training saves itself
        if self._names:
            self._ray.wait(list(self._names), num_returns=len(self._names), timeout=60)
        self._ray.shutdown()


def perform(order: str, threads: int) -> dict[str, str]:
    """The task. A job that a lost worker's process is still at is waited for."""
    import torch

    torch.set_num_threads(threads)
    while (outcome := work(Order.model_validate_json(order))).kind == "busy":
        time.sleep(AGAIN)
    return asdict(outcome)
