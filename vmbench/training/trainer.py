"""Training as a run was asked to: with its settings, from its seed, on its device."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vmbench.config import Config
from vmbench.data.examples import Examples, Indices
from vmbench.errors import UserError
from vmbench.networks.encoder import Architecture, Encoder, build_encoder
from vmbench.objectives.base import Objective
from vmbench.progress import Progress
from vmbench.training.device import Placement
from vmbench.training.loop import Fit, fit
from vmbench.training.metrics_log import MetricsLog
from vmbench.training.trackers import Tracked, make_trackers
from vmbench.views.base import ViewFamily


def count_parameters(module: nn.Module | None) -> int:
    """Trainable numbers in ``module``."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad) if module else 0


@dataclass(frozen=True)
class Trainer:
    """What all trainings of a run share.

    Attributes:
        config: the run's common settings.
        placement: device and precision.
        seed: of the weights, the batches' order and the views.
        progress: shows what goes on.
        trackers: names of what follows the trainings live.
        tracked_in: where they write; None: beside each training's log.
        architecture: of the encoder.
        shown: all settings of the run, for trackers; None: the common ones.
    """

    config: Config
    placement: Placement
    seed: int
    progress: Progress
    trackers: tuple[str, ...] = ()
    tracked_in: Path | None = None
    architecture: Architecture = field(default_factory=Architecture)
    shown: Mapping[str, Any] | None = None

    def seeded(self) -> "_Seeded":
        """A context in which the global generator starts from the run's seed."""
        return _Seeded(self.seed)

    def new_encoder(self, examples: Examples, indices: Indices) -> Encoder:
        """An encoder for the spec of ``examples``, initialised from the seed alone.

        Args:
            examples: what it will read.
            indices: the training examples, whose moments it may standardise by.
        """
        with self.seeded():
            encoder = build_encoder(examples.spec, self.architecture)
        if self.config.normalize_after_view:
            encoder.standardise(*examples.moments(indices))
        return encoder

    def train(
        self,
        folder: Path,
        build: Callable[[Encoder], Objective],
        views: ViewFamily,
        examples: Examples,
        indices: Indices,
        encoder: Encoder,
        *,
        name: str = "",
        states: Path | None = None,
        tracked_as: str = "",
    ) -> Fit:
        """Train ``encoder`` in place.

        Args:
            folder: exists; takes the log.
            build: the objective, which holds the encoder.
            views: what the objective sees of each example.
            examples: where batches are read from.
            indices: the training examples.
            encoder: to be trained.
            name: tells the trainings in one folder apart.
            states: exists; keeps, until :func:`forget`, the state from which an interrupted
                training goes on. By default ``folder``.
            tracked_as: what trackers call it; by default ``name``.

        Raises:
            UserError: there are fewer examples than a batch has.
        """
        self.require_batch(examples, indices)
        with self.seeded():
            objective = build(encoder)
        called = tracked_as or name or "pretrain"
        tracked = Tracked(self.tracked_in or folder, called, self.shown or self.config.model_dump())
        log = MetricsLog(
            folder / (f"metrics-{name}.jsonl" if name else "metrics.jsonl"),
            make_trackers(self.trackers, tracked),
        )
        with closing(log):
            return fit(
                objective,
                views,
                examples,
                indices,
                config=self.config,
                placement=self.placement,
                seed=self.seed,
                log=log,
                progress=self.progress,
                state_file=(states or folder) / f"{name or 'pretrain'}{STATE}",
            )

    def require_batch(self, examples: Examples, indices: Indices) -> None:
        """Raise :class:`UserError` if ``indices`` of ``examples`` do not fill a batch."""
        if len(indices) < self.config.batch_size:
            raise UserError(
                f"dataset '{examples.dataset.name}' has {len(indices)} training examples, fewer "
                f"than a batch of {self.config.batch_size}: lower it with --set batch_size=N"
            )


STATE = ".state.safetensors"


def forget(folder: Path) -> None:
    """Delete the training states in ``folder``: only an unfinished training needs them.

    And what a killed process was in the middle of writing there.
    """
    for pattern in (f"*{STATE}", ".*.tmp"):
        for path in folder.glob(pattern):
            path.unlink()


class _Seeded:
    """Networks draw their initial weights from the global generator; give it back untouched."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __enter__(self) -> None:
        self.state = torch.get_rng_state()
        torch.manual_seed(self.seed)

    def __exit__(self, *_: object) -> None:
        torch.set_rng_state(self.state)
