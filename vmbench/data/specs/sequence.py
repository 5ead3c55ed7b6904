"""Signals over time."""

from dataclasses import dataclass
from typing import ClassVar

from vmbench.data.specs.base import Spec


@dataclass(frozen=True)
class Sequence(Spec):
    """Waveforms, ECG, raw sensors: a batch is (B, channels, length)."""

    kind: ClassVar[str] = "sequence"
    sample: ClassVar[tuple[int, ...]] = (2, 37)
    encoder: ClassVar[str] = "resnet18"
    viewmaker: ClassVar[str] = "vmbench.networks.viewmaker:ConvViewmaker"
    corruptions: ClassVar[str] = "vmbench.evaluation.corruptions:OF_SEQUENCES"
    picture: ClassVar[str] = "vmbench.runs.pictures:draw_traces"
    channels: int
    length: int

    __str__ = Spec.__str__
