"""Objectives: what the encoder minimises, and a viewmaker maximises.

The losses are also plain functions, usable in anybody's loop.
"""

from vmbench.objectives.base import Batch, ContrastiveObjective, Objective
from vmbench.objectives.simclr import simclr
from vmbench.objectives.simclr_reference import simclr_reference

__all__ = ["Batch", "ContrastiveObjective", "Objective", "simclr", "simclr_reference"]
