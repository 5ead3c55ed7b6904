"""Shuffled embedding detection, ShED (Tamkin et al. 2021, DABS, arXiv 2111.12062), on any spec.

DABS swaps 15% of an example's token embeddings and asks of each whether it was swapped. Encoders
here have no token embeddings, so patches, segments or features of the input are swapped instead.
"""

import math

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from vmbench.networks.encoder import Encoder, HeadSettings
from vmbench.objectives.base import Batch, Objective
from vmbench.views.base import MakeViews
from vmbench.views.method import PretextMethod
from vmbench_baselines.draws import uniform
from vmbench_baselines.tokens import TokenDecoder, Tokens


class ShEDSettings(HeadSettings):
    """Of shuffled embedding detection."""

    shuffled_share: float = Field(
        0.15, gt=0, le=1, description="Share of the tokens that change place; two at least do."
    )


def rotate(tokens: Tensor, chosen: Tensor) -> Tensor:
    """``tokens`` (B, N, D) with those at ``chosen`` (B, K) moved along it in a circle.

    Each of them changes place (K > 1): a derangement, though not every one can be drawn.
    """
    index = chosen[:, :, None].expand(-1, -1, tokens.shape[2])
    return tokens.scatter(1, index, tokens.gather(1, index.roll(1, dims=1)))


class ShuffleDetection(Objective):
    """Binary cross-entropy of telling, token by token, which were moved within their example."""

    settings_class = ShEDSettings

    def __init__(self, encoder: Encoder, settings: ShEDSettings, n_examples: int) -> None:
        super().__init__(encoder, settings, n_examples)
        self.tokens = Tokens.of(encoder.spec)
        shuffled = math.ceil(settings.shuffled_share * self.tokens.count)
        self.shuffled = min(self.tokens.count, max(2, shuffled))
        self.detector = TokenDecoder(encoder, self.tokens, 1)

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """Shuffle some tokens of each example, encode it, detect them; makes no view."""
        x = batch.x
        order = uniform((len(x), self.tokens.count), batch.generator).argsort(dim=1)
        chosen = order[:, : self.shuffled]
        moved = torch.zeros(order.shape, device=x.device).scatter(1, chosen, 1.0)
        maps = self.encoder.maps(self.tokens.join(rotate(self.tokens.split(x), chosen), x))
        self.watch(self.encoder.average(maps))
        logits = self.detector(maps)[..., 0].float()
        return functional.binary_cross_entropy_with_logits(logits, moved)


class ShED(PretextMethod):
    """Shuffled embedding detection on any spec."""

    name = "shed"
    summary = "no views: detection of shuffled patches, segments or features"
    kind = "none"
    paper = "Tamkin et al. 2021, arXiv 2111.12062"
    objective = ShuffleDetection
