"""The settings that all runs have in common, each with its default and a sentence.

What belongs to one component stands in its own section (:mod:`vmbench.settings`).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from vmbench.errors import UserError
from vmbench.settings import Settings

# Where and how a run runs, which changes no experiment...
EXECUTION_SETTINGS = ("device", "threads", "checkpoint_minutes")
# ...of them those that change no number either...
UNHASHED_SETTINGS = ("device", "checkpoint_minutes")
# ...and what is read after the training.
READOUT_SETTINGS = ("readout", "feature_bins")


class Config(Settings):
    """Common settings. A preset sets them, a domain adapts them, ``--set`` has the last word."""

    # Data
    max_examples: int | None = Field(
        None, ge=8, description="Pretrain and probe on at most so many training examples."
    )
    unlabelled: bool = Field(
        True, description="Pretrain on examples without a label, too; false goes without them."
    )
    batch_size: int = Field(
        128,
        ge=2,
        description="Examples per step; two views of each, or as many as the method makes.",
    )
    normalize_after_view: bool = Field(
        False, description="Standardise each channel between views and encoder, by training data."
    )
    encoder: str = Field("auto", description="A registered encoder; auto follows the dataset.")

    # Optimisation
    epochs: int = Field(10, ge=1, le=10_000, description="Passes over the pretraining set.")
    schedule: Literal["joint", "alternating"] = Field(
        "joint",
        description="One pass with the gradient reversed for both players, or the reference's two.",
    )
    optimizer: Literal["adamw", "sgd"] = Field("adamw", description="The encoder's optimiser.")
    lr: float = Field(2e-3, gt=0, description="The encoder's peak learning rate.")
    momentum: float = Field(0.9, ge=0, lt=1, description="Momentum of sgd.")
    weight_decay: float = Field(1e-4, ge=0, description="Weight decay of the encoder.")
    lr_schedule: Literal["cosine", "constant"] = Field(
        "cosine", description="Both learning rates over the run; cosine warms up over the first 5%."
    )

    # Readout
    readout: str = Field(
        "last",
        description="Where features are read: last (maps, in feature_bins), auto (val chooses), "
        "or stages as in layer3@4, input@8+layer3@4.",
    )
    feature_bins: int = Field(
        2, ge=1, description="Bins per axis that the last feature map is pooled to for the probe."
    )

    # Running
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Autocast; auto takes bfloat16 where the device is faster with it."
    )
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps ...")
    threads: int | None = Field(None, ge=1, description="CPU threads; default: all cores.")
    checkpoint_minutes: float = Field(
        5.0, gt=0, description="Minutes between checkpoints; one is written at the end anyway."
    )

    def hashed(self) -> dict[str, Any]:
        """What can change a result and is not at its default."""
        return {k: v for k, v in self.changed().items() if k not in UNHASHED_SETTINGS}


S = TypeVar("S", bound=Settings)


def digest(value: object, digits: int = 8) -> str:
    """The first hex digits of the hash of the canonical JSON of ``value``."""
    canonical = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:digits]


def checked(kind: type[S], values: Mapping[str, Any], section: str = "") -> S:
    """``values`` as settings of ``kind``; raises :class:`UserError` for one out of range.

    >>> checked(Config, {"epochs": "4"}).epochs
    4
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        name = f"{section}.{key}" if section else key
        field = kind.model_fields.get(key)
        raise UserError(
            f"setting '{name}' = {values.get(key)!r} is not valid: {first['msg'].lower()}"
            + (f"; {field.description}" if field else "")
        ) from error


def parse_assignments(pairs: list[str]) -> dict[str, Any]:
    """Read ``key=value`` texts; ``none`` stands for None. The models convert the types.

    >>> parse_assignments(["byol.momentum=0.9", "max_examples=none"])
    {'byol.momentum': '0.9', 'max_examples': None}
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(f"--set {pair!r} is not key=value, as in --set lr=0.001")
        settings[key.strip()] = None if value.strip().lower() == "none" else value.strip()
    return settings
