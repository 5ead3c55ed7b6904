"""One run in the making: what a method needs to build, train and hand over an encoder."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from vmbench.config import Config
from vmbench.data.dataset import Task
from vmbench.data.examples import Examples, Indices
from vmbench.errors import UserError
from vmbench.networks.encoder import Encoder, build_encoder
from vmbench.objectives.base import Objective
from vmbench.progress import MetricsLog, Progress
from vmbench.registry import registry
from vmbench.training.checkpoint import save_weights
from vmbench.training.collapse import Health, Watch
from vmbench.training.device import Placement
from vmbench.training.loop import Fit, fit
from vmbench.training.trackers import Tracked, make_trackers
from vmbench.views.base import Identity, ViewContext, Views
from vmbench.views.method import Representation, ViewMethod

PRETRAIN = "pretrain"  # the name of the training whose encoder serves every task
REFERENCE_SIZE = 4096  # examples that a view family may take its statistics from
REFERENCE_SEED = 4096  # of their draw: no run's, so that all methods and seeds share the rows


def draw_reference(indices: Indices) -> Indices:
    """At most :data:`REFERENCE_SIZE` of ``indices``, the same ones every time, in their order.

    Drawn, because a file's first rows may be unlike the rest: it may be sorted.
    """
    if len(indices) <= REFERENCE_SIZE:
        return indices
    drawn = np.random.default_rng(REFERENCE_SEED).choice(indices, REFERENCE_SIZE, replace=False)
    return np.sort(drawn)


def count_parameters(module: nn.Module | None) -> int:
    """Trainable numbers in ``module``."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad) if module else 0


