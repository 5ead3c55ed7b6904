"""What every evaluation starts from and ends in."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from vmbench.config import Config
from vmbench.data.dataset import SPLITS, Split, Task
from vmbench.data.examples import Examples, Indices
from vmbench.data.labels import Labels, Mask, require_judged, varies
from vmbench.data.roster import limit
from vmbench.data.specs import Spec
from vmbench.errors import UserError
from vmbench.evaluation.feature_store import FeatureStore
from vmbench.evaluation.influence import Contributions
from vmbench.evaluation.kinds import scoring
from vmbench.evaluation.kinds.base import Scoring
from vmbench.evaluation.linear_models import Features
from vmbench.evaluation.metrics import Predictions
from vmbench.evaluation.units import test_units
from vmbench.networks.encoder import Encoder
from vmbench.networks.readout import DEFAULT, Readout, Source, parse_readout, resolve
from vmbench.results import Probe, ReadoutRecord, TaskResult
from vmbench.settings import Configured
from vmbench.training.trainer import Trainer
from vmbench.views.method import Representation

FEATURE_BATCH = 256

Change = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Problem:
    """One task, and the representation that is judged on it.

    Attributes:
        trainer: the run's common settings and device, and how it trains.
        examples: the dataset of the task.
        task: whose labels and split are used.
        representation: features (B, D) of a batch, and the encoder that they come from.
        indices: positions in ``examples`` per split; train after ``max_examples``.
        folder: exists; takes the logs of what an evaluation trains.
    """

    trainer: Trainer
    examples: Examples
    task: Task
    representation: Representation
    indices: Mapping[Split, Indices]
    folder: Path

    @classmethod
    def of(
        cls,
        trainer: Trainer,
        examples: Examples,
        task: Task,
        representation: Representation,
        folder: Path,
    ) -> "Problem":
        """With the task's own splits."""
        indices: dict[Split, Indices] = {split: examples.split(task, split) for split in SPLITS}
        indices["train"] = limit(indices["train"], trainer.config.max_examples)
        return cls(trainer, examples, task, representation, indices, folder)

    @property
    def checkpoints(self) -> Path:
        """Takes the weights of what an evaluation trains; exists."""
        folder = self.folder / "checkpoints"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def config(self) -> Config:
        """The run's common settings."""
        return self.trainer.config

    @property
    def encoder(self) -> Encoder:
        """The encoder; raises :class:`UserError` for a method that has none."""
        if self.representation.encoder is None:
            raise UserError("this method has no encoder to train: choose another --eval")
        return self.representation.encoder

    def inputs(self, indices: Indices, change: Change | None = None) -> Iterator[Tensor]:
        """Batches of inputs (B, *spec.shape), ``change``d if asked, the label's columns hidden."""
        for x in self.examples.batches(indices, FEATURE_BATCH):
            yield self.task.hide(x if change is None else change(x))

    @contextmanager
    def reading(
        self, indices: Indices, readouts: Iterable[Readout], change: Change | None = None
    ) -> Iterator[FeatureStore]:
        """Features of examples, optionally ``change``d, at all sources of the ``readouts``.

        One forward pass gives them all.
        """
        sources = list(dict.fromkeys(source for each in readouts for source in each.sources))
        with closing(FeatureStore(self.folder, sources)) as store:
            for x in self.inputs(indices, change):
                store.add(self._read(x, sources))
            yield store

    def split_features(self) -> dict[Split, Features]:
        """Features (N, D) of every split, at the readout that is asked for.

        Raises:
            UserError: for ``readout=auto``, among whose candidates this chooses none (see
                :class:`~vmbench.evaluation.readouts.Reading`), and for a stage that is not there.
        """
        asked = parse_readout(self.config.readout)
        if asked is None:
            raise UserError(
                f"readout={self.config.readout}: this evaluation reads one readout and does not "
                f"choose it: name it (--set readout=last)"
            )
        if asked != DEFAULT:
            asked = resolve(asked, self.stage_sizes(), self.config.feature_bins)
        found = {}
        for split in SPLITS:
            with self.reading(self.indices[split], [asked]) as store:
                found[split] = store.read(asked)
        return found

    def _read(self, x: Tensor, sources: Sequence[Source]) -> list[Tensor]:
        if tuple(sources) == DEFAULT.sources:
            return [self.representation.features(x)]
        found: dict[Source, Tensor] = {}

        def visit(stage: str, maps: Tensor) -> None:
            found.update({each: each.pool(maps) for each in sources if each.stage == stage})

        self.representation.stages(x, visit)
        return [found[source] for source in sources]

    def stage_sizes(self) -> dict[str, tuple[int, ...]]:
        """The spatial axes of the maps of each stage, in order, the input first."""
        return stage_sizes(self.representation, self.examples.spec)

    def labels(self, split: Split) -> Labels:
        """Labels of a split, as :meth:`~vmbench.data.examples.Examples.labels` gives them."""
        return self.examples.labels(self.task, self.indices[split])

    def split_labels(self) -> dict[Split, Labels]:
        """Labels of every split."""
        return {split: self.labels(split) for split in SPLITS}

    @cached_property
    def counted(self) -> Mask | None:
        """The classes (K,) that are judged; None for a kind that averages over none.

        Raises:
            UserError: there is none.
        """
        counted = self.task.rules.counted(self.split_labels())
        if counted is not None:
            require_judged(counted, f"task {self.examples.dataset.name}/{self.task.name}")
        return counted

    @property
    def scoring(self) -> Scoring:
        """How predictions of the task's kind are judged."""
        return scoring(self.task.kind)

    @property
    def headline(self) -> str:
        """Name of the metric that the task is reported by."""
        return self.scoring.headline

    def value(self, predictions: Predictions, split: Split) -> float:
        """The headline metric of predictions for ``split``, in which a class may be missing."""
        return self.scoring.value(predictions, self.labels(split), self._counted_in(split))

    def contributions(self, predictions: Predictions, split: Split = "test") -> Contributions:
        """What each example of ``split`` contributes to the headline of ``predictions``: (n,)."""
        counted = self._counted_in(split)
        return self.scoring.contributions(predictions, self.labels(split), counted)

    def _counted_in(self, split: Split) -> Mask | None:
        counted = self.counted
        if split != "test" and counted is not None:
            counted = varies(self.labels("train")) & varies(self.labels(split))
        return counted

    def metrics(self, predictions: Predictions) -> dict[str, float]:
        """Test metrics of predictions: class indices (n_test,), scores (n_test, K) or values."""
        classes = len(self.task.classes)
        return self.scoring.metrics(predictions, self.labels("test"), classes, self.counted)


