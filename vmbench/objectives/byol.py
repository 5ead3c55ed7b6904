"""Bootstrap your own latent (Grill et al. 2020, arXiv 2006.07733)."""

import torch
from torch import Tensor
from torch.nn import functional

from vmbench.config import Config
from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Batch, ProjectionObjective, mlp_head
from vmbench.objectives.momentum import MomentumEncoder
from vmbench.views.base import MakeView

EXPANSION = 16  # hidden over output width of the published predictor, 4096 / 256


def byol(p: Tensor, z: Tensor) -> Tensor:
    """``mean_i || p_i / |p_i| - z_i / |z_i| ||^2 = 2 - 2 mean_i cos(p_i, z_i)`` (equation 2).

    Args:
        p: predictions (B, D) from one view; any scale.
        z: the target network's projections (B, D) of the other view; a constant: no gradient flows
            into it.

    Returns:
        A scalar in [0, 4].

    >>> byol(torch.eye(2), torch.eye(2).flip(0)).item()
    2.0
    """
    return 2 - 2 * functional.cosine_similarity(p, z.detach(), dim=1).mean()


class BYOL(ProjectionObjective):
    """Each view's prediction against the target network's projection of the other, summed.

    The target network is the momentum encoder of ``target_momentum``, constant over the run (the
    published one rises to 1). There are no negatives; see :mod:`vmbench.training.collapse`.

    The viewmaker gets its gradient through the online branch (encoder, head, predictor), which
    both views pass; the target network gives neither player any.
    """

    kind = "predictive"
    paper = "Grill et al. 2020, arXiv 2006.07733"
    presets = {"paper": {"target_momentum": 0.996, "head": "mlp", "projection_dim": 256}}

    def __init__(self, encoder: Encoder, config: Config, n_examples: int) -> None:
        super().__init__(encoder, config, n_examples)
        dim = config.projection_dim
        self.predictor = mlp_head(dim, dim, EXPANSION * dim)
        self.target = MomentumEncoder(encoder, self.head, config.target_momentum)

    def forward(self, batch: Batch, make_view: MakeView) -> Tensor:
        """The symmetric loss of two views of each example."""
        views = torch.cat([make_view(batch.x), make_view(batch.x)])
        p1, p2 = self.predictor(self.project(views)).float().chunk(2)
        z1, z2 = self.target(views).chunk(2)
        return byol(p1, z2) + byol(p2, z1)

    def after_step(self) -> None:
        """The target network follows the encoder and its head."""
        self.target.follow(self.encoder, self.head)
