"""From what a method states to what is evaluated: a representation for each task of a run."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from vmbench.data.dataset import Task
from vmbench.data.examples import Examples
from vmbench.evaluation import limit
from vmbench.networks.encoder import Encoder
from vmbench.runs.plan import Plan
from vmbench.runs.pretraining import Pretraining, Recipe, pretrain
from vmbench.training.loop import order
from vmbench.training.trainer import Trainer, count_parameters
from vmbench.views.method import Representation

PRETRAIN = "pretrain"  # the name of the training whose encoder serves every task


def recipe_of(plan: Plan, task: Task | None, examples: Examples) -> Recipe:
    """What ``plan`` trains: for all tasks (``task`` None), or for one task of ``examples``."""
    family = plan.views if plan.method.trains == "per task" else plan.view_method
    return Recipe(
        dataset=plan.pretrain if task is None else examples.dataset,
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
        examples: what is pretrained on.
        store: where pretrainings lie.
        resume: go on from interrupted trainings.
        again: train even what is there.
    """

    def __init__(
        self,
        plan: Plan,
        trainer: Trainer,
        examples: Examples,
        store: Path,
        *,
        resume: bool = True,
        again: bool = False,
    ) -> None:
        self.plan, self.trainer, self.examples, self.store = plan, trainer, examples, store
        self.how = {"resume": resume, "again": again}
        self.trained: dict[str, Pretraining] = {}
        self._shared: Representation | None = None

    def of(self, examples: Examples, task: Task) -> Representation:
        """The representation that ``task`` of ``examples`` is judged on."""
        method = self.plan.method
        if not method.encodes:
            return Representation(method.features, 0)
        if method.trains == "per task":
            name = task_training(examples, task)
            return self._read(self._pretrained(name, task, examples).encoder)
        if self._shared is None:
            trains = method.trains == "once"
            encoder = (
                self._pretrained(PRETRAIN, None, self.examples).encoder
                if trains
                else self._settled()
            )
            self._shared = self._read(encoder)
        return self._shared

    def _pretrained(self, name: str, task: Task | None, examples: Examples) -> Pretraining:
        recipe = recipe_of(self.plan, task, examples)
        request = self.plan.request.to_json()
        self.trained[name] = pretrain(
            recipe, self.trainer, examples, self.store, request, **self.how
        )
        return self.trained[name]

    def _settled(self) -> Encoder:
        """The encoder that pretraining with this seed would start from, as the method reads it."""
        indices = limit(self.examples.training(), self.plan.config.max_examples)
        encoder = self.trainer.new_encoder(self.examples, indices)
        encoder.to(self.trainer.placement.device)

        def first_epoch() -> Iterator[Tensor]:
            self.trainer.require_batch(self.examples, indices)
            config, device = self.plan.config, self.trainer.placement.device
            for _, batch in order(len(indices), config.batch_size, 1, self.plan.seed, 0):
                yield self.examples.batch(indices[batch]).to(device)

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

        return Representation(features, count_parameters(encoder), encoder)


def task_training(examples: Examples, task: Task) -> str:
    """The name of the training of an encoder for one task alone."""
    return f"{examples.dataset.name}-{task.name}"
