"""The contract of an evaluation on each kind of task."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vmbench.data.dataset import Example, Split, Task
from vmbench.data.labels import Label, Labels
from vmbench.data.specs import Spec
from vmbench.evaluation import Evaluation, Problem, evaluate
from vmbench.networks.encoder import HeadSettings
from vmbench.networks.readout import INPUT, LAST
from vmbench.testing.component import Clauses, check_component, clauses_on, stated
from vmbench.testing.report import Check, violated
from vmbench.testing.survey import global_randomness
from vmbench.testing.synthetic import CLASSES, ROWS, SAMPLES, SyntheticDataset, registered, tiny_run
from vmbench.views.method import Method, Representation

RULE = "of every five rows the fourth is val, the fifth test"
TASKS = (
    Task("level", CLASSES, RULE),
    Task("findings", CLASSES, RULE, kind="multilabel"),
    Task("amount", (), RULE, kind="regression"),
)


def evaluation_checks(evaluation: Evaluation) -> Iterator[Check]:
    """Every check of ``evaluation``; nothing is done before the calls."""
    yield Check(
        "identity", "", "name, specs and settings are stated", lambda: check_component(evaluation)
    )
    kinds = stated(evaluation)
    for task in TASKS if kinds else ():
        case = Case(evaluation, SAMPLES[kinds[-1]], task)
        yield from clauses_on(case, task.kind, CLAUSES)


class Judged(SyntheticDataset):
    """The synthetic rows under a label of each kind of task, none of which they tell for sure."""

    tasks = TASKS
    name = "synthetic-judged"

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def examples(self) -> Iterator[Example]:
        """Yield the rows."""
        rng = np.random.default_rng(1)
        for row in super().examples():
            level = row.labels["level"]
            assert isinstance(level, int)
            noise = int(rng.integers(2))
            labels: dict[str, Label] = {"level": level, "findings": (level, noise),
                      "amount": level + float(rng.standard_normal())}  # fmt: skip
            yield replace(row, labels=labels, splits=dict.fromkeys(labels, row.splits["level"]))


def untrained() -> Method:
    """A method that leaves the encoder as it is built: what an evaluation judges here."""

    class Untrained(Method):  # within a function, for it is not registered
        name = "untrained"
        kind = "none"
        yardstick = True
        settings_class = HeadSettings

    return Untrained()


@dataclass(frozen=True)
class OtherTest(Problem):
    """The same task, the labels of test in another order."""

    def labels(self, split: Split) -> Labels:
        """As they are, or permuted."""
        labels = super().labels(split)
        order = np.random.default_rng(2).permutation(len(labels))
        return labels[order] if split == "test" else labels


class Case:
    """An evaluation on one task."""

    def __init__(self, evaluation: Evaluation, spec: Spec, task: Task) -> None:
        self.evaluation, self.spec, self.task = evaluation, spec, task

    @contextmanager
    def run(self) -> Iterator[tuple[Evaluation, Problem]]:
        """The evaluation with the settings of a run, and what it judges."""
        with (
            registered(type(self.evaluation)),
            tiny_run(untrained(), self.spec, dataset=Judged(self.spec),
                     evaluation=self.evaluation.name) as tiny,
        ):  # fmt: skip
            yield tiny.evaluation, tiny.problem(self.task)


def _score(case: Case) -> None:
    with case.run() as (evaluation, problem):
        score = evaluation.score(problem)
        metric = score.metric or problem.headline
        if metric not in score.metrics:
            violated(f"metrics holds {', '.join(score.metrics)}, and not its headline {metric}")
        numbers = np.array([*score.metrics.values(), score.val_value, *score.contributions])
        if not np.isfinite(numbers).all():
            violated(f"metrics {dict(score.metrics)} or val_value {score.val_value}: not finite")
        if len(score.contributions) != len(problem.indices["test"]):
            violated(f"contributions has {len(score.contributions)} entries: one per test example")
        if not np.isclose(score.contributions.mean(), score.metrics[metric], atol=1e-6):
            mean = score.contributions.mean()
            violated(f"the mean of contributions is {mean}, and not {score.metrics[metric]}")
        found = evaluate(evaluation, problem)
        if found.probe.kind != case.evaluation.name:
            violated(f"the result calls it {found.probe.kind!r}")


def _seeded(case: Case) -> None:
    with case.run() as (evaluation, problem):
        before = global_randomness()
        first, second = (_record(evaluation, problem) for _ in range(2))
        if global_randomness() != before:
            violated("a global random state is changed: draw from seeds of its own")
        if first != second:
            violated("judging the same twice gives two results: draw from seeds of its own")


def _record(evaluation: Evaluation, problem: Problem) -> dict[str, Any]:
    return evaluate(evaluation, problem).model_dump(exclude={"seconds"})


def _chosen_unseen(case: Case) -> None:
    with case.run() as (evaluation, problem):
        fields = (problem.trainer, problem.examples, problem.task, problem.representation)
        other = OtherTest(*fields, problem.indices, problem.folder)
        one, two = evaluation.score(problem), evaluation.score(other)
        if (one.chosen, one.val_value) != (two.chosen, two.val_value):
            violated("other labels of test change what is chosen or the value on val")


def _untouched(case: Case) -> None:
    with case.run() as (evaluation, problem):
        before = {key: value.clone() for key, value in problem.encoder.state_dict().items()}
        evaluation.score(problem)
        after = problem.encoder.state_dict()
        if any(not torch.equal(value, after[key]) for key, value in before.items()):
            violated("the encoder's weights are changed, which other evaluations read: copy it")


def _informed(case: Case) -> None:
    if case.evaluation.trains_encoder:
        return  # it reads the encoder and not the features
    with case.run() as (evaluation, problem):
        signal, noise = (replace(problem, representation=_features(known, problem))
                         for known in (True, False))  # fmt: skip
        better, worse = (evaluate(evaluation, each).value for each in (signal, noise))
        if not better > worse:
            violated(f"features that are the label get {better:g}, noise gets {worse:g}")


def _features(known: bool, problem: Problem) -> Representation:
    """The labels themselves as features, or white noise: (B, 4)."""
    examples, task = problem.examples, problem.task
    rows = examples.batch(np.arange(ROWS)).flatten(1)
    labels = torch.from_numpy(
        np.asarray(examples.labels(task, np.arange(ROWS)), np.float32).reshape(ROWS, -1)
    )
    noise = torch.randn(ROWS, 4, generator=torch.Generator().manual_seed(3))
    table = labels.repeat(1, 4 // labels.shape[1]) + 0.01 * noise if known else noise

    def features(x: Tensor) -> Tensor:
        return table[torch.cdist(x.flatten(1), rows).argmin(1)]

    def stages(x: Tensor, visit: Callable[[str, Tensor], None]) -> None:
        visit(INPUT, x)
        visit(LAST, features(x))

    return Representation(features, stages, 0, problem.representation.encoder)


CLAUSES: Clauses[Case] = {
    "score": ("finite metrics, and contributions whose mean is the headline", _score),
    "seeded": ("judging again gives the same, and no global random state is changed", _seeded),
    "chosen-unseen": ("nothing is chosen by the labels of test", _chosen_unseen),
    "untouched": ("the encoder is as it was", _untouched),
    "informed": ("features that hold the label get more than noise", _informed),
}
