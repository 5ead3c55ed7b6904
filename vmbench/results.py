"""``result.json``, schema 1: what a run leaves behind, checked field by field."""

import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from vmbench.errors import UserError

SCHEMA_VERSION: Literal[1] = 1


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Pretrain(_Record):
    """The pretraining of a run; a yardstick without one has 0 epochs and no loss."""

    dataset: str
    revision: str
    n_examples: int
    epochs: int
    steps: int
    seconds: float
    final_loss: float | None


class Probe(_Record):
    """How the features were read: kind, the penalty chosen on val, and the value it had there."""

    kind: str
    penalty: float | None
    val_value: float


class TaskResult(_Record):
    """One task's test value, and everything needed to judge it."""

    dataset: str
    task: str
    metric: str
    higher_is_better: bool
    value: float
    metrics: dict[str, float]
    n_train: int
    n_val: int
    n_test: int
    n_classes: int
    split_rule: str
    probe: Probe
    seconds: float


class Parameters(_Record):
    """Trainable numbers in each network; 0 where a method has none."""

    encoder: int
    viewmaker: int


class Environment(_Record):
    """Where the run ran."""

    vmbench: str
    git: str | None
    python: str
    torch: str
    device: str
    threads: int
    precision: str


class Result(_Record):
    """One run: one pretraining with one seed, and its evaluation on every task asked for."""

    schema_version: Literal[1]
    run_id: str
    created: str
    command: str
    domain: str
    method: str
    objective: str | None
    preset: str
    seed: int
    pretrain: Pretrain
    tasks: list[TaskResult]
    parameters: Parameters
    config: dict[str, Any]
    config_hash: str
    environment: Environment

    def values(self) -> dict[str, Any]:
        """The result without what time and place change: equal for equal commands."""
        data = self.model_dump(exclude={"created", "command", "environment"})
        data["pretrain"].pop("seconds")
        for task in data["tasks"]:
            task.pop("seconds")
        return data

    def write(self, path: Path) -> None:
        """Write atomically: the file appears whole or not at all."""
        write_atomically(path, self.model_dump_json(indent=2) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` through a temporary file beside it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def read_result(path: Path) -> Result:
    """Read one ``result.json``; raises :class:`SchemaError` with the file and the field."""
    try:
        return Result.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "document"
        raise SchemaError(
            f"{path} is no vmbench result (schema {SCHEMA_VERSION}): {where}: {first['msg']}"
        ) from error


class SchemaError(UserError):
    """A result file that breaks the schema. Exit code 5 in ``leaderboard`` commands."""


def json_schema() -> str:
    """The JSON Schema of :class:`Result`, as committed beside this module."""
    return json.dumps(Result.model_json_schema(), indent=2) + "\n"
