"""What every kind of spec says."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar


@dataclass(frozen=True)
class Spec:
    """Base of the specs. ``shape`` is that of one example, without the batch axis.

    What else follows from a kind of spec is stated here, and what belongs to another room is named
    and not imported. The defaults serve any spec.

    Class attributes:
        kind: as in a method's ``specs`` and a domain's ``handcrafted``.
        sample: sizes of a small example with odd and unequal axes, for contract checks.
        encoder: the registered encoder that ``encoder=auto`` means.
        viewmaker: ``module:Class`` of the :class:`~vmbench.networks.viewmaker.Viewmaker`.
        corruptions: ``module:NAME`` of the :class:`~vmbench.evaluation.corruptions.Corruption` that
            examples are tested under.
        picture: ``module:function`` that draws an example or a change of it in the gallery.
    """

    kind: ClassVar[str]
    sample: ClassVar[tuple[int, ...]]
    encoder: ClassVar[str] = "mlp"
    viewmaker: ClassVar[str] = "vmbench.networks.viewmaker:MLPViewmaker"
    corruptions: ClassVar[str] = "vmbench.evaluation.corruptions:ANY"
    picture: ClassVar[str] = "vmbench.runs.pictures:draw_bars"

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
