"""The one-directional loss of the published viewmaker system; not NT-Xent.

It anchors on the first views only, and its denominator keeps each anchor's similarity to itself
and to its partner (arXiv 2010.07432, released code).
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from vmbench.objectives.base import ContrastiveObjective


def simclr_reference(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """``mean_i( logsumexp_j( z1_i . [z1; z2]_j / t ) - log(2B) - z1_i . z2_i / t )``.

    Args:
        z1: projections (B, D) of the first views; any scale, they are normalised here.
        z2: projections (B, D) of the second views.
        temperature: t > 0.

    Returns:
        A scalar, which may be negative because of the ``- log(2B)``.

    >>> simclr_reference(torch.eye(2), torch.eye(2), 1.0).item()  # log(2e + 2) - log(4) - 1
    -0.379...
    """
    z1, z2 = functional.normalize(z1, dim=1), functional.normalize(z2, dim=1)
    candidates = torch.cat([z1, z2])
    denominator = torch.logsumexp(z1 @ candidates.T / temperature, dim=1)
    positive = (z1 * z2).sum(1) / temperature
    return (denominator - math.log(len(candidates)) - positive).mean()


class SimCLRReference(ContrastiveObjective):
    """The published loss over the encoder's representation."""

    name = "simclr-reference"
    summary = "the one-directional loss of the published viewmaker system"
    paper = "Tamkin et al. 2021, arXiv 2010.07432"

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """The one-directional loss at the configured temperature."""
        return simclr_reference(z1, z2, self.settings.temperature)
