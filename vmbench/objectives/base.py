"""What the training loop asks of an objective, and the common shape of the two-view ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from vmbench.config import Config
from vmbench.networks.encoder import Encoder
from vmbench.objectives.precision import full_precision
from vmbench.views.base import MakeView

ObjectiveKind = Literal["contrastive", "predictive", "clustering", "pretext"]


@dataclass(frozen=True)
class Batch:
    """Normalised examples (B, *spec.shape) and their positions (B,) in the training set.

    An objective that draws random numbers (masks, mixtures) takes them from ``generator``, which
    is on the device of ``x`` and is saved with the training state (default: the CPU's global one).
    """

    x: Tensor
    index: Tensor
    generator: Generator = field(default_factory=lambda: torch.default_generator)


class Objective(nn.Module):
    """Base of the objectives; owns the encoder and everything else that is trained with it.

    ``forward(batch, make_view)`` returns the scalar loss; each call of ``make_view`` on a batch
    gives one view of each example. :meth:`after_step` runs after each optimiser step, for queues,
    banks and momentum encoders.

    Class attributes:
        kind: ``contrastive`` (against negatives), ``predictive`` (of the other view, without
            negatives), ``clustering`` (over prototypes) or ``pretext`` (one that a method brings).
        paper: where it comes from.
        presets: preset -> settings that this objective changes in it; they come after the
            domain's and the dataset's, and ``--set`` still has the last word.

    Args:
        encoder: the network that is probed afterwards.
        config: the run's hyperparameters.
        n_examples: size of the training set, for objectives that remember every example.
    """

    kind: ClassVar[ObjectiveKind] = "pretext"
    paper: ClassVar[str] = ""
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    @classmethod
    def check(cls, config: Config) -> None:
        """Raise :class:`~vmbench.errors.UserError` for settings it cannot be trained with."""

    def __init__(self, encoder: Encoder, config: Config, n_examples: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.config = config
        self.n_examples = n_examples
        self.feature_std: Tensor | None = None
        self.representation: Tensor | None = None

    def forward(self, batch: Batch, make_view: MakeView) -> Tensor:
        """The loss of one batch."""
        raise NotImplementedError

    def after_step(self) -> None:
        """Update what no gradient updates."""

    def watch(self, z: Tensor, representation: Tensor | None = None) -> None:
        """Remember how far apart ``z`` (B, D) are, and the representation that they come from.

        ``feature_std`` is the mean over dimensions of the standard deviation over the batch of the
        unit vectors of ``z``; it is 1/sqrt(D) for vectors spread evenly over the sphere. The log
        gives the effective rank of the ``representation`` (B, E), by default ``z`` itself.
        """
        with torch.no_grad():
            self.feature_std = functional.normalize(z.detach().float(), dim=1).std(0).mean()
        self.representation = (z if representation is None else representation).detach()


def mlp_head(inputs: int, outputs: int, hidden: int | None = None) -> nn.Sequential:
    """Projection head of SimCLR (Chen et al. 2020): linear, batch norm, ReLU, linear."""
    hidden = hidden or inputs
    return nn.Sequential(
        nn.Linear(inputs, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, outputs),
    )


class ProjectionObjective(Objective):
    """Base of the objectives over projections of the representation: owns the head."""

    def __init__(self, encoder: Encoder, config: Config, n_examples: int) -> None:
        super().__init__(encoder, config, n_examples)
        # With head=linear the encoder ends in fc, the published projection.
        self.head = (
            nn.Identity()
            if encoder.fc is not None
            else mlp_head(encoder.dim, config.projection_dim)
        )

    def project(self, views: Tensor) -> Tensor:
        """Projections (N, projection_dim) in float32 of views (N, *spec.shape); watched."""
        maps = self.encoder.maps(views)
        z: Tensor = self.head(self.encoder.representation(maps)).float()
        self.watch(z, self.encoder.average(maps))
        return z


class ContrastiveObjective(ProjectionObjective):
    """Base of the losses over two views' projections: implement :meth:`loss`.

    Both views are encoded in one call, so batch norm sees them together.
    """

    kind = "contrastive"

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """The loss of the projections (B, D) of the two views, row by row of the same example."""
        raise NotImplementedError

    def forward(self, batch: Batch, make_view: MakeView) -> Tensor:
        """Two views of each example, one encoding, one loss."""
        views = torch.cat([make_view(batch.x), make_view(batch.x)])
        z1, z2 = self.project(views).chunk(2)
        with full_precision(z1):
            return self.loss(z1, z2)
