"""Masked autoencoding (He et al. 2022, arXiv 2111.06377) of any spec, without a transformer.

There the encoder never sees the masked patches. A convolution cannot skip any, so here, as in DABS
2.0, masked tokens are replaced: by a learned number per channel. He et al. hide 75% of an image
because neighbouring patches tell of one another; table features do so less, and half are hidden.
While it pretrains, the encoder (and so its batch norm) sees masked inputs only.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from vmbench.networks.encoder import Encoder, HeadSettings
from vmbench.objectives.base import Batch, Objective
from vmbench.views.base import MakeViews
from vmbench.views.method import PretextMethod
from vmbench_baselines.masks import random_subset
from vmbench_baselines.tokens import TokenDecoder, Tokens

# Share of the tokens: of an example with space, whose neighbours tell of one another; of others.
MASKED, MASKED_FEATURES = 0.75, 0.5


class MAESettings(HeadSettings):
    """Of masked autoencoding."""

    mask_share: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of the tokens that is masked; none is 0.75, of table features 0.5.",
    )


class MaskedReconstruction(Objective):
    """Mean squared error of the masked tokens' values, reconstructed from the unmasked ones."""

    settings_class = MAESettings

    def __init__(self, encoder: Encoder, settings: MAESettings, n_examples: int) -> None:
        super().__init__(encoder, settings, n_examples)
        spec = encoder.spec
        self.tokens = Tokens.of(spec)
        share = settings.mask_share or (MASKED if spec.space else MASKED_FEATURES)
        self.masked = max(1, min(self.tokens.count - 1, round(share * self.tokens.count)))
        self.decoder = TokenDecoder(encoder, self.tokens, self.tokens.numel)
        self.mask_value = nn.Parameter(torch.zeros(spec.channels_in, *[1] * len(spec.space)))

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """Mask each example at random, encode it, and compare what was masked; makes no view."""
        mask = random_subset(len(batch.x), self.tokens.count, self.masked, batch.generator)
        maps = self.encoder.maps(self.hide(batch.x, mask))
        self.watch(self.encoder.average(maps))
        error = self.decoder(maps).float() - self.tokens.split(batch.x)
        loss: Tensor = error[mask].square().mean()
        return loss

    def hide(self, x: Tensor, mask: Tensor) -> Tensor:
        """``x`` with the tokens of ``mask`` (B, tokens) replaced by the learned mask value."""
        return torch.where(self.tokens.spread(mask, x), self.mask_value, x)


class MAE(PretextMethod):
    """Masked autoencoding on any spec."""

    name = "mae"
    summary = "no views: masked reconstruction"
    kind = "none"
    paper = "He et al. 2022, arXiv 2111.06377"
    objective = MaskedReconstruction
