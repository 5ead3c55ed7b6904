"""Images and spectrograms."""

from dataclasses import dataclass
from typing import ClassVar

from vmbench.data.specs.base import Spec


@dataclass(frozen=True)
class Grid(Spec):
    """Images and spectrograms: a batch is (B, channels, height, width).

    >>> Grid(1, 64, 64).shape
    (1, 64, 64)
    """

    kind: ClassVar[str] = "grid"
    sample: ClassVar[tuple[int, ...]] = (3, 17, 23)
    encoder: ClassVar[str] = "resnet18"
    viewmaker: ClassVar[str] = "vmbench.networks.viewmaker:ConvViewmaker"
    corruptions: ClassVar[str] = "vmbench.evaluation.corruptions:OF_GRIDS"
    picture: ClassVar[str] = "vmbench.runs.pictures:draw_image"
    channels: int
    height: int
    width: int

    __str__ = Spec.__str__
