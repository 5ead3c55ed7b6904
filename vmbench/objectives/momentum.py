"""The momentum encoder of MoCo, the target network of BYOL: a slow copy that no gradient trains."""

from copy import deepcopy

import torch
from torch import Tensor, nn


class MomentumEncoder(nn.Module):
    """Exponential moving average of an encoder and its projection head.

    It starts as a copy. Its parameters ask for no gradient, so no optimiser holds them and they
    count as no trainable ones; they are in ``state_dict``, so a resumed run goes on from them. In
    training mode its batch norms use each batch's own statistics, as the encoder's do.

    Args:
        encoder: what is followed; views (N, *spec.shape) -> (N, dim).
        head: follows the encoder; (N, dim) -> (N, D).
    """

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = deepcopy(encoder), deepcopy(head)
        self.requires_grad_(False)

    @torch.no_grad()
    def forward(self, views: Tensor) -> Tensor:
        """Projections (N, D) in float32, without a graph: no gradient reaches ``views`` either."""
        z: Tensor = self.head(self.encoder(views)).float()
        return z

    @torch.no_grad()
    def follow(self, encoder: nn.Module, head: nn.Module, momentum: float) -> None:
        """``weights <- momentum * weights + (1 - momentum) * followed``; 1 never moves."""
        for slow, fast in ((self.encoder, encoder), (self.head, head)):
            for old, new in zip(slow.parameters(), fast.parameters(), strict=True):
                old.lerp_(new, 1 - momentum)
