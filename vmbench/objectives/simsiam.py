"""Simple siamese networks (Chen and He 2021, arXiv 2011.10566)."""

from itertools import permutations

from torch import Tensor
from torch.nn import functional

from vmbench.networks.encoder import Encoder, HeadSettings
from vmbench.objectives.base import Batch, ProjectionObjective, mean, mlp_head, together
from vmbench.views.base import MakeViews

BOTTLENECK = 4  # output over hidden width of the published predictor, 2048 / 512


def simsiam(p: Tensor, z: Tensor) -> Tensor:
    """``- mean_i cos(p_i, stopgrad(z_i))`` (equations 1 and 3).

    Args:
        p: predictions (B, D) from one view; any scale.
        z: projections (B, D) of the other view; no gradient flows into them.

    Returns:
        A scalar in [-1, 1].

    >>> import torch
    >>> simsiam(torch.eye(2), 3 * torch.eye(2)).item()
    -1.0
    """
    return -functional.cosine_similarity(p, z.detach(), dim=1).mean()


class SimSiam(ProjectionObjective):
    """Each view's prediction against the other's projection, averaged (equation 4).

    There are neither negatives nor a momentum encoder: the stopped gradient alone prevents
    collapse; see :mod:`vmbench.training.collapse`.

    The viewmaker gets its gradient through the predictor's branch, which both views pass; the
    branch whose gradient is stopped gives neither player any.
    """

    name = "simsiam"
    summary = "predict the other view's projection, gradient stopped; no negatives"
    kind = "predictive"
    paper = "Chen and He 2021, arXiv 2011.10566"

    def __init__(self, encoder: Encoder, settings: HeadSettings, n_examples: int) -> None:
        super().__init__(encoder, settings, n_examples)
        dim = settings.projection_dim
        self.predictor = mlp_head(dim, dim, max(1, dim // BOTTLENECK))

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """The mean over every ordered pair of views of each example."""
        z = together(make_views(batch.x), self.project)
        p = together(z, self.predictor)
        pairs = permutations(range(len(z)), 2)
        return mean([simsiam(p[one].float(), z[other]) for one, other in pairs])
