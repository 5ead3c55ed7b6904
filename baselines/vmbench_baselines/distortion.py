"""What the fixed and the handcrafted view families share: a distortion, then the valid range."""

from typing import ClassVar

from pydantic import Field
from torch import Generator, Tensor

from vmbench.settings import Settings
from vmbench.views.base import ViewContext, ViewFamily
from vmbench.views.method import ViewMethod


class DistortionSettings(Settings):
    """Of every family here."""

    strength: float = Field(
        1.0, gt=0, le=2, description="Scales the views' own strengths; 1 is as published."
    )


class DistortionMethod(ViewMethod):
    """Base of the methods whose views are a :class:`Distortion`."""

    settings_class: ClassVar[type[Settings]] = DistortionSettings
    settings: DistortionSettings


class Distortion(ViewFamily):
    """Base of the families here: implement :meth:`distort`; its result is clamped.

    Args:
        context: what is known of the data; ``context.value_range`` bounds every view.
        strength: scales the family's own strengths (widths, ranges, standard deviations, shares);
            1 leaves them as published.
    """

    def __init__(self, context: ViewContext, strength: float = 1.0) -> None:
        super().__init__()
        self.value_range = context.value_range
        self.strength = strength

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """A distorted copy of ``x`` (B, *spec.shape), not yet clamped."""
        raise NotImplementedError

    def forward(self, x: Tensor, generator: Generator) -> Tensor:
        """One view of each example of ``x``, within the valid range where there is one."""
        view = self.distort(x, generator)
        return view if self.value_range is None else view.clamp(*self.value_range)
