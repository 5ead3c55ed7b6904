"""From what a method states to what is evaluated: a representation for each task of a run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from vmbench.data.dataset import Task
from vmbench.data.examples import Examples
from vmbench.evaluation import limit
from vmbench.evaluation.base import stage_sizes
from vmbench.networks.encoder import Encoder, build_encoder
from vmbench.networks.readout import DEFAULT, INPUT, LAST, parse_readout, resolve
from vmbench.progress import Progress
from vmbench.runs.plan import Plan
from vmbench.runs.pretraining import Pretraining, Recipe, pretrain, read
from vmbench.training.device import place
from vmbench.training.loop import order
from vmbench.training.trainer import Trainer, count_parameters
from vmbench.views.method import Method, Representation

PRETRAIN = "pretrain"  # the name of the training whose encoder serves every task


def trainer_of(
    plan: Plan, progress: Progress, trackers: tuple[str, ...] = (), folder: Path | None = None
) -> Trainer:
    """What carries out the trainings of ``plan``; ``folder``: where trackers write.

    Raises:
        UserError: for a device that this machine does not have.
    """
    return Trainer(
        plan.config,
        place(plan.config, plan.pretrain.spec),
        plan.seed,
        progress,
        trackers,
        folder,
        plan.architecture,
        plan.settings.everything(),
    )


def recipe_of(plan: Plan, task: Task | None = None, examples: Examples | None = None) -> Recipe:
    """What ``plan`` trains: for all tasks (``task`` None), or for one task of ``examples``."""
    family = plan.augmentation if plan.method.trains == "per task" else plan.view_method
    return Recipe(
        dataset=plan.pretrain if task is None or examples is None else examples.dataset,
        family=family,
        handcrafted=plan.handcrafted,
        objective=plan.objective,
        task=task,
        config=plan.config,
        sections=plan.training_settings,
        teaching=plan.teaching,
        architecture=plan.architecture,
        seed=plan.seed,
    )


class Representations:
    """What a run reads: trained where the method says so, once for all tasks or per task.

    Args:
        plan: of the run.
        trainer: how it trains.
        examples: what is pretrained on; None where ``pretrained`` is.
        store: where pretrainings lie.
        pretrained: the folder of the pretraining that serves every task, if it is not the plan's
            own below ``store``.
        resume: go on from interrupted trainings.
        again: train even what is there.
    """

    def __init__(
        self,
        plan: Plan,
        trainer: Trainer,
        examples: Examples | None,
        store: Path,
        *,
        pretrained: Path | None = None,
        resume: bool = True,
        again: bool = False,
    ) -> None:
        self.plan, self.trainer, self.examples, self.store = plan, trainer, examples, store
        self.pretrained = pretrained
        self.how = {"resume": resume, "again": again}
        self.trained: dict[str, Pretraining] = {}
        self._shared: Representation | None = None

    def of(self, examples: Examples, task: Task) -> Representation:
        """The representation that ``task`` of ``examples`` is judged on."""
        method = self.plan.method
        if not method.encodes:
            return _unencoded(method)
        if method.trains == "per task":
            name = task_training(examples, task)
            return self._read(self._pretrained(name, task, examples).encoder)
        if self._shared is None:
            self._shared = self._read(self._for_every_task())
        return self._shared

    def _for_every_task(self) -> Encoder:
        if self.pretrained is not None:
            self.trained[PRETRAIN] = read(self.pretrained, self.trainer)
            return self.trained[PRETRAIN].encoder
        assert self.examples is not None
        if self.plan.method.trains == "once":
            return self._pretrained(PRETRAIN, None, self.examples).encoder
        return self._settled(self.examples)

    def check_readout(self) -> None:
        """Raise :class:`UserError` where ``readout`` asks for a stage that there is not."""
        config, spec = self.plan.config, self.plan.pretrain.spec
        asked = parse_readout(config.readout)
        if asked is None or asked == DEFAULT:
            return
        read = _unencoded(self.plan.method)
        if self.plan.method.encodes:
            with torch.random.fork_rng():
                read = self._read(build_encoder(spec, self.plan.architecture))
        resolve(asked, stage_sizes(read, spec), config.feature_bins)

    def _pretrained(self, name: str, task: Task | None, examples: Examples) -> Pretraining:
        recipe = recipe_of(self.plan, task, examples)
        self.trained[name] = pretrain(
            recipe, self.trainer, examples, self.store, self.plan.request, **self.how
        )
        return self.trained[name]

    def _settled(self, examples: Examples) -> Encoder:
        """The encoder that pretraining with this seed would start from, as the method reads it."""
        indices = limit(examples.training(), self.plan.config.max_examples)
        encoder = self.trainer.new_encoder(examples, indices)
        encoder.to(self.trainer.placement.device)

        def first_epoch() -> Iterator[Tensor]:
            self.trainer.require_batch(examples, indices)
            config, device = self.plan.config, self.trainer.placement.device
            for _, batch in order(len(indices), config.batch_size, 1, self.plan.seed, 0):
                yield examples.batch(indices[batch]).to(device)

        with self.trainer.seeded(), self.trainer.placement.mixed():
            said = self.plan.method.settle(encoder, first_epoch())
        if said:
            self.trainer.progress.say(said)
        return encoder

    def _read(self, encoder: Encoder) -> Representation:
        """The encoder's probe features, in evaluation mode and under the run's autocast."""
        placement, bins = self.trainer.placement, self.plan.config.feature_bins
        encoder.to(placement.device).eval()

        def features(x: Tensor) -> Tensor:
            with torch.inference_mode(), placement.mixed():
                out = encoder.features(x.to(placement.device), bins)
            return out.float().cpu()

        def stages(x: Tensor, visit: Callable[[str, Tensor], None]) -> None:
            with torch.inference_mode(), placement.mixed():
                on_device = x.to(placement.device)
                visit(INPUT, on_device)
                for name, maps in encoder.named_maps(on_device):
                    visit(name, maps)

        return Representation(features, stages, count_parameters(encoder), encoder)


def _unencoded(method: Method) -> Representation:
    def stages(x: Tensor, visit: Callable[[str, Tensor], None]) -> None:
        visit(INPUT, x)
        if not method.pools:
            visit(LAST, method.features(x))

    return Representation(method.features, stages, 0)


def task_training(examples: Examples, task: Task) -> str:
    """The name of the training of an encoder for one task alone."""
    return f"{examples.dataset.name}-{task.name}"
