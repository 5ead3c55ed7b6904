"""Presets: full sets of hyperparameters. A domain may adapt one (``Domain.presets``)."""

from collections.abc import Mapping
from typing import Any

from vmbench.errors import unknown_name

SUMMARIES: Mapping[str, str] = {
    "smoke": "proves the pipeline, in seconds; its numbers mean nothing",
    "small": "a meaningful board on a 2-core CPU, minutes a run (the default)",
    "paper": "the published setting, a GPU's work",
}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "smoke": {
        "max_examples": 256,
        "batch_size": 64,
        "width": 4,
        "viewmaker_width": 4,
        "num_res_blocks": 1,
        "epochs": 2,
        "feature_bins": 1,
        "probe_penalties": 10,
        "finetune_batch_size": 32,
        "finetune_epochs": 2,
    },
    "small": {"viewmaker_width": 8, "epochs": 8, "lr": 1e-3, "viewmaker_lr": 3e-3},
    "paper": {
        "batch_size": 256,
        "width": 64,
        "temperature": 0.07,
        "head": "linear",
        "projection_dim": 128,
        "epochs": 200,
        "schedule": "alternating",
        "optimizer": "sgd",
        "lr": 0.03,
        "lr_schedule": "constant",
        "viewmaker_bound": "released",
        "feature_bins": 1,
        "probe_penalties": 45,
        "precision": "float32",
        "finetune_batch_size": 128,
        "finetune_epochs": 100,
    },
}


def preset(name: str) -> Mapping[str, Any]:
    """The settings of a preset; raises :class:`~vmbench.errors.UserError` for an unknown name."""
    if name not in PRESETS:
        raise unknown_name("preset", name, PRESETS)
    return PRESETS[name]
