"""Bootstrap your own latent (Grill et al. 2020, arXiv 2006.07733)."""

import math
from itertools import permutations

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from vmbench.networks.encoder import Encoder, HeadSettings
from vmbench.objectives.base import Batch, ProjectionObjective, mean, mlp_head, together
from vmbench.objectives.momentum import MomentumEncoder
from vmbench.views.base import MakeViews

EXPANSION = 16  # hidden over output width of the published predictor, 4096 / 256


def byol(p: Tensor, z: Tensor) -> Tensor:
    """``mean_i || p_i / |p_i| - z_i / |z_i| ||^2 = 2 - 2 mean_i cos(p_i, z_i)`` (equation 2).

    Args:
        p: predictions (B, D) from one view; any scale.
        z: the target network's projections (B, D) of the other view; a constant: no gradient flows
            into it.

    Returns:
        A scalar in [0, 4].

    >>> import torch
    >>> byol(torch.eye(2), torch.eye(2).flip(0)).item()
    2.0
    """
    return 2 - 2 * functional.cosine_similarity(p, z.detach(), dim=1).mean()


def rising_momentum(first: float, step: int, total: int) -> float:
    """``1 - (1 - first) (cos(pi step / total) + 1) / 2`` (section 3.2), from ``first`` towards 1.

    >>> rising_momentum(0.5, 0, 10), rising_momentum(0.5, 5, 10)
    (0.5, 0.75)
    """
    return 1 - (1 - first) * (math.cos(math.pi * step / total) + 1) / 2


class BYOLSettings(HeadSettings):
    """Of :class:`BYOL`."""

    momentum: float = Field(
        0.99,
        ge=0,
        le=1,
        description="Share of its old weights that the target network keeps at first; rises to 1.",
    )


class BYOL(ProjectionObjective):
    """Each view's prediction against the target network's projection of the other, summed.

    Of more than two views it is twice the mean over all ordered pairs. The target network is a
    momentum encoder; its ``momentum`` is as set at the first step, and rises to 1. There
    are no negatives; see :mod:`vmbench.training.collapse`.

    The viewmaker gets its gradient through the online branch (encoder, head, predictor), which
    both views pass; the target network gives neither player any.
    """

    name = "byol"
    summary = "predict a momentum encoder's projection of the other view; no negatives"
    kind = "predictive"
    paper = "Grill et al. 2020, arXiv 2006.07733"
    settings_class = BYOLSettings
    settings: BYOLSettings

    def __init__(self, encoder: Encoder, settings: BYOLSettings, n_examples: int) -> None:
        super().__init__(encoder, settings, n_examples)
        dim = settings.projection_dim
        self.predictor = mlp_head(dim, dim, EXPANSION * dim)
        self.target = MomentumEncoder(encoder, self.head)

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """The symmetric loss of the views of each example."""
        views = make_views(batch.x)
        p = together(together(views, self.project), self.predictor)
        z = together(views, self.target)
        pairs = permutations(range(len(views)), 2)
        return 2 * mean([byol(p[one].float(), z[other]) for one, other in pairs])

    def after_step(self, batch: Batch) -> None:
        """The target network follows the encoder and its head, ever more slowly."""
        momentum = rising_momentum(self.settings.momentum, batch.step, batch.total)
        self.target.follow(self.encoder, self.head, momentum)
