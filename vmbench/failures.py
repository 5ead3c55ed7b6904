"""``failures/RUN_ID.json``: a run that failed, so that a board can say so and why.

It is gone once the run is done.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from vmbench.errors import UserError
from vmbench.storage.atomic import write_atomically

FAILURES = "failures"
VERSION = "failure_version"  # tells such a file from others


class Failure(BaseModel):
    """A run that failed.

    Attributes:
        settings: those that the request itself set.
        tasks: DATASET/TASK of those that have no value.
        reason: one line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    failure_version: Literal[1] = 1
    run_id: str
    created: str
    command: str
    domain: str
    method: str
    objective: str | None
    preset: str
    seed: int
    settings: dict[str, object]
    tasks: list[str]
    reason: str

    @classmethod
    def now(cls, **fields: object) -> "Failure":
        """At this moment."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        return cls.model_validate({"created": created, **fields})

    def write(self, out: Path) -> Path:
        """Below ``out``, whole or not at all; returns the file."""
        path = failure_file(out, self.run_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, self.model_dump_json(indent=2) + "\n")
        return path


def failure_file(out: Path, run_id: str) -> Path:
    """Where the failure of a run is written."""
    return out / FAILURES / f"{run_id}.json"


def read_failure(path: Path) -> Failure:
    """Raises :class:`UserError` naming the file."""
    try:
        return Failure.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "document"
        raise UserError(f"{path} is no record of a failure: {where}: {first['msg']}") from error
