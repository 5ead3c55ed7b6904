"""What the fixed and the handcrafted view families share: a distortion, then the valid range."""

from torch import Generator, Tensor

from vmbench.views.base import ViewContext, Views


class Distortion(Views):
    """Base of the families here: implement :meth:`distort`; its result is clamped.

    Args:
        context: what is known of the data; ``context.value_range`` bounds every view.

    Each family scales its own strengths (widths, ranges, standard deviations, shares) by
    ``strength``, the run's setting; 1 leaves them as published.
    """

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self.value_range = context.value_range
        self.strength = context.config.strength

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """A distorted copy of ``x`` (B, *spec.shape), not yet clamped."""
        raise NotImplementedError

    def forward(self, x: Tensor, generator: Generator) -> Tensor:
        """One view of each example of ``x``, within the valid range where there is one."""
        view = self.distort(x, generator)
        return view if self.value_range is None else view.clamp(*self.value_range)
