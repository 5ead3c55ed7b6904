"""A pretraining: the artifact of one training with one seed, in a folder named by its content.

``OUT/pretrainings/NAME`` holds ``encoder.safetensors``, ``views.safetensors`` where the views
learn, ``metrics.jsonl``, ``request.json`` (the request that made it) and, written last,
``training.json``; until then the state from which an interrupted training goes on. Whatever asks
for the same training again, in another evaluation or on other tasks, reads it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch

from vmbench.config import READOUT_SETTINGS, Config, digest
from vmbench.data.dataset import BoundDataset, Task
from vmbench.data.examples import Examples, Indices
from vmbench.errors import UserError
from vmbench.evaluation import limit
from vmbench.networks.encoder import Architecture, Encoder
from vmbench.objectives.base import Objective
from vmbench.objectives.by_kind import label_loss
from vmbench.registry import registry
from vmbench.runs.sections import changed
from vmbench.settings import Settings
from vmbench.storage.atomic import write_atomically
from vmbench.storage.locking import exclusive
from vmbench.training.checkpoint import DamagedError, load_weights, save_weights
from vmbench.training.collapse import Health, Watch
from vmbench.training.loop import Fit
from vmbench.training.trainer import Trainer, forget
from vmbench.views.base import Identity, Views
from vmbench.views.context import view_context
from vmbench.views.method import ViewMethod

PRETRAININGS = "pretrainings"
ENCODER, VIEWS, LOG = "encoder.safetensors", "views.safetensors", "metrics.jsonl"
RECORD, REQUEST, LOCK = "training.json", "request.json", ".lock"


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

    def views(self, trainer: Trainer, examples: Examples) -> Views:
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
        recipe: what it was made by.
        folder: the artifact.
        examples: of the dataset that it was trained on.
        encoder: trained, in evaluation mode.
        views: trained where they learn.
        fit: how much was done, and the loss it ended on.
        health: of the representations; None where labels taught.
        n_examples: trained on.
    """

    recipe: Recipe
    folder: Path
    examples: Examples
    encoder: Encoder
    views: Views
    fit: Fit
    health: Health | None
    n_examples: int


def pretrain(
    recipe: Recipe,
    trainer: Trainer,
    examples: Examples,
    store: Path,
    request: str,
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
        request: what is to be written down as the request that made it, as JSON.
        resume: go on from an interrupted training.
        again: train even if it is there.

    Raises:
        UserError: too few examples; an artifact that is damaged.
        RunError: the training failed.
    """
    folder = store / recipe.folder
    folder.mkdir(parents=True, exist_ok=True)

    def wait(holder: str) -> None:
        trainer.progress.say(f"waiting for {holder}, which is training {folder.name}")

    with exclusive(folder / LOCK, wait):
        if again or not (resume or (folder / RECORD).exists()):
            (folder / RECORD).unlink(missing_ok=True)
            (folder / LOG).unlink(missing_ok=True)
            forget(folder)
        if (folder / RECORD).exists():
            trainer.progress.say(f"trained before: {folder}")
            forget(folder)  # of a process that was killed before it could
        else:
            write_atomically(folder / REQUEST, request + "\n")
            _train(recipe, trainer, examples, folder)
        return load(recipe, trainer, examples, folder)


def _train(recipe: Recipe, trainer: Trainer, examples: Examples, folder: Path) -> None:
    indices = recipe.indices(examples)
    trainer.require_batch(examples, indices)
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
    if views.learned:
        save_weights(views, folder / VIEWS)
    record = {
        "n_examples": len(indices),
        "fit": asdict(fit),
        "health": asdict(health) if health else None,
    }
    write_atomically(folder / RECORD, json.dumps(record, indent=2) + "\n")
    forget(folder)


def load(recipe: Recipe, trainer: Trainer, examples: Examples, folder: Path) -> Pretraining:
    """The finished artifact in ``folder``.

    Raises:
        UserError: it is not finished, or damaged.
    """
    record = _record(folder)
    encoder = trainer.new_encoder(examples, recipe.indices(examples))
    _load_weights(encoder, folder / ENCODER)
    views = recipe.views(trainer, examples)
    if views.learned:
        _load_weights(views, folder / VIEWS)
    for module in (encoder, views):  # laid out as the training had them, for equal rounding
        module.to(trainer.placement.device).eval()
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    health = record["health"]
    return Pretraining(
        recipe,
        folder,
        examples,
        encoder,
        views,
        Fit(**record["fit"]),
        Health(**health) if health else None,
        record["n_examples"],
    )


def _record(folder: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{folder / RECORD} is missing: the training is not finished; the command that started "
            f"it goes on from there"
        ) from error
    except ValueError as error:
        raise _damaged(folder / RECORD, error) from error
    return record


def _load_weights(module: torch.nn.Module, path: Path) -> None:
    try:
        module.load_state_dict(load_weights(path))
    except (DamagedError, RuntimeError, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{path} is damaged ({type(error).__name__}): delete {path.parent}, or start the run over "
        f"with --overwrite"
    )
