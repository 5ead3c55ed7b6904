"""Input specs: the shape of an example, from which every network follows.

A spec says nothing of a modality: a spectrogram and a photograph are both a :class:`Grid`. Another
kind is a file here that states what follows from it, and its name in :data:`SPECS`.
"""

from vmbench.data.specs.base import Spec
from vmbench.data.specs.grid import Grid
from vmbench.data.specs.sequence import Sequence
from vmbench.data.specs.vector import Vector

SPECS: tuple[type[Spec], ...] = (Grid, Sequence, Vector)
ALL_KINDS: tuple[str, ...] = tuple(spec.kind for spec in SPECS)

__all__ = ["ALL_KINDS", "SPECS", "Grid", "Sequence", "Spec", "Vector"]
