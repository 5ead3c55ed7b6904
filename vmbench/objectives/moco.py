"""Momentum contrast (He et al. 2020, arXiv 1911.05722)."""

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Batch, ContrastiveSettings, ProjectionObjective, mean, together
from vmbench.objectives.first_pass import FirstPass
from vmbench.objectives.momentum import MomentumEncoder
from vmbench.objectives.precision import full_precision
from vmbench.views.base import MakeViews


def moco(
    q: Tensor, k: Tensor, queue: Tensor, temperature: float, own: Tensor | None = None
) -> Tensor:
    """InfoNCE of each query's key among the keys of a queue (equation 1).

    ``mean_i( log(exp(q_i . k_i / t) + sum_j exp(q_i . queue_j / t)) - q_i . k_i / t )``.

    Args:
        q: projections (B, D) of the first views; any scale, they are normalised here.
        k: keys (B, D) of the second views, normalised here; a constant: no gradient flows into it.
        queue: unit vectors (K, D), the negatives.
        temperature: t > 0.
        own: booleans (B, K), True where a key of the queue is of the query's own example and hence
            no negative; None for nowhere.

    Returns:
        A scalar, positive.

    >>> moco(torch.eye(2), torch.eye(2), torch.eye(2), 1.0).item()  # log(2e + 1) - 1
    0.861...
    """
    q, k = functional.normalize(q, dim=1), functional.normalize(k.detach(), dim=1)
    positive = (q * k).sum(1, keepdim=True)
    negative = q @ queue.T
    if own is not None:
        negative = negative.masked_fill(own, -torch.inf)
    scores = torch.cat([positive, negative], 1) / temperature
    return functional.cross_entropy(scores, scores.new_zeros(len(q), dtype=torch.long))


class MoCoSettings(ContrastiveSettings):
    """Of :class:`MoCo`."""

    negatives: int = Field(
        4096, ge=1, description="Keys in the queue, capped by the training set's size."
    )
    momentum: float = Field(
        0.99, ge=0, le=1, description="Share of its old weights that the momentum encoder keeps."
    )


class MoCo(ProjectionObjective):
    """A query from the encoder, its key from the momentum encoder, the last ``negatives`` keys.

    Deviation: a queue as long as the training set also holds the query's own example, from the
    last epoch. ImageNet's hardly does; ours, of a few thousand examples, do, so those keys are left
    out. The queue starts with random unit vectors, as published.

    The first view gives the query, the second the key; every further view is one more query, and
    the loss is their mean.

    The viewmaker gets its gradient through the queries' branch. The second view's key comes from
    the momentum encoder without a gradient, for both players alike.
    """

    name = "moco"
    summary = "contrast with a queue of a momentum encoder's keys"
    kind = "contrastive"
    paper = "He et al. 2020, arXiv 1911.05722"
    settings_class = MoCoSettings
    settings: MoCoSettings

    def __init__(self, encoder: Encoder, settings: MoCoSettings, n_examples: int) -> None:
        super().__init__(encoder, settings, n_examples)
        self.queue: Tensor
        self.owners: Tensor
        self.momentum_encoder = MomentumEncoder(encoder, self.head)
        size = min(settings.negatives, n_examples)
        queue = torch.randn(size, settings.projection_dim)
        self.register_buffer("queue", functional.normalize(queue, dim=1))
        self.register_buffer("owners", torch.full((size,), -1))  # -1: a random vector
        self._seen = FirstPass()

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """InfoNCE of one key and one or more queries of each example."""
        first, second, *others = make_views(batch.x)
        queries = together([first, *others], self.project)
        k = self.momentum_encoder(second)
        with full_precision(k):
            own = batch.index[:, None] == self.owners
            t = self.settings.temperature
            loss = mean([moco(q, k, self.queue, t, own) for q in queries])
        if self.training:
            self._seen.keep(batch.index, functional.normalize(k, dim=1))
        return loss

    def after_step(self, batch: Batch) -> None:
        """The newest keys push out the oldest; the momentum encoder follows the encoder."""
        index, keys = self._seen.take()
        self.queue.copy_(torch.cat([keys, self.queue])[: len(self.queue)])
        self.owners.copy_(torch.cat([index, self.owners])[: len(self.owners)])
        self.momentum_encoder.follow(self.encoder, self.head, self.settings.momentum)
