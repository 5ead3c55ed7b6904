"""Rows of features without an order."""

from dataclasses import dataclass
from typing import ClassVar

from vmbench.data.specs.base import Spec


@dataclass(frozen=True)
class Vector(Spec):
    """Table rows: a batch is (B, features)."""

    kind: ClassVar[str] = "vector"
    sample: ClassVar[tuple[int, ...]] = (27,)
    corruptions: ClassVar[str] = "vmbench.evaluation.corruptions:OF_VECTORS"
    features: int

    __str__ = Spec.__str__
