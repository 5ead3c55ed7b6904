"""``--launcher local``: a process for each job on this machine, watched for memory."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from vmbench.storage.cores import usable_cores
from vmbench.sweeps.launchers import order_of
from vmbench.sweeps.memory import available, resident
from vmbench.sweeps.plan import Job
from vmbench.sweeps.work import Outcome

LOGS = ".sweep"  # below OUT; hidden, so that no board looks there
GIGABYTE = 1 << 30
FIRST_GUESS = 1.5 * GIGABYTE  # of a job's memory, until one has been seen
SPARE = 0.25 * GIGABYTE  # below which the youngest job makes room
PATIENCE = 60.0  # seconds that a stopped job has to save its state


@dataclass
class _Running:
    job: Job
    process: subprocess.Popen[str]
    log: IO[str]
    began: float = field(default_factory=time.monotonic)
    made_room: bool = False


class LocalLauncher:
    """Processes of this machine.

    A process for each core, with one thread: several processes of several threads each would wait
    for one another. A graphics processor has one job at a time.

    Args:
        out: where jobs write.
        processes: jobs at once; None: see above, and what memory allows.
        on_gpu: whether jobs would use a graphics processor.
    """

    def __init__(self, out: Path, processes: int | None = None, *, on_gpu: bool = False) -> None:
        self.out = out
        self.processes: int = processes or (1 if on_gpu else self._as_many_as_fit())
        self.threads = max(1, usable_cores() // self.processes)
        self.largest = 0.0  # memory of a job, seen so far
        self._running: dict[str, _Running] = {}

    def _as_many_as_fit(self) -> int:
        free = available()
        fitting = usable_cores() if free is None else int(free // FIRST_GUESS)
        return max(1, min(usable_cores(), fitting))

    def has_room(self) -> bool:
        """Whether a process and the memory for it are free."""
        if not self._running:
            return True
        free = available()
        enough = free is None or free > (self.largest or FIRST_GUESS) + SPARE
        return len(self._running) < self.processes and enough

    def log_of(self, job: Job) -> Path:
        """What a job says, kept after it has ended."""
        return self.out / LOGS / f"{job.name}.log"

    def start(self, job: Job) -> None:
        """In a session of its own: a Ctrl-C in the terminal is handed on by :meth:`close`."""
        path = self.log_of(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        log = path.open("a", encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "vmbench.sweeps.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(self.threads)},
            start_new_session=True,
        )
        self._running[job.name] = _Running(job, process, log)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # where it died at once, finished() says so
            process.stdin.write(order_of(job, self.out).model_dump_json() + "\n")
            process.stdin.flush()

    def finished(self, seconds: float) -> Iterator[tuple[str, Outcome]]:
        """See :class:`~vmbench.sweeps.launchers.Launcher`."""
        time.sleep(seconds)
        self._watch_memory()
        for name, each in list(self._running.items()):
            if each.process.poll() is not None:
                del self._running[name]
                yield name, self._outcome(each)

    def _watch_memory(self) -> None:
        """Where memory runs out, the youngest job makes room; it goes on from there later."""
        for each in self._running.values():
            self.largest = max(self.largest, resident(each.process.pid))
        free = available()
        if free is None or free > SPARE or len(self._running) < 2:
            return
        if not any(each.made_room for each in self._running.values()):
            youngest = max(self._running.values(), key=lambda each: each.began)
            youngest.made_room = True
            youngest.process.send_signal(signal.SIGINT)

    def _outcome(self, each: _Running) -> Outcome:
        assert each.process.stdout is not None
        assert each.process.stdin is not None
        said, code = each.process.stdout.read(), each.process.returncode
        for stream in (each.process.stdin, each.process.stdout, each.log):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        if each.made_room:
            return Outcome("busy", "memory ran out")
        try:
            return Outcome(**json.loads(said))
        except ValueError:
            died = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            hint = ", as a machine without memory does" if code == -signal.SIGKILL else ""
            return Outcome("lost", f"its process died ({died}{hint}); see {self.log_of(each.job)}")

    def close(self) -> None:
        """See :class:`~vmbench.sweeps.launchers.Launcher`."""
        for each in self._running.values():
            each.process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + PATIENCE
        for each in self._running.values():
            try:
                each.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                each.process.kill()
                each.process.wait()
            self._outcome(each)
        self._running.clear()
