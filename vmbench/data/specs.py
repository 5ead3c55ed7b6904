"""Input specs: the shape of an example, from which every network follows.

A spec says nothing of a modality: a spectrogram and a photograph are both a :class:`Grid`.
"""

from dataclasses import dataclass
from math import prod
from typing import ClassVar


@dataclass(frozen=True)
class Spec:
    """Base of the three specs. ``shape`` is that of one example, without the batch axis."""

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        """Raise ``ValueError`` unless every axis has at least one entry."""
        if min(self.shape) < 1:
            raise ValueError(f"every axis of {self} must be at least 1")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(vars(self).values())

    @property
    def numel(self) -> int:
        """How many numbers one example holds."""
        return prod(self.shape)

    @property
    def channels_in(self) -> int:
        """Entries of the first axis: channels of a Grid or Sequence, features of a Vector."""
        return self.shape[0]

    @property
    def space(self) -> tuple[int, ...]:
        """The axes that convolutions run over; empty for a Vector."""
        return self.shape[1:]

    def __str__(self) -> str:
        """As in the docs: ``Grid(1, 64, 64)``."""
        return f"{type(self).__name__}({', '.join(map(str, self.shape))})"


@dataclass(frozen=True)
class Grid(Spec):
    """Images and spectrograms: a batch is (B, channels, height, width).

    >>> Grid(1, 64, 64).shape
    (1, 64, 64)
    """

    kind: ClassVar[str] = "grid"
    channels: int
    height: int
    width: int

    __str__ = Spec.__str__


@dataclass(frozen=True)
class Sequence(Spec):
    """Waveforms, ECG, raw sensors: a batch is (B, channels, length)."""

    kind: ClassVar[str] = "sequence"
    channels: int
    length: int

    __str__ = Spec.__str__


@dataclass(frozen=True)
class Vector(Spec):
    """Table rows: a batch is (B, features)."""

    kind: ClassVar[str] = "vector"
    features: int

    __str__ = Spec.__str__


ALL_KINDS: tuple[str, ...] = (Grid.kind, Sequence.kind, Vector.kind)
