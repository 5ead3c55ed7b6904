"""Swapped assignments between views (Caron et al. 2020, arXiv 2006.09882)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vmbench.config import Config
from vmbench.errors import UserError
from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Batch, ProjectionObjective
from vmbench.objectives.precision import full_precision
from vmbench.views.base import MakeView

# Published constants of the assignment.
EPSILON = 0.05
ITERATIONS = 3
FEWEST = 2  # prototypes, whatever the batch


@torch.no_grad()
def sinkhorn(scores: Tensor, epsilon: float, iterations: int) -> Tensor:
    """Assign the batch to prototypes so that all prototypes are used alike (equations 3 to 5).

    Sinkhorn-Knopp on ``exp(scores / epsilon)``, in logarithms so that nothing overflows: in turn,
    every prototype's column gets the same sum, then every example's row sums to 1.

    Args:
        scores: similarities (B, K) of examples and prototypes.
        epsilon: weight of the entropy, > 0; the smaller, the harder the assignment.
        iterations: of the pair of normalisations, >= 1.

    Returns:
        Codes (B, K), non-negative, each row's sum 1; without a gradient.

    >>> sinkhorn(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), epsilon=0.05, iterations=3)
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """
    log_codes = scores / epsilon
    for _ in range(iterations):
        log_codes = torch.log_softmax(torch.log_softmax(log_codes, dim=0), dim=1)
    return log_codes.exp()


def swav(
    scores1: Tensor,
    scores2: Tensor,
    temperature: float,
    epsilon: float = EPSILON,
    iterations: int = ITERATIONS,
) -> Tensor:
    """Cross-entropy of predicting each view's code from the other view (equations 1 and 2).

    ``mean_i( - sum_k code2_ik log softmax_k(scores1_i / t) )``, averaged with its swapped twin.

    Args:
        scores1: cosine similarities (B, K) of the first views and the prototypes.
        scores2: the same of the second views.
        temperature: t > 0 of the prediction.
        epsilon: of :func:`sinkhorn`, which gives the codes; they are constants.
        iterations: of :func:`sinkhorn`.

    Returns:
        A scalar, positive.

    >>> swav(torch.eye(2), torch.eye(2), temperature=1.0).item()  # log(e + 1) - 1
    0.313...
    """
    losses = [
        functional.cross_entropy(scores / temperature, sinkhorn(other, epsilon, iterations))
        for scores, other in ((scores1, scores2), (scores2, scores1))
    ]
    return (losses[0] + losses[1]) / 2


class SwAV(ProjectionObjective):
    """Each view's prototype scores against the other's balanced assignment.

    ``prototypes`` unit vectors (by default half as many as a batch has examples) are trained with
    the encoder. Without multi-crop (two views of a full example) and without the queue for small
    batches: more prototypes than examples cannot all be used alike, and are refused.

    The viewmaker gets its gradient through the scores that predict, which both views give; the
    codes, where the gradient is stopped, give neither player any.
    """

    kind = "clustering"
    paper = "Caron et al. 2020, arXiv 2006.09882"
    presets = {"paper": {"temperature": 0.1, "head": "mlp", "projection_dim": 128}}

    @classmethod
    def check(cls, config: Config) -> None:
        """Refuse more prototypes than a batch has examples."""
        wanted, batch = config.prototypes, config.batch_size
        if wanted is not None and wanted > batch:
            raise UserError(
                f"objective 'swav' cannot use {wanted} prototypes alike in a batch of {batch}: use "
                f"--set prototypes={batch} or fewer, or --set batch_size={wanted} or more"
            )

    def __init__(self, encoder: Encoder, config: Config, n_examples: int) -> None:
        super().__init__(encoder, config, n_examples)
        self.check(config)
        count = config.prototypes or max(FEWEST, config.batch_size // 2)
        prototypes = torch.randn(count, config.projection_dim)
        self.prototypes = nn.Parameter(functional.normalize(prototypes, dim=1))

    def forward(self, batch: Batch, make_view: MakeView) -> Tensor:
        """The symmetric loss of two views of each example."""
        z = self.project(torch.cat([make_view(batch.x), make_view(batch.x)]))
        with full_precision(z):
            scores1, scores2 = (functional.normalize(z, dim=1) @ self.prototypes.T).chunk(2)
            return swav(scores1, scores2, self.config.temperature)

    @torch.no_grad()
    def after_step(self) -> None:
        """The prototypes go back to the unit sphere."""
        self.prototypes.copy_(functional.normalize(self.prototypes, dim=1))