@dataclass
class Session:
    """The state of a run between the command line and the result.

    Attributes:
        folder: the run's folder.
        examples: what is pretrained on.
        indices: the training examples, after ``max_examples``.
        objective: name of the objective; a method that brings its own goes without it.
        handcrafted: the domain's own view family for the spec, if it has one.
        trackers: names of what follows the trainings live.
        fits: the trainings that this process did or found finished, by name.
        views: the method's views, once they are built; None where nothing is distorted.
        views_on: the training examples that the views were built for: a dataset and positions.
        viewmaker_parameters: trainable numbers in them, where they learn.
        augment_by: makes the views that a supervised training sees; None: none.
        health: what the pretraining left; None without one.
    """

    folder: Path
    examples: Examples
    indices: Indices
    objective: str | None
    config: Config
    placement: Placement
    seed: int
    progress: Progress
    handcrafted: str | None = None
    fits: dict[str, Fit] = field(default_factory=dict)
    trackers: tuple[str, ...] = ()
    viewmaker_parameters: int = 0
    views: Views | None = None
    views_on: tuple[Examples, Indices] | None = None
    augment_by: ViewMethod | None = None
    health: Health | None = None
    _shared: Representation | None = None

    def new_encoder(self) -> Encoder:
        """An encoder for the run's spec, initialised from the run's seed alone."""
        with self.seeded():
            encoder = build_encoder(self.examples.spec, self.config)
        if self.config.normalize_after_view:
            encoder.standardise(*self.examples.moments(self.indices))
        return encoder

    def seeded(self) -> "_Seeded":
        """A context in which the global generator starts from the run's seed."""
        return _Seeded(self.seed)

    def representation(self, encoder: Encoder) -> Representation:
        """The encoder's probe features, in evaluation mode and under the run's autocast."""
        encoder.to(self.placement.device).eval()

        def features(x: Tensor) -> Tensor:
            with torch.inference_mode(), self.placement.mixed():
                out = encoder.features(x.to(self.placement.device), self.config.feature_bins)
            return out.float().cpu()

        return Representation(features, count_parameters(encoder), encoder)

    def train(
        self,
        name: str,
        build: Callable[[Encoder], Objective],
        views: Views,
        examples: Examples,
        indices: Indices,
        encoder: Encoder | None = None,
    ) -> Encoder:
        """Train ``encoder`` (default: a fresh one) and return it.

        ``name`` tells the run's trainings apart.

        The training state lives in ``checkpoints/NAME.state.safetensors`` and an interrupted
        training goes on from it.
        """
        self.require_batch(examples, indices)
        encoder = encoder or self.new_encoder()
        with self.seeded():
            objective = build(encoder)
        checkpoints = self.folder / "checkpoints"
        checkpoints.mkdir(exist_ok=True)
        tracked = Tracked(self.folder, name, self.config.model_dump())
        log = MetricsLog(
            self.folder / ("metrics.jsonl" if name == PRETRAIN else f"metrics-{name}.jsonl"),
            make_trackers(self.trackers, tracked),
        )
        with closing(log):
            self.fits[name] = fit(
                objective,
                views,
                examples,
                indices,
                config=self.config,
                placement=self.placement,
                seed=self.seed,
                log=log,
                progress=self.progress,
                state_file=checkpoints / f"{name}.state.safetensors",
            )
        save_weights(encoder, checkpoints / f"{name}.encoder.safetensors")
        if views.learned:
            save_weights(views, checkpoints / f"{name}.views.safetensors")
        return encoder

    def require_batch(self, examples: Examples, indices: Indices) -> None:
        """Raise :class:`UserError` if ``indices`` of ``examples`` do not fill a batch."""
        if len(indices) < self.config.batch_size:
            raise UserError(
                f"dataset '{examples.dataset.name}' has {len(indices)} training examples, fewer "
                f"than a batch of {self.config.batch_size}: lower it with --set batch_size=N"
            )

    def forget_training_states(self) -> None:
        """Delete what only an unfinished run needs; the encoder's and the views' weights stay."""
        for state in (self.folder / "checkpoints").glob("*.state.safetensors"):
            state.unlink()

    def make_views(self, x: Tensor, count: int) -> Tensor:
        """``count`` views (count, *spec.shape) of one example (*spec.shape), on the CPU."""
        assert self.views is not None
        self.views.eval()
        device = self.placement.device
        with torch.inference_mode():
            batch = x.to(device).expand(count, *x.shape).contiguous()
            return self.views(batch, self.placement.generator(self.seed)).float().cpu()

    def context(
        self, examples: Examples | None = None, indices: Indices | None = None
    ) -> ViewContext:
        """What a view family may know of the data: training examples only.

        By default those of pretraining; otherwise a task's: ``indices`` of ``examples``.
        """
        examples = examples or self.examples
        indices = self.indices if indices is None else indices
        return ViewContext(
            spec=examples.spec,
            config=self.config,
            value_range=examples.dataset.value_range,
            reference=examples.batch(draw_reference(indices)),
            handcrafted=self.handcrafted,
            silence=examples.silence,
        )

    def build_views(
        self, method: ViewMethod, examples: Examples | None = None, indices: Indices | None = None
    ) -> Views:
        """Fresh views of ``method``, from the run's seed; the run's first are kept as its views."""
        with self.seeded():
            views = method.views(self.context(examples, indices))
        if self.views is None and not isinstance(views, Identity):
            self.views = views
            self.views_on = examples or self.examples, self.indices if indices is None else indices
            self.viewmaker_parameters = count_parameters(views) if views.learned else 0
        return views

    def augmentation(self, examples: Examples, indices: Indices) -> Views:
        """What a supervised training on ``indices`` of ``examples`` sees instead of them."""
        if self.augment_by is None:
            return Identity()
        return self.build_views(self.augment_by, examples, indices)

    @staticmethod
    def task_training(examples: Examples, task: Task) -> str:
        """The name of the training of an encoder for one task alone."""
        return f"{examples.dataset.name}-{task.name}"

    def pretrained(self, method: ViewMethod) -> Representation:
        """Pretrain on ``method``'s views, once; every task is probed on the same encoder.

        The loss is the run's objective, or the one that the method brings.
        """

        def pretrain() -> Representation:
            views = self.build_views(method)
            loss = method.objective
            if loss is None:
                assert self.objective is not None
                loss = cast(type[Objective], registry("objective").load_class(self.objective))

            def build(encoder: Encoder) -> Objective:
                return loss(encoder, self.config, len(self.indices))

            encoder = self.new_encoder()
            self.require_batch(self.examples, self.indices)
            with self.seeded():
                watch = Watch(
                    encoder, self.examples, self.indices, self.placement, self.config.batch_size
                )
            self.train(PRETRAIN, build, views, self.examples, self.indices, encoder=encoder)
            representation = self.representation(encoder)
            self.health = watch.judge(encoder)
            self.progress.say(f"  {self.health}")
            if self.health.warning:
                self.progress.say(f"warning: {self.health.warning}")
            return representation

        return self.shared(pretrain)

    def shared(self, make: Callable[[], Representation]) -> Representation:
        """The representation that ``make`` gives: made once, and the same for every task."""
        if self._shared is None:
            self._shared = make()
        return self._shared


class _Seeded:
    """Networks draw their initial weights from the global generator; give it back untouched."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __enter__(self) -> None:
        self.state = torch.get_rng_state()
        torch.manual_seed(self.seed)

    def __exit__(self, *_: object) -> None:
        torch.set_rng_state(self.state)
