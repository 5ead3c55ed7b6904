"""Additive white noise: the plainest fixed view, and the one that a learned one must beat."""

from torch import Generator, Tensor

from vmbench.views.base import ViewContext, ViewFamily
from vmbench_baselines.distortion import Distortion, DistortionMethod
from vmbench_baselines.draws import normal
from vmbench_baselines.reference import channel_sd

# The strength of the published spectral noise. On data of unit variance it moves a value by 0.2
# on average, four times the viewmaker's usual budget of 0.05, whose direction is chosen to hurt.
STRENGTH = 0.25


class GaussianNoise(Distortion):
    """Independent normal noise on every value, ``STRENGTH`` times its channel's (feature's) sd."""

    def __init__(self, context: ViewContext, strength: float = 1.0) -> None:
        super().__init__(context, strength)
        self.register_buffer("sd", channel_sd(context), persistent=False)
        self.sd: Tensor

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """(B, *spec.shape) of any spec; a feature that never varies stays as it is."""
        return x + self.strength * STRENGTH * self.sd * normal(tuple(x.shape), generator)


class GaussianNoiseMethod(DistortionMethod):
    """Gaussian noise on any spec."""

    name = "gaussian-noise"
    summary = "fixed views: white noise of a quarter of the data's sd"
    kind = "fixed"

    def views(self, context: ViewContext) -> ViewFamily:
        """Noise in proportion to ``context``'s data."""
        return GaussianNoise(context, self.settings.strength)
