"""``result.json``, schema 2: what a run leaves behind, checked field by field.

A file of schema 1 is read as well (:mod:`vmbench.migration`).
"""

import json
import math
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from vmbench.errors import UserError
from vmbench.migration import migrate
from vmbench.storage.atomic import write_atomically

SCHEMA_VERSION: Literal[2] = 2
ViewKind = Literal["learned", "handcrafted", "fixed", "none"]
MOST_UNITS = 256  # stored units of a test split; more are pooled


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Pretrain(_Record):
    """The pretraining of a run; a yardstick without one has 0 epochs and no loss.

    ``name`` names it by its content. ``collapsed`` and what it was judged by (the spread of the
    unit projections, the effective rank of the representations and their dimension) are None where
    nothing was pretrained or not watched.
    """

    dataset: str
    revision: str
    n_examples: int
    epochs: int
    steps: int
    seconds: float
    final_loss: float | None
    name: str | None
    collapsed: bool | None
    feature_std: float | None
    effective_rank: float | None
    feature_dim: int | None


ReadoutRole = Literal["input", "stage", "joined", "asked"]


class ReadoutRecord(_Record):
    """A readout that val chose from: its features, the settings that val chose for it, its value.

    ``role`` is what it is the best of: the input alone, the encoder's stages alone, or both joined;
    ``accuracy_input`` and so on among the task's metrics have the values on test.
    """

    role: ReadoutRole
    readout: str
    features: int
    chosen: dict[str, float | int | str]
    val_value: float


class Probe(_Record):
    """How the features were read: kind, what val chose, and the value it had there.

    ``gradient_norm`` and ``converged`` are those of the final fit; None where it is exact or not
    iterative. With ``readout=auto``, ``readouts`` are those that val chose from at last, and
    ``tried`` has the value on val of every candidate.
    """

    kind: str
    penalty: float | None
    val_value: float
    chosen: dict[str, float | int | str]
    gradient_norm: float | None
    converged: bool | None
    readouts: list[ReadoutRecord] = []
    tried: dict[str, float] = {}

    @model_serializer(mode="wrap")
    def _said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without ``readouts`` and ``tried`` where val chose no readout."""
        found: dict[str, Any] = write(self)
        return {k: v for k, v in found.items() if v or k not in ("readouts", "tried")}


class TestUnits(_Record):
    """What each independent unit of the test split contributes to the value.

    A board can resample test data from it, paired between methods: the units of a task are the
    same for all of them, and in the same order.

    Attributes:
        unit: ``group`` where the examples name theirs (a subject, a voice), else ``example``.
        count: independent units in test.
        sizes: examples per stored unit; at most 256 are stored, more are pooled by a fixed draw.
        totals: sum over the examples of a stored unit of what each contributes, so that
            ``sum(totals) / sum(sizes)`` is the task's value. An example contributes 1 or 0 to an
            accuracy, and the value plus its influence to an AUROC or a correlation.
    """

    __test__ = False  # no test class, whatever pytest makes of its name

    unit: Literal["example", "group"]
    count: int = Field(ge=1)
    sizes: list[int] = Field(min_length=1, max_length=MOST_UNITS)
    totals: list[float] = Field(min_length=1, max_length=MOST_UNITS)

    @model_validator(mode="after")
    def _check(self) -> "TestUnits":
        if len(self.sizes) != len(self.totals):
            raise ValueError(f"{len(self.sizes)} sizes and {len(self.totals)} totals")
        if min(self.sizes) < 1 or self.count < len(self.sizes):
            raise ValueError("a stored unit has at least one example and is at least one unit")
        return self

    @property
    def mean(self) -> float:
        """Mean contribution of an example: the task's value."""
        return math.fsum(self.totals) / sum(self.sizes)


class TaskResult(_Record):
    """One task's test value, and everything needed to judge it.

    ``metrics`` are of test; ``floors`` is what a prediction gets that ignores the input. ``units``
    is None in a result of schema 1 alone.
    """

    dataset: str
    revision: str
    task: str
    metric: str
    higher_is_better: bool
    value: float
    metrics: dict[str, float]
    floors: dict[str, float]
    n_train: int
    n_val: int
    n_test: int
    n_classes: int
    split_rule: str
    probe: Probe
    units: TestUnits | None
    seconds: float

    @model_validator(mode="after")
    def _check(self) -> "TaskResult":
        if self.units is None:
            return self
        if sum(self.units.sizes) != self.n_test:
            raise ValueError(f"units hold {sum(self.units.sizes)} examples of {self.n_test}")
        if not math.isclose(self.units.mean, self.value, abs_tol=1e-5):
            raise ValueError(f"units have the mean {self.units.mean}, the value is {self.value}")
        return self


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
    """One run: one pretraining with one seed, and its evaluation on every task asked for.

    ``views`` is the kind of the method's views, of an augmented yardstick that of its augmentation;
    ``overrides`` are the settings that the request itself set, where ``config`` holds all of them.
    """

    schema_version: Literal[2]
    run_id: str
    created: str
    command: str
    domain: str
    method: str
    views: ViewKind
    yardstick: bool
    objective: str | None
    preset: str
    seed: int
    pretrain: Pretrain
    tasks: list[TaskResult]
    parameters: Parameters
    overrides: dict[str, Any]
    config: dict[str, Any]
    config_hash: str
    environment: Environment

    @model_validator(mode="before")
    @classmethod
    def _migrate(cls, data: Any) -> Any:
        return migrate(data)

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


def read_result(path: Path) -> Result:
    """Read one ``result.json``, of schema 1 too; raises :class:`SchemaError`: file and field."""
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
