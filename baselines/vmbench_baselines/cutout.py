"""Cutout (DeVries and Taylor 2017, arXiv 1708.04552): a random part of the example is hidden.

Section 3.1: a square of fixed size around a uniform centre, partly outside if the centre is near
the border, filled with the data's mean. There it is half the side of a CIFAR-10 image, a quarter
of the area; here it is a quarter of any example: a box, a segment, or a set of features.
"""

from torch import Generator, Tensor

from vmbench.views.base import ViewContext, ViewFamily
from vmbench_baselines.distortion import Distortion, DistortionMethod
from vmbench_baselines.masks import centred_band, random_subset
from vmbench_baselines.reference import mean_value

HIDDEN = 0.25  # share of the example


class Cutout(Distortion):
    """One box (Grid), segment (Sequence) or set of features (Vector) set to the mean value.

    Boxes and segments are shared over channels. Of a Vector one feature at least is kept.
    """

    def __init__(self, context: ViewContext, strength: float = 1.0) -> None:
        super().__init__(context, strength)
        self.register_buffer("mean", mean_value(context), persistent=False)
        self.mean: Tensor

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """(B, *spec.shape) of any spec."""
        return x.where(~self.hidden(x, generator), self.mean)

    def hidden(self, x: Tensor, generator: Generator) -> Tensor:
        """Where ``x`` is hidden: bool, of x's shape but for one entry on the channel axis."""
        batch, space = len(x), x.shape[2:]
        share = self.strength * HIDDEN
        if not space:
            features = x.shape[1]
            count = min(features - 1, max(1, round(share * features)))
            return random_subset(batch, features, count, generator)
        side = share ** (1 / len(space))
        bands = [centred_band(batch, n, max(1, round(side * n)), generator) for n in space]
        if len(bands) == 1:
            return bands[0][:, None]
        return bands[0][:, None, :, None] & bands[1][:, None, None, :]


class CutoutMethod(DistortionMethod):
    """Cutout on any spec."""

    name = "cutout"
    summary = "fixed views: a random quarter of the example hidden"
    kind = "fixed"
    paper = "DeVries and Taylor 2017, arXiv 1708.04552"

    def views(self, context: ViewContext) -> ViewFamily:
        """Cutout that fills with ``context``'s mean value."""
        return Cutout(context, self.settings.strength)
