"""Kinds of task and of spec: all that one names exists, and another one is served everywhere."""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
import toy
from planning import new_encoder

from vmbench.cli import invoke
from vmbench.data.check import check_data
from vmbench.data.dataset import Task
from vmbench.data.examples import prepare
from vmbench.data.kinds import KINDS
from vmbench.data.kinds.multiclass import Multiclass
from vmbench.data.specs import SPECS, Spec
from vmbench.errors import UserError
from vmbench.evaluation.corruptions import Corruption, corruptions
from vmbench.evaluation.kinds import scoring
from vmbench.evaluation.kinds.multiclass import MulticlassScoring
from vmbench.networks import Viewmaker
from vmbench.objectives.cross_entropy import CrossEntropy
from vmbench.objectives.labelled import LabelLoss
from vmbench.registry import import_target
from vmbench.runs.pictures import draw_gallery


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_a_kind_of_task_names_exists(kind):
    assert issubclass(import_target(kind.loss), LabelLoss)
    found = scoring(kind.name)
    assert found.reported_draw in found.draws()
    labels = {"toy-vector": 0, "toy-findings": (1, 0, 0), "toy-amount": 1.5}
    (dataset,) = [d for d in toy.Toy.datasets.values()
                  if d.name in labels and d.tasks[0].kind == kind.name]  # fmt: skip
    assert dataset.tasks[0].accepts(labels[dataset.name])


def wrong(dataset, change):
    (task,) = dataset.tasks

    def examples(self):
        for i, e in enumerate(dataset.examples(self)):
            label, split = change(i, e.labels[task.name], e.splits[task.name])
            yield type(e)(e.x, {task.name: label}, {task.name: split})

    return type("Wrong", (dataset,), {"examples": examples, "name": "wrong"})().bind()


@pytest.mark.parametrize(("dataset", "change"), [
    (toy.ToyVector, lambda i, y, s: (y, "train" if s == "val" else s)),
    (toy.ToyVector, lambda i, y, s: (0 if y == 2 and s == "train" else y, s)),
    (toy.ToyFindings, lambda i, y, s: ((0, 1, 0) if s == "test" else y, s)),
    (toy.ToyAmount, lambda i, y, s: (3.0 if s == "val" else y, s)),
])  # fmt: skip
def test_a_check_says_what_a_run_refuses_in_the_same_words(dataset, change):
    (problem,) = check_data(wrong(dataset, change)).tasks[0].problems
    with pytest.raises(UserError) as refusal:
        prepare(wrong(dataset, change))
    assert str(refusal.value) == f"task wrong/{dataset.tasks[0].name}: {problem}"


class OrdinalScoring(MulticlassScoring):
    """Accuracy stays; the distance in classes is reported beside it."""

    def metrics(self, predictions, labels, classes, counted):
        found = super().metrics(predictions, labels, classes, counted)
        return {**found, "mean_distance": float(np.abs(predictions - labels).mean())}


class OrdinalLoss(CrossEntropy):
    """Cross-entropy, so that something can be trained."""


class Ordinal(Multiclass):
    name = "ordinal"
    scoring = f"{__name__}:OrdinalScoring"
    loss = f"{__name__}:OrdinalLoss"


class Levels(toy.ToyVector):
    name = "toy-levels"
    tasks = (Task("kind", toy.CLASSES, "every fifth row is test, every fifth val"),)


@pytest.mark.parametrize("evaluation", ["linear", "knn", "finetune", "fewshot", "robustness"])
def test_another_kind_of_task_is_judged_by_every_evaluation(
    evaluation, monkeypatch, tmp_path, capsys
):
    monkeypatch.setitem(KINDS, "ordinal", Ordinal)
    monkeypatch.setattr(toy.Toy, "datasets", {**toy.Toy.datasets, "toy-levels": Levels})
    monkeypatch.setattr(Levels, "tasks", (Task("kind", toy.CLASSES, "a rule", kind="ordinal"),))
    command = ["run", "--domain", "toy", "--pretrain", "toy-levels", "--preset", "smoke"]
    command += ["--transfer", "toy-levels"]
    command += ["--method", "random-init", "--eval", evaluation, "--out", str(tmp_path), "--json"]
    assert invoke(command) == 0
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert task["metric"].removeprefix("mean_corruption_").startswith("accuracy")
    assert ("mean_distance" in task["metrics"]) == (evaluation != "fewshot")


@pytest.mark.parametrize("spec", SPECS, ids=[spec.kind for spec in SPECS])
def test_what_a_kind_of_spec_names_exists(spec):
    sample = spec(*spec.sample)
    assert len(set(sample.shape)) == len(sample.shape)
    assert all(isinstance(each, Corruption) for each in corruptions(sample))
    assert callable(import_target(spec.picture))
    x = torch.zeros(2, *sample.shape)
    assert Viewmaker(sample, width=4)(x).shape == x.shape
    assert new_encoder(sample)(x).shape[0] == 2


@dataclass(frozen=True)
class Bag(Spec):
    """Counts of things, which states nothing but its shape: the defaults serve it."""

    kind: ClassVar[str] = "bag"
    sample: ClassVar[tuple[int, ...]] = (11,)
    words: int


def test_a_kind_of_spec_that_states_nothing_gets_what_serves_any(tmp_path):
    spec = Bag(*Bag.sample)
    x = torch.randn(4, *spec.shape)
    assert Viewmaker(spec, width=4)(x).shape == x.shape
    assert [c.name for c in corruptions(spec)] == ["gaussian_noise", "channel_dropout"]
    views = x.numpy()[:1].repeat(8, 0)
    pytest.importorskip("matplotlib")
    draw_gallery(spec, x.numpy()[0], views, tmp_path / "views.png", "bag")
    assert (tmp_path / "views.png").stat().st_size > 1000
