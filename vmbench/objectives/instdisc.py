"""Instance discrimination with a memory bank (Wu et al. 2018, arXiv 1805.01978)."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Batch
from vmbench.objectives.memory_bank import MemoryBankObjective, MemoryBankSettings
from vmbench.objectives.precision import full_precision
from vmbench.views.base import MakeViews


def instdisc(
    z: Tensor,
    memory: Tensor,
    negatives: Tensor,
    temperature: float,
    log_z: Tensor | float,
    n_examples: int,
) -> Tensor:
    """Noise-contrastive estimation of "which of the n examples is this?" (equations 5 to 7).

    With ``P(v) = exp(v . z_i / t) / Z`` and ``h(v) = P(v) / (P(v) + K / n)``:
    ``mean_i( -log h(memory_i) - sum_k log(1 - h(negatives_k)) )``.

    Args:
        z: projections (B, D); any scale, they are normalised here.
        memory: unit vectors (B, D): what the bank holds for the same examples.
        negatives: unit vectors (K, D) drawn uniformly from the bank, for the whole batch.
        temperature: t > 0.
        log_z: logarithm of the constant Z (see :func:`log_partition`).
        n_examples: n, the size of the bank.

    Returns:
        A scalar, positive.

    >>> instdisc(torch.eye(2), torch.eye(2), torch.eye(2), 1.0, 0.0, n_examples=2).item()
    2.319...
    """
    z = functional.normalize(z, dim=1)
    noise = math.log(len(negatives) / n_examples)  # h = sigmoid(log P - log(K / n))
    positive = (z * memory).sum(1) / temperature - log_z - noise
    negative = z @ negatives.T / temperature - log_z - noise
    return (functional.softplus(-positive) + functional.softplus(negative).sum(1)).mean()


def log_partition(z: Tensor, negatives: Tensor, temperature: float, n_examples: int) -> Tensor:
    """Monte Carlo estimate of log Z, ``Z = n / K * sum_k exp(v_k . z_i / t)`` (equation 8).

    Args:
        z: projections (B, D), normalised here; Z is averaged over them.
        negatives: unit vectors (K, D) drawn uniformly from the bank.
        temperature: t > 0.
        n_examples: n.
    """
    scores = functional.normalize(z, dim=1) @ negatives.T / temperature
    return torch.logsumexp(scores.flatten(), 0) + math.log(n_examples / scores.numel())


class InstDisc(MemoryBankObjective):
    """One view of each example against a bank of one unit vector per training example.

    As published, Z is estimated on the first batch and then constant, and after each step a bank's
    vector moves to the view's projection with momentum 0.5 (``bank_momentum``). The ``negatives``
    are drawn anew each step, without replacement and once for the whole batch.

    The viewmaker gets its gradient through the one view's projection; the bank is a constant to
    both players. The viewmaker's own pass (schedule ``alternating``) meets the same negatives.
    """

    name = "instdisc"
    summary = "noise-contrastive estimation against a memory bank of every example"
    paper = "Wu et al. 2018, arXiv 1805.01978"

    def __init__(self, encoder: Encoder, settings: MemoryBankSettings, n_examples: int) -> None:
        super().__init__(encoder, settings, n_examples)
        self.log_z: Tensor
        self.register_buffer("log_z", torch.tensor(torch.nan))

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """The NCE loss of one view of each example."""
        (view,) = make_views(batch.x, 1)
        z = self.project(view)
        with full_precision(z):
            negatives, t, n = self._negatives(), self.settings.temperature, self.n_examples
            with torch.no_grad():
                first = log_partition(z, negatives, t, n)
                self.log_z.copy_(torch.where(self.log_z.isnan(), first, self.log_z))
            loss = instdisc(z, self.bank[batch.index], negatives, t, self.log_z, n)
        self.remember(batch.index, z)
        return loss

    def _negatives(self) -> Tensor:
        drawn = torch.randperm(self.n_examples, generator=self.step_generator())
        return self.bank[drawn[: self.settings.negatives].to(self.bank.device)]
