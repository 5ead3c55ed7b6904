"""Randomized quantization (Wu et al., ICCV 2023, arXiv 2212.08663), a fixed view for any data.

Section 3: the range of each channel of an example is cut into bins at random places, and all
values of a bin become one value drawn from it; what differs within a bin is hidden.
"""

import torch
from torch import Generator, Tensor

from vmbench.views.base import ViewContext, ViewFamily
from vmbench_baselines.distortion import Distortion, DistortionMethod
from vmbench_baselines.draws import uniform

BINS = 8


class RandomizedQuantization(Distortion):
    """Per example and channel: ``BINS`` bins with uniform edges, one uniform value for each.

    ``strength`` divides the number of bins.

    The paper's channels are axes of a tensor. A Vector has none, so its whole row is one channel,
    which takes features of comparable scale (they are normalised); a row of one feature has no
    range and stays as it is.
    """

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """(B, *spec.shape) of any spec."""
        values = (x[:, None] if x.dim() == 2 else x.flatten(2)).contiguous()
        low, high = values.amin(2, keepdim=True), values.amax(2, keepdim=True)
        channels = tuple(values.shape[:2])
        bins = max(2, round(BINS / self.strength))
        cuts = low + (high - low) * uniform((*channels, bins - 1), generator)
        edges = torch.cat([low, cuts.sort(2).values, high], dim=2)
        outputs = torch.lerp(edges[..., :-1], edges[..., 1:], uniform((*channels, bins), generator))
        chosen = torch.searchsorted(edges[..., 1:-1].contiguous(), values, right=True)
        return outputs.gather(2, chosen).view(x.shape)


class RandomizedQuantizationMethod(DistortionMethod):
    """Randomized quantization on any spec."""

    name = "randomized-quantization"
    summary = "fixed views: each channel quantised to 8 random bins"
    kind = "fixed"
    paper = "Wu et al. 2023, arXiv 2212.08663"

    def views(self, context: ViewContext) -> ViewFamily:
        """The same distortion whatever the data."""
        return RandomizedQuantization(context, self.settings.strength)
