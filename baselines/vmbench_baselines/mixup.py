"""Mixup as the only view: i-Mix (Lee et al. 2021, arXiv 2010.08887) on the N-pair loss.

Every example of a batch is a class of its own, its virtual label. Inputs are mixed in pairs, and
the contrastive task becomes to say which two examples are in a mixture, and in what shares.
"""

import torch
from pydantic import Field
from torch import Generator, Tensor
from torch.nn import functional

from vmbench.objectives.base import Batch, ContrastiveSettings, ProjectionObjective
from vmbench.views.base import MakeViews
from vmbench.views.method import PretextMethod
from vmbench_baselines.draws import uniform


def mixed_n_pair(
    z: Tensor, candidates: Tensor, share: Tensor, partner: Tensor, temperature: float
) -> Tensor:
    """N-pair loss with mixed virtual labels (i-Mix, section 3.2).

    ``mean_i of: share_i CE(s_i, i) + (1 - share_i) CE(s_i, partner_i)``, where ``s_ij`` is the
    cosine similarity of mixture i and candidate j over the temperature, and CE the cross-entropy
    of the softmax over all B candidates.

    Args:
        z: representations (B, D) of the mixtures; any scale, they are normalised here.
        candidates: those of the examples, unmixed.
        share: (B,) in 0..1, of example i in mixture i.
        partner: (B,) int64, the other example in mixture i.
        temperature: above 0.

    Returns:
        A scalar.

    >>> halves = torch.full((2,), 0.5)
    >>> mixed_n_pair(torch.ones(2, 2), torch.eye(2), halves, torch.tensor([1, 0]), 1.0).item()
    0.693...
    """
    similarity = functional.normalize(z, dim=1) @ functional.normalize(candidates, dim=1).T
    logs = functional.log_softmax(similarity / temperature, dim=1)
    own = logs.diagonal()
    other = logs.gather(1, partner[:, None])[:, 0]
    return -(share * own + (1 - share) * other).mean()


class MixtureSettings(ContrastiveSettings):
    """Of the objectives over mixtures."""

    alpha: float = Field(1.0, gt=0, description="Shares are drawn from Beta(alpha, alpha).")


def draw_mixture(batch: int, generator: Generator, alpha: float = 1.0) -> tuple[Tensor, Tensor]:
    """Shares (batch,) and partners (batch,), a permutation.

    Shares are from Beta(alpha, alpha), which for 1 is uniform; each example is the larger half of
    its own mixture, as in the paper's code.
    """
    share = uniform((batch,), generator) if alpha == 1 else _beta(batch, generator, alpha)
    return torch.maximum(share, 1 - share), uniform((batch,), generator).argsort()


def _beta(batch: int, generator: Generator, alpha: float) -> Tensor:
    """From two gammas, because torch's Beta takes no generator."""
    concentration = torch.full((2, batch), alpha, device=generator.device)
    gammas: Tensor = torch._standard_gamma(concentration, generator=generator)
    return gammas[0] / gammas.sum(0).clamp(min=torch.finfo(gammas.dtype).tiny)


def mix(x: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """``share x + (1 - share) other``, with one share (B,) per example."""
    share = share.view(-1, *[1] * (x.dim() - 1)).to(x.dtype)
    return share * x + (1 - share) * other


class IMix(ProjectionObjective):
    """N-pair loss of mixtures of first views against second views."""

    paper = "Lee et al. 2021, arXiv 2010.08887"
    settings_class = MixtureSettings
    settings: MixtureSettings

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """Two views of each example; the first are mixed in pairs, and both encoded apart."""
        first, second = make_views(batch.x, 2)
        share, partner = draw_mixture(len(first), batch.generator, self.settings.alpha)
        z = self.project(mix(first, first[partner], share))
        candidates = self.project(second)  # the last to be projected are the ones watched
        return mixed_n_pair(z, candidates, share, partner, self.settings.temperature)


class Mixup(PretextMethod):
    """i-Mix without any other view, on any spec."""

    name = "mixup"
    summary = "fixed views: examples mixed in pairs, labels mixed in its own objective (i-Mix)"
    kind = "fixed"
    paper = "Lee et al. 2021, arXiv 2010.08887"
    objective = IMix
