"""Instance discrimination as in the published viewmaker system; not noise-contrastive estimation.

What its released code calls InstDisc is the log-ratio of an example's own memory to the mean over
memories drawn for it alone (arXiv 2010.07432, released code). Wu et al.'s loss, which has that
name elsewhere, is :mod:`vmbench.objectives.instdisc`.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from vmbench.objectives.base import Batch
from vmbench.objectives.memory_bank import MemoryBankObjective
from vmbench.objectives.precision import full_precision
from vmbench.views.base import MakeViews


def instdisc_reference(
    z: Tensor, bank: Tensor, index: Tensor, noise: Tensor, temperature: float
) -> Tensor:
    """``mean_i( logsumexp_j( z_i . m[n_ij] / t ) - log k - z_i . m[i] / t )``.

    Args:
        z: projections (B, D); any scale, they are normalised here.
        bank: m, unit vectors (N, D), one per training example; a constant.
        index: positions (B,) of the examples in the bank.
        noise: n, positions (B, k) in the bank, drawn uniformly with replacement for each example.
        temperature: t > 0.

    Returns:
        A scalar, which is negative once the own memory is nearer than the drawn ones.

    >>> bank, noise = torch.eye(2), torch.tensor([[0, 1], [0, 1]])
    >>> instdisc_reference(torch.eye(2), bank, torch.arange(2), noise, 1.0).item()
    -0.379...
    """
    scores = functional.normalize(z, dim=1) @ bank.T / temperature
    own = scores.gather(1, index[:, None]).squeeze(1)
    drawn = torch.logsumexp(scores.gather(1, noise), 1) - math.log(noise.shape[1])
    return (drawn - own).mean()


class InstDiscReference(MemoryBankObjective):
    """One view of each example: its own memory against as many drawn ones as ``negatives`` says.

    As published the drawn ones are with replacement, anew for each example and step, so there may
    be more than the training set has examples, and its own memory among them. One deviation: after
    a step the memories move once, by the encoder's pass; there the viewmaker's pass draws others
    and moves them again.

    The viewmaker gets its gradient through the one view's projection; the bank is a constant to
    both players. The viewmaker's own pass (schedule ``alternating``) meets the same draw.
    """

    name = "instdisc-reference"
    summary = "the published viewmaker system's InstDisc: a ratio over memories drawn per example"
    paper = "Tamkin et al. 2021, arXiv 2010.07432"

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """The loss of one view of each example."""
        (view,) = make_views(batch.x, 1)
        z = self.project(view)
        with full_precision(z):
            noise = self._noise(len(z)).to(z.device)
            loss = instdisc_reference(z, self.bank, batch.index, noise, self.settings.temperature)
        self.remember(batch.index, z)
        return loss

    def _noise(self, batch: int) -> Tensor:
        shape = (batch, self.settings.negatives)
        return torch.randint(self.n_examples, shape, generator=self.step_generator())
