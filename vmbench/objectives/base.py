"""What the training loop asks of an objective, and the common shape of the two-view ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn import functional

from vmbench.config import Config
from vmbench.data.specs import Spec
from vmbench.networks.encoder import Architecture, Encoder, HeadSettings
from vmbench.objectives.precision import full_precision
from vmbench.settings import Component, Settings
from vmbench.views.base import MakeViews

ObjectiveKind = Literal["contrastive", "predictive", "clustering", "pretext"]


@dataclass(frozen=True)
class Batch:
    """Normalised examples (B, *spec.shape) and their positions (B,) in the training set.

    An objective that draws random numbers (masks, mixtures) takes them from ``generator``, which
    is on the device of ``x`` and is saved with the training state (default: the CPU's global one).
    ``step`` counts the training's steps from 0 to ``total - 1``, for what changes over a training.
    """

    x: Tensor
    index: Tensor
    generator: Generator = field(default_factory=lambda: torch.default_generator)
    step: int = 0
    total: int = 1


class Objective(Component, nn.Module):
    """Base of the objectives; owns the encoder and everything else that is trained with it.

    ``forward(batch, make_views)`` returns the scalar loss; ``make_views(batch.x)`` gives the list
    of views that the family makes of each example, two or more, and ``make_views(batch.x, count)``
    so many of them. :meth:`after_step` runs after each optimiser step, for queues, banks and
    momentum encoders.

    Class attributes, beside those of every :class:`~vmbench.settings.Component`:
        kind: ``contrastive`` (against negatives), ``predictive`` (of the other view, without
            negatives), ``clustering`` (over prototypes) or ``pretext`` (one that a method brings).

    Args:
        encoder: the network that is probed afterwards.
        settings: its own, of its ``settings_class``.
        n_examples: size of the training set, for objectives that remember every example.
    """

    kind: ClassVar[ObjectiveKind] = "pretext"
    settings_class: ClassVar[type[Settings]] = HeadSettings

    @classmethod
    def complete(
        cls,
        settings: Settings,
        config: Config,  # noqa: ARG003 - for those that override it
        spec: Spec,  # noqa: ARG003
        architecture: Architecture,  # noqa: ARG003
    ) -> Settings:
        """``settings`` as it is trained with: what follows from the run's is filled in.

        Args:
            settings: its own.
            config: the common ones.
            spec: of the inputs.
            architecture: of the encoder.

        Raises:
            UserError: it cannot be trained with these.
        """
        return settings

    def __init__(self, encoder: Encoder, settings: Settings, n_examples: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.settings = settings
        self.n_examples = n_examples
        self.feature_std: Tensor | None = None
        self.representation: Tensor | None = None

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """The loss of one batch."""
        raise NotImplementedError

    def after_step(self, batch: Batch) -> None:
        """Update what no gradient updates; ``batch`` is the step's."""

    def watch(self, z: Tensor, representation: Tensor | None = None) -> None:
        """Remember how far apart ``z`` (B, D) are, and the representation that they come from.

        ``feature_std`` is the mean over dimensions of the standard deviation over the batch of the
        unit vectors of ``z``; it is 1/sqrt(D) for vectors spread evenly over the sphere. The log
        gives the effective rank of the ``representation`` (B, E), by default ``z`` itself.
        """
        with torch.no_grad():
            self.feature_std = functional.normalize(z.detach().float(), dim=1).std(0).mean()
        self.representation = (z if representation is None else representation).detach()


def mean(losses: Sequence[Tensor]) -> Tensor:
    """The mean of scalars, which of one is that scalar itself, bit for bit."""
    total = losses[0]
    for loss in losses[1:]:
        total = total + loss
    return total / len(losses)


def mlp_head(inputs: int, outputs: int, hidden: int | None = None) -> nn.Sequential:
    """Projection head of SimCLR (Chen et al. 2020): linear, batch norm, ReLU, linear."""
    hidden = hidden or inputs
    return nn.Sequential(
        nn.Linear(inputs, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, outputs),
    )


def together(views: Sequence[Tensor], function: Callable[[Tensor], Tensor]) -> list[Tensor]:
    """``function`` of each of ``views`` (B, ...): one call for all of one shape.

    Batch norm then sees those views together.
    """
    found: list[Tensor | None] = [None] * len(views)
    for shape in dict.fromkeys(view.shape for view in views):
        places = [place for place, view in enumerate(views) if view.shape == shape]
        parts = function(torch.cat([views[place] for place in places])).chunk(len(places))
        for place, part in zip(places, parts, strict=True):
            found[place] = part
    return [part for part in found if part is not None]


class ProjectionObjective(Objective):
    """Base of the objectives over projections of the representation: owns the head."""

    settings: HeadSettings

    def __init__(self, encoder: Encoder, settings: HeadSettings, n_examples: int) -> None:
        super().__init__(encoder, settings, n_examples)
        # With head=linear the encoder ends in fc, the published projection.
        self.head = (
            nn.Identity()
            if encoder.fc is not None
            else mlp_head(encoder.dim, settings.projection_dim)
        )

    def project(self, views: Tensor) -> Tensor:
        """Projections (N, projection_dim) in float32 of views (N, *spec.shape); watched.

        Views of less space are projected likewise, and not watched.
        """
        maps = self.encoder.maps(views)
        z: Tensor = self.head(self.encoder.representation(maps)).float()
        if views.shape[1:] == self.encoder.spec.shape:
            self.watch(z, self.encoder.average(maps))
        return z


class ContrastiveSettings(HeadSettings):
    """Of every objective with a softmax over similarities."""

    temperature: float = Field(0.2, gt=0, description="Temperature of the contrastive softmax.")


class ContrastiveObjective(ProjectionObjective):
    """Base of the losses over pairs of views' projections: implement :meth:`loss`.

    All views of one shape are encoded in one call, so batch norm sees them together; of more than
    two views the loss is the mean over all pairs.
    """

    kind = "contrastive"
    settings_class: ClassVar[type[Settings]] = ContrastiveSettings
    settings: ContrastiveSettings

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """The loss of the projections (B, D) of the two views, row by row of the same example."""
        raise NotImplementedError

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """The mean loss of every pair of views of each example."""
        z = together(make_views(batch.x), self.project)
        with full_precision(z[0]):
            return mean([self.loss(first, second) for first, second in combinations(z, 2)])
