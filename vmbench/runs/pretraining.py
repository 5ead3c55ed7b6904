"""A pretraining: the artifact of one training with one seed, in a folder named by its content.

``OUT/pretrainings/NAME`` holds ``encoder.safetensors``, ``views.safetensors`` where the views
learn, ``spec.json`` (what the encoder takes, and how it is built), ``README.md``, ``views.png``,
``metrics.jsonl``, ``request.json`` (the request that made it, less its evaluation) and, written
last, ``training.json``; until then the state from which an interrupted training goes on. Whatever
asks for the same training again, in another evaluation or on other tasks, reads it.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from vmbench.config import READOUT_SETTINGS, Config, digest
from vmbench.data.dataset import BoundDataset, Task
from vmbench.data.examples import Examples, Indices
from vmbench.errors import UserError
from vmbench.evaluation import limit
from vmbench.networks.encoder import Architecture, Encoder
from vmbench.objectives.base import Objective
from vmbench.objectives.by_kind import label_loss
from vmbench.pretrained.document import (
    ENCODER,
    LOG,
    RECORD,
    REQUEST,
    SPEC,
    VIEWS,
    Document,
    damaged,
    read_document,
)
from vmbench.pretrained.encoder import load_module
from vmbench.registry import registry
from vmbench.runs.artifact import describe
from vmbench.runs.request import LINEAR, RunRequest
from vmbench.runs.sections import changed, is_read_after_training
from vmbench.settings import Settings
from vmbench.storage.atomic import write_atomically
from vmbench.storage.disk import is_full, space_in
from vmbench.storage.locking import exclusive
from vmbench.training.checkpoint import save_weights
from vmbench.training.collapse import Health, Watch
from vmbench.training.loop import Fit
from vmbench.training.trainer import Trainer, forget
from vmbench.views.base import Identity, ViewFamily
from vmbench.views.context import view_context
from vmbench.views.method import ViewMethod

LOCK = ".lock"


@dataclass(frozen=True)
class Recipe:
    """Everything that can change what a training leaves, and nothing else.

    Attributes:
        dataset: what is trained on.
        family: makes the views, with its settings; None: every example as it is.
        handcrafted: the domain's own family, for a ``family`` that builds on it.
        objective: name of the objective; None where the family brings its own or labels teach.
        task: whose labels teach; None: no labels do.
        config: the run's common settings.
        sections: those of each component that the training uses.
        teaching: the section of the objective, of the method that brings its own or of the
            yardstick.
        architecture: of the encoder.
        seed: of the weights, the batches' order and the views.
    """

    dataset: BoundDataset
    family: ViewMethod | None
    handcrafted: ViewMethod | None
    objective: str | None
    task: Task | None
    config: Config
    sections: Mapping[str, Settings]
    teaching: str
    architecture: Architecture
    seed: int

    @property
    def name(self) -> str:
        """Sixteen hex digits over all of it, but for settings at their default."""
        common = {k: v for k, v in self.config.hashed().items() if k not in READOUT_SETTINGS}
        content = {
            "views": self.family.name if self.family else None,
            "handcrafted": self.handcrafted.name if self.handcrafted else None,
            "objective": self.objective,
            "seed": self.seed,
            "dataset": f"{self.dataset.name}@{self.dataset.revision}",
            "files": self.dataset.fingerprint,
            "config": common | changed(self.sections),
        }
        task = {} if self.task is None else {"task": self.task.name}
        return digest(content | task, digits=16)

    @property
    def label(self) -> str:
        """What the views are called in a picture: ``supervised+viewmaker`` where labels teach."""
        taught = ["supervised"] if self.task else []
        return "+".join([*taught, *([self.family.name] if self.family else [])])

    @property
    def folder(self) -> str:
        """:attr:`name`, behind what a reader would call it."""
        learned_from = self.task.name if self.task else self.objective
        parts = [self.dataset.name, self.family.name if self.family else None, learned_from]
        spoken = "-".join(part.replace("+", "-and-") for part in parts if part)
        return f"{spoken}-s{self.seed}-{self.name}"

    def indices(self, examples: Examples) -> Indices:
        """The training examples: those of the task, or all that no task holds out."""
        if self.task is not None:
            return limit(examples.split(self.task, "train"), self.config.max_examples)
        return limit(examples.training(), self.config.max_examples)

    def views(self, trainer: Trainer, examples: Examples) -> ViewFamily:
        """Fresh views, from the seed."""
        if self.family is None:
            return Identity()
        with trainer.seeded():
            indices = self.indices(examples)
            return self.family.views(view_context(examples, indices, self.handcrafted))

    def loss(self, examples: Examples) -> Callable[[Encoder], Objective]:
        """What the encoder minimises."""
        indices = self.indices(examples)
        if self.task is not None:
            labels, task = examples.labels(self.task, indices), self.task
            return lambda encoder: label_loss(encoder, labels, task)
        brought = self.family.objective if self.family else None
        if brought is None:
            assert self.objective is not None
            brought = cast(type[Objective], registry("objective").load_class(self.objective))
        own, spec = self.sections[self.teaching], examples.spec
        settings = brought.complete(own, self.config, spec, self.architecture)
        return lambda encoder: brought(encoder, settings, len(indices))


@dataclass(frozen=True)
class Pretraining:
    """What a training left.

    Attributes:
        folder: the artifact.
        document: its ``spec.json``.
        encoder: trained, in evaluation mode.
        fit: how much was done, and the loss it ended on.
        health: of the representations; None where labels taught.
    """

    folder: Path
    document: Document
    encoder: Encoder
    fit: Fit
    health: Health | None


def pretrain(
    recipe: Recipe,
    trainer: Trainer,
    examples: Examples,
    store: Path,
    request: RunRequest,
    *,
    resume: bool = True,
    again: bool = False,
) -> Pretraining:
    """The artifact of ``recipe`` below ``store``: read, or trained first.

    A training that was interrupted goes on; one that another process is at is waited for.

    Args:
        recipe: what to train.
        trainer: how.
        examples: those of the recipe's dataset.
        store: exists or can be made.
        request: what asks for it.
        resume: go on from an interrupted training.
        again: train even if it is there.

    Raises:
        UserError: too few examples; an artifact that is damaged; a store that cannot be written.
        RunError: the training failed.
    """
    folder = store / recipe.folder

    def wait(holder: str) -> None:
        trainer.progress.say(f"waiting for {holder}, which is training {folder.name}")

    with ExitStack() as stack:
        stack.enter_context(space_in(store, "the pretraining", "name another folder with --out"))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(exclusive(folder / LOCK, wait))
        except OSError as error:
            if is_full(error):
                raise
            raise UserError(
                f"{store} cannot be written ({error.strerror or 'no permission'}): name another "
                f"folder with --out"
            ) from error
        if again or not (resume or (folder / RECORD).exists()):
            (folder / RECORD).unlink(missing_ok=True)
            (folder / LOG).unlink(missing_ok=True)
            forget(folder)
        if (folder / RECORD).exists() and not (folder / SPEC).exists():
            trainer.progress.say(f"{folder} is of an earlier vmbench, without {SPEC}: train again")
            (folder / RECORD).unlink()
            (folder / LOG).unlink(missing_ok=True)
        if (folder / RECORD).exists():
            trainer.progress.say(f"trained before: {folder}")
            forget(folder)  # of a process that was killed before it could
        else:
            _train(recipe, trainer, examples, folder, asking_for(recipe, request))
        return read(folder, trainer)


def asking_for(recipe: Recipe, request: RunRequest) -> RunRequest:
    """``request`` less what is no part of the training: its evaluation and, if unread, its data."""
    if recipe.task is not None:  # its labels teach: the task is part of the training
        return request
    settings = {k: v for k, v in request.settings.items() if not is_read_after_training(k)}
    less: dict[str, Any] = {"evaluation": LINEAR, "transfer": (), "settings": settings}
    if recipe.dataset.package is not None:
        less["data_dir"] = None
    # Less the plugin that the evaluation may be of, too.
    return RunRequest(**request.model_dump(exclude={"plugins"}) | less)


def _train(
    recipe: Recipe, trainer: Trainer, examples: Examples, folder: Path, request: RunRequest
) -> None:
    indices = recipe.indices(examples)
    trainer.require_batch(examples, indices)
    write_atomically(folder / REQUEST, request.to_json() + "\n")
    views, loss = recipe.views(trainer, examples), recipe.loss(examples)
    encoder = trainer.new_encoder(examples, indices)
    watch = None
    if recipe.task is None:
        with trainer.seeded():
            batch_size = trainer.config.batch_size
            watch = Watch(encoder, examples, indices, trainer.placement, batch_size)
    called = f"{examples.dataset.name}-{recipe.task.name}" if recipe.task else ""
    fit = trainer.train(folder, loss, views, examples, indices, encoder, tracked_as=called)
    encoder.eval()
    health = watch.judge(encoder) if watch else None
    if health:
        trainer.progress.say(f"  {health}")
        if health.warning:
            trainer.progress.say(f"warning: {health.warning}")
    save_weights(encoder, folder / ENCODER)
    if views.role != "fixed":
        save_weights(views, folder / VIEWS)
    describe(recipe, trainer, examples, encoder, views, folder, request, fit, health)
    record = {"fit": asdict(fit), "health": asdict(health) if health else None}
    write_atomically(folder / RECORD, json.dumps(record, indent=2) + "\n")
    forget(folder)


def read(folder: Path, trainer: Trainer) -> Pretraining:
    """The finished artifact in ``folder``, its encoder on the trainer's device.

    Raises:
        UserError: it is not finished, or damaged.
    """
    document = read_document(folder)
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        fit, health = Fit(**record["fit"]), record["health"]
        judged = Health(**health) if health else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from error
    encoder = load_module(folder, document, trainer.placement.device)
    return Pretraining(folder, document, encoder, fit, judged)
