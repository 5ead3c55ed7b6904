"""Trackers that follow a run live, fed from the same stream of metrics as ``metrics.jsonl``.

A tracker only watches: it is no part of the configuration or its hash, and a run with and one
without it have equal results. Choose one with ``vmbench run --tracker NAME`` (repeatable).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from vmbench.errors import missing_package, unknown_name


@dataclass(frozen=True)
class Tracked:
    """Which training is followed.

    Attributes:
        folder: the run's folder; its name is the run's id.
        training: the training's name within the run, ``pretrain`` for the one that all tasks share.
        config: the run's settings, for trackers that show them.
    """

    folder: Path
    training: str
    config: Mapping[str, Any]


class Tracker(ABC):
    """Follows one training. Nothing is written before the first :meth:`log`."""

    package: ClassVar[str]

    def __init__(self, tracked: Tracked) -> None:
        self.tracked = tracked
        self.done = 0

    def resume(self, step: int) -> None:
        """Training goes on after ``step``; what a killed run logged beyond it is void."""
        self.done = step

    @abstractmethod
    def log(self, step: int, values: Mapping[str, float]) -> None:
        """The metrics after ``step`` steps, by name."""

    @abstractmethod
    def close(self) -> None:
        """Write what is still held back; called once, also after a failure or an interrupt."""


class TensorBoard(Tracker):
    """Event files in ``RUN/tensorboard/TRAINING``: ``tensorboard --logdir runs`` shows all runs."""

    package = "tensorboard"
    _writer: Any = None

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """One scalar per metric."""
        if self._writer is None:
            from torch.utils.tensorboard.writer import SummaryWriter

            folder = self.tracked.folder / "tensorboard" / self.tracked.training
            # TensorBoard hides events at or after the purge step of files written before.
            purge = self.done + 1 if self.done else None
            self._writer = SummaryWriter(str(folder), purge_step=purge)
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close the event file."""
        if self._writer is not None:
            self._writer.close()


class Trackio(Tracker):
    """A run of trackio's project ``vmbench``, on this machine unless trackio is told otherwise.

    Trackio cannot take back what a killed run logged beyond its last checkpoint: after a resume
    those steps appear twice.
    """

    package = "trackio"
    _open = False

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """One call of ``trackio.log`` with all metrics."""
        import trackio

        if not self._open:
            run, training = self.tracked.folder.name, self.tracked.training
            trackio.init(
                project="vmbench",
                name=f"{run}/{training}",
                group=run,
                config=dict(self.tracked.config),
                resume="allow",
            )
            self._open = True
        trackio.log(dict(values), step=step)

    def close(self) -> None:
        """Send what is still queued."""
        if self._open:
            import trackio

            trackio.finish()


TRACKERS: dict[str, type[Tracker]] = {"tensorboard": TensorBoard, "trackio": Trackio}


def require_trackers(names: Sequence[str]) -> None:
    """Check before any work is done; raises :class:`UserError` for an unknown or missing one."""
    for name in names:
        if name not in TRACKERS:
            raise unknown_name("tracker", name, TRACKERS)
        package = TRACKERS[name].package
        try:
            found = find_spec(package)
        except ValueError:  # a module that is blocked in sys.modules
            found = None
        if found is None:
            raise missing_package(package, name, f"--tracker {name}")


def make_trackers(names: Sequence[str], tracked: Tracked) -> tuple[Tracker, ...]:
    """One tracker per distinct name, in the order given."""
    return tuple(TRACKERS[name](tracked) for name in dict.fromkeys(names))
