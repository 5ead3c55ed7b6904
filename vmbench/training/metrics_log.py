"""``metrics.jsonl``: a line every few steps, for people and for trackers."""

import json
from collections.abc import Sequence
from pathlib import Path

from vmbench.storage.atomic import write_atomically
from vmbench.training.trackers import Tracker


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
        write_atomically(self.path, "".join(f"{line}\n" for line in kept))

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
