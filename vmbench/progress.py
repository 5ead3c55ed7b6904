"""What a run shows and writes while it runs: a bar on a terminal, lines in ``metrics.jsonl``."""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from vmbench.trackers import Tracker


class MetricsLog:
    """One JSON object per line: step, epoch, loss, lr, feature_std, effective_rank (both of the
    batch), seconds; and the trackers.
    """

    def __init__(self, path: Path | None, trackers: Sequence[Tracker] = ()) -> None:
        self.path = path
        self.trackers = trackers

    def resume(self, step: int) -> None:
        """Drop the lines after ``step``; a killed run may have written more than it saved."""
        for tracker in self.trackers:
            tracker.resume(step)
        if self.path is None or not self.path.exists():
            return
        lines = self.path.read_text().splitlines()
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step]
        self.path.write_text("".join(f"{line}\n" for line in kept))

    def write(self, *, step: int, **values: float | None) -> None:
        """Append one line, and hand the metrics that have a value to the trackers."""
        if self.path is not None:
            with self.path.open("a") as file:
                file.write(json.dumps({"step": step, **values}) + "\n")
        for tracker in self.trackers:
            tracker.log(step, {name: v for name, v in values.items() if v is not None})

    def close(self) -> None:
        """Close the trackers."""
        for tracker in self.trackers:
            tracker.close()


class Bar:
    """Advanced once a step; this one shows nothing.

    ``rank`` is the latest effective rank of a batch's representations, shown beside the loss.
    """

    rank: float | None = None

    def advance(self, loss: float) -> None:
        """One step is done."""


class Progress:
    """Messages and bars on stderr; bars only on a terminal, nothing at all when quiet."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.bars = not quiet and sys.stderr.isatty()

    def say(self, message: str) -> None:
        """One line on stderr."""
        if not self.quiet:
            print(message, file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def training(self, total: int, done: int) -> Iterator[Bar]:
        """A bar over ``total`` steps of which ``done`` are behind."""
        if not self.bars:
            yield Bar()
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.3f}"),
            TextColumn("{task.fields[rank]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with RichProgress(*columns, console=Console(stderr=True), transient=True) as rich:
            task = rich.add_task("training", total=total, completed=done, loss=0, rank="", rate="")

            class Shown(Bar):
                def advance(self, loss: float) -> None:
                    speed = rich.tasks[0].speed
                    rate = f"{speed:.1f} steps/s" if speed else ""
                    rank = "" if self.rank is None else f"rank {self.rank:.1f}"
                    rich.update(task, advance=1, loss=loss, rank=rank, rate=rate)

            yield Shown()