def stage_sizes(representation: Representation, spec: Spec) -> dict[str, tuple[int, ...]]:
    """The spatial axes of the maps of each stage, in order; an example of zeros shows them."""
    sizes: dict[str, tuple[int, ...]] = {}

    def visit(stage: str, maps: Tensor) -> None:
        sizes[stage] = tuple(maps.shape[2:])

    representation.stages(torch.zeros(1, *spec.shape), visit)
    return sizes


@dataclass(frozen=True)
class Score:
    """What an evaluation found.

    Attributes:
        metrics: test metrics.
        val_value: the value on val of what was chosen.
        contributions: what each test example contributes to the headline, (n_test,): its mean is
            the headline (:meth:`Problem.contributions`).
        chosen: everything that val chose, by name: ``penalty``, ``k``, ``lr``.
        metric: name of the headline, a key of ``metrics``; None: that of the task's kind.
        n_train: examples that the headline learned from, where not the whole train split.
        n_val: examples that chose its settings, where not the whole val split.
        gradient_norm: of the final fit; None where it is exact or not iterative.
        converged: whether the final fit did; None likewise.
        readouts: what val chose from at last, with ``readout=auto``.
        tried: the value on val of every candidate before that.
    """

    metrics: Mapping[str, float]
    val_value: float
    contributions: Contributions
    chosen: Mapping[str, float | int | str] = field(default_factory=dict)
    metric: str | None = None
    n_train: int | None = None
    n_val: int | None = None
    gradient_norm: float | None = None
    converged: bool | None = None
    readouts: Sequence[ReadoutRecord] = ()
    tried: Mapping[str, float] = field(default_factory=dict)


class Evaluation(Configured, ABC):
    """Base of the evaluations.

    An evaluation chooses everything on val and reads test once, at the end, and draws whatever it
    draws from seeds of its own, so that every method and every pretraining seed meets the same
    draws.

    Its ``name`` is ``--eval``'s, and ``probe.kind`` in the result.

    Class attributes, beside those of every :class:`~vmbench.settings.Component`:
        trains_encoder: True if it needs the encoder itself and not features alone.
    """

    trains_encoder: ClassVar[bool] = False

    @abstractmethod
    def score(self, problem: Problem) -> Score:
        """Judge the representation on the task."""


def evaluate(evaluation: Evaluation, problem: Problem) -> TaskResult:
    """Judge the representation on the task, as the result records it."""
    started = time.perf_counter()
    examples, task, indices = problem.examples, problem.task, problem.indices
    where = f"{examples.dataset.name}/{task.name}"
    score = evaluation.score(problem)
    metric = score.metric or problem.headline
    penalty = score.chosen.get("penalty")
    if score.converged is False:
        problem.trainer.progress.say(
            f"  {where}: the probe's final fit did not converge (gradient norm "
            f"{score.gradient_norm:.1e}): raise {evaluation.name}.max_iter"
        )
    return TaskResult(
        dataset=examples.dataset.name,
        revision=examples.dataset.revision,
        task=task.name,
        metric=metric,
        higher_is_better=True,
        value=score.metrics[metric],
        metrics=dict(score.metrics),
        floors=task.rules.floor(problem.split_labels(), problem.counted),
        n_train=len(indices["train"]) if score.n_train is None else score.n_train,
        n_val=len(indices["val"]) if score.n_val is None else score.n_val,
        n_test=len(indices["test"]),
        n_classes=len(task.classes),
        split_rule=task.split_rule,
        probe=Probe(
            kind=evaluation.name,
            penalty=None if penalty is None else float(penalty),
            val_value=score.val_value,
            chosen=dict(score.chosen),
            gradient_norm=score.gradient_norm,
            converged=score.converged,
            readouts=list(score.readouts),
            tried=dict(score.tried),
        ),
        units=test_units(score.contributions, examples.groups(indices["test"]), where),
        seconds=time.perf_counter() - started,
    )
