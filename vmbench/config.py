"""Every hyperparameter of a run, with its default and a sentence; strict, so typos are errors."""

import hashlib
import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vmbench.errors import UserError


class Config(BaseModel):
    """Hyperparameters. A preset sets them, a domain adapts them, ``--set`` has the last word."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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

    # Encoder
    encoder: str = Field("auto", description="A registered encoder; auto follows the dataset.")
    width: int = Field(16, ge=1, description="Channels of the encoder's first stage.")
    stem: Literal["cifar", "strided", "imagenet"] = Field(
        "cifar", description="First layer of a ResNet; strided halves the input, imagenet quarters."
    )

    # Viewmaker
    epsilon: float = Field(
        0.05, gt=0, le=10, description="Mean absolute perturbation of one example (L1 budget)."
    )
    viewmaker_width: int = Field(32, ge=1, description="Channels of the viewmaker's first layer.")
    num_res_blocks: int = Field(3, ge=0, le=5, description="Residual blocks of the viewmaker.")
    frequency_domain: bool = Field(False, description="Perturb the DCT of the input instead.")
    downsample_to: int | None = Field(
        None, ge=8, description="Run the viewmaker on the input resized to this many bins."
    )

    viewmaker_bound: Literal["input", "released"] = Field(
        "input",
        description="Spend epsilon on what is added, or before resizing and DCT as released code.",
    )

    # Handcrafted and fixed views
    strength: float = Field(
        1.0, gt=0, le=2, description="Scales handcrafted and fixed views; 1 is as published."
    )

    augmentation: Literal["handcrafted"] | None = Field(
        None, description="Views that a supervised training sees; --views names any family instead."
    )

    # Objective
    temperature: float = Field(0.2, gt=0, description="Temperature of the contrastive softmax.")
    head: Literal["mlp", "linear"] = Field(
        "mlp", description="Projection after the encoder; linear is the published encoder's fc."
    )
    projection_dim: int = Field(64, ge=2, description="Dimensions of the projection.")
    negatives: int = Field(
        4096,
        ge=1,
        description="Negatives of instdisc and moco, capped by the training set's size; draws per "
        "example of instdisc-reference.",
    )
    bank_momentum: float = Field(
        0.5, ge=0, lt=1, description="Share of its old vector that a memory (instdisc) keeps."
    )
    target_momentum: float = Field(
        0.99,
        ge=0,
        le=1,
        description="Share of its old weights that a momentum encoder keeps; byol's rises to 1.",
    )
    prototypes: int | None = Field(
        None, ge=2, description="Prototypes of swav, at most batch_size; none is half of it."
    )

    local_crops: int = Field(
        0, ge=0, description="Local crops that swav predicts from beside its two full views."
    )

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
    viewmaker_lr: float = Field(
        1e-3, gt=0, description="The viewmaker's peak learning rate (Adam)."
    )

    # Evaluation
    feature_bins: int = Field(
        2, ge=1, description="Bins per axis that the last feature map is pooled to for the probe."
    )
    probe_penalties: int = Field(
        12, ge=10, description="Size of the log grid of L2 penalties searched on val."
    )
    probe_max_iter: int = Field(
        100, ge=10, description="Newton steps per penalty at most; a fit that needs more is named."
    )

    finetune_batch_size: int = Field(
        64, ge=2, description="Examples per step with --eval finetune, for every method."
    )
    finetune_epochs: int = Field(
        10, ge=1, le=10_000, description="Passes over a task's train split with --eval finetune."
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
        """Everything that can change a result: all but where the run runs and how it saves.

        A setting that came later is left out at its default, so that older runs keep their names.
        """
        later = {"unlabelled"} if self.unlabelled else set()
        return self.model_dump(exclude={"device", "checkpoint_minutes", *later})


def digest(value: object, digits: int = 8) -> str:
    """The first hex digits of the hash of the canonical JSON of ``value``."""
    canonical = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:digits]


def make_config(*layers: Mapping[str, Any]) -> Config:
    """Merge ``layers`` (later ones win) into a checked :class:`Config`.

    Raises:
        UserError: for an unknown key (with the nearest known one) or a value out of range.

    >>> make_config({"epochs": 3}, {"epochs": "4"}).epochs
    4
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        merged.update(layer)
    for key in merged:
        if key not in Config.model_fields:
            close = get_close_matches(key, Config.model_fields, n=1)
            hint = f"did you mean '{close[0]}'?" if close else "see 'vmbench info config'"
            raise UserError(f"unknown setting '{key}': {hint}")
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        raise UserError(
            f"setting '{key}' = {merged[key]!r} is not valid: {first['msg'].lower()}; "
            f"{Config.model_fields[key].description}"
        ) from error


def parse_assignments(pairs: list[str]) -> dict[str, Any]:
    """Read ``key=value`` texts; ``none`` stands for None. The model converts the types.

    >>> parse_assignments(["lr=0.1", "max_examples=none"])
    {'lr': '0.1', 'max_examples': None}
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(f"--set {pair!r} is not key=value, as in --set lr=0.001")
        settings[key.strip()] = None if value.strip().lower() == "none" else value.strip()
    return settings
