"""Objectives: what the encoder minimises, and a viewmaker maximises.

The losses are also plain functions, usable in anybody's loop.
"""

from vmbench.objectives.base import (
    Batch,
    ContrastiveObjective,
    ContrastiveSettings,
    Objective,
    ProjectionObjective,
)
from vmbench.objectives.byol import byol
from vmbench.objectives.instdisc import instdisc
from vmbench.objectives.instdisc_reference import instdisc_reference
from vmbench.objectives.moco import moco
from vmbench.objectives.simclr import simclr
from vmbench.objectives.simclr_reference import simclr_reference
from vmbench.objectives.simsiam import simsiam
from vmbench.objectives.swav import multi_crop_swav, sinkhorn, swav

__all__ = [
    "Batch",
    "ContrastiveObjective",
    "ContrastiveSettings",
    "Objective",
    "ProjectionObjective",
    "byol",
    "instdisc",
    "instdisc_reference",
    "moco",
    "multi_crop_swav",
    "simclr",
    "simclr_reference",
    "simsiam",
    "sinkhorn",
    "swav",
]
