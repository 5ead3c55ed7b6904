"""NT-Xent, the canonical loss of SimCLR (Chen et al. 2020, arXiv 2002.05709, equation 1)."""

import torch
from torch import Tensor
from torch.nn import functional

from vmbench.objectives.base import ContrastiveObjective


def simclr(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """Symmetric cross-entropy of finding each view's partner among the other 2B - 1 views.

    ``mean over all 2B views i of: logsumexp_{j != i}(s_ij / t) - s_ip / t``, where s is the cosine
    similarity and p the other view of i's example.

    Args:
        z1: projections (B, D) of the first views; any scale, they are normalised here.
        z2: projections (B, D) of the second views, row by row of the same examples.
        temperature: t > 0.

    Returns:
        A scalar; with B = 1 the only candidate is the partner and the loss is 0.

    >>> simclr(torch.eye(2), torch.eye(2), temperature=1.0).item()  # log(e + 2) - 1
    0.551...
    """
    z = functional.normalize(torch.cat([z1, z2]), dim=1)
    similarity = z @ z.T / temperature
    similarity.fill_diagonal_(-torch.inf)
    partner = torch.arange(len(z), device=z.device).roll(len(z1))
    return functional.cross_entropy(similarity, partner)


class SimCLR(ContrastiveObjective):
    """NT-Xent over a projection head."""

    name = "simclr"
    summary = "canonical NT-Xent, symmetric, without self-similarity"
    paper = "Chen et al. 2020, arXiv 2002.05709"

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """NT-Xent at the configured temperature."""
        return simclr(z1, z2, self.settings.temperature)
