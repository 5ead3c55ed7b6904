"""The linear probe when labels are few: 1, 5 or 10 per class, or 1% of them.

Protocol. A draw takes k examples of each class from train to learn from, and k of each class from
val to choose the penalty: a val of its usual size would lend a 1-shot probe thousands of labels.
The probe is not refit on both, so no prediction has learned from more than k labels of a class. A
class with fewer than k examples gives all that it has. Draws have fixed seeds: every method and
every pretraining seed is judged on the same ones. Test is the whole test split.

Where several labels may hold at once, a draw is the union over the classes of k examples that have
the class and k that have it not; each drawn example brings all its labels, so a frequent class is
seen more than k times. A real target has no classes and is judged at 1% alone. There, and in
multilabel tasks, 1% is that share of all examples, drawn without regard to the labels, and at least
10 of them; a class that a draw lacks is ranked by chance.
"""

from collections.abc import Callable
from functools import partial
from statistics import fmean

import numpy as np

from vmbench.data.dataset import Kind, Split
from vmbench.data.examples import Indices
from vmbench.data.labels import Labels
from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.evaluation.influence import Contributions
from vmbench.evaluation.linear_models import Features
from vmbench.evaluation.probe import FittedProbe, fit_probe

DRAWS = 5
SHOTS = (1, 5, 10)
FRACTION = 0.01  # of the labels of each class, at least one

LEAST = 10  # examples of a draw that looks at no labels

Size = Callable[[int], int]
Draw = Callable[..., Indices]  # labels of a split, seed=... -> positions in it


def draws(kind: Kind) -> dict[str, Draw]:
    """The draws by the suffix of the metric that they give.

    >>> list(draws("regression"))
    ['1pct']
    """
    if kind == "regression":
        return {"1pct": _any}
    if kind == "multilabel":
        return {**{f"k{k}": partial(_per_label, k) for k in SHOTS}, "1pct": _any}
    sizes: dict[str, Size] = {f"k{k}": partial(min, k) for k in SHOTS}
    return {name: partial(draw, size=size) for name, size in {**sizes, "1pct": _share}.items()}


def headline(kind: Kind) -> str:
    """The suffix of the metric that is reported."""
    return "1pct" if kind == "regression" else f"k{SHOTS[-1]}"


def _share(available: int) -> int:
    return max(1, round(FRACTION * available))


def _per_label(k: int, labels: Labels, seed: int) -> Indices:
    return np.unique(np.concatenate([draw(y, lambda _: k, seed) for y in labels.T]))


def _any(labels: Labels, seed: int) -> Indices:
    order = np.random.default_rng(seed).permutation(len(labels))
    return np.sort(order[: max(LEAST, _share(len(labels)))])


def draw(labels: Labels, size: Size, seed: int) -> Indices:
    """Positions in ``labels`` of a random subset, balanced by class; sorted.

    Args:
        labels: (N,) class indices.
        size: how many of a class to take, given how many there are; at most all are taken.
        seed: of the draw; with one seed a smaller subset is part of a larger one.

    >>> labels = np.array([0, 0, 1, 1, 1])
    >>> labels[draw(labels, lambda available: 1, seed=0)].tolist()
    [0, 1]
    """
    rng = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen.append(members[: size(len(members))])
    return np.sort(np.concatenate(chosen))


class FewShotEvaluation(Evaluation):
    """Linear probe on 1, 5 and 10 labels per class and on 1% of them; the value is that at 10.

    Of a real target, which has no classes, the value is that at 1%.

    Each is the mean over 5 fixed draws; the penalty is chosen on equally few labels of val.
    """

    name = "fewshot"

    def score(self, problem: Problem) -> Score:
        """Mean test value per number of labels."""
        labels = problem.split_labels()
        test = problem.features(problem.indices["test"])
        few: tuple[Split, ...] = ("train", "val")
        pool = {split: _Pool(problem, split) for split in few}
        metrics: dict[str, float] = {}
        fits: dict[str, list[FittedProbe]] = {}
        sizes: dict[str, tuple[int, int]] = {}
        given: dict[str, Contributions] = {}
        for suffix, positions in draws(problem.task.kind).items():
            on_test, each, probes = [], [], []
            for seed in range(DRAWS):
                chosen = {split: positions(labels[split], seed=seed) for split in few}
                probe = fit_probe(
                    {split: pool[split].features(chosen[split]) for split in few},
                    {split: labels[split][chosen[split]] for split in few},
                    penalties=problem.config.probe_penalties,
                    max_iter=problem.config.probe_max_iter,
                    refit=False,
                    kind=problem.task.kind,
                )
                predictions = probe.predict(test)
                on_test.append(problem.metrics(predictions)[problem.headline])
                each.append(problem.contributions(predictions))
                probes.append(probe)
            name = f"{problem.headline}_{suffix}"
            metrics[name] = fmean(on_test)
            given[name], fits[name] = np.mean(each, axis=0), probes
            sizes[name] = len(chosen["train"]), len(chosen["val"])
        reported = f"{problem.headline}_{headline(problem.task.kind)}"
        n_train, n_val = sizes[reported]
        norms = [p.gradient_norm for p in fits[reported] if p.gradient_norm is not None]
        return Score(
            metrics,
            fmean(probe.val_value for probe in fits[reported]),
            given[reported],
            metric=reported,
            n_train=n_train,
            n_val=n_val,
            gradient_norm=max(norms) if norms else None,
            converged=all(probe.converged for probe in fits[reported]) if norms else None,
        )


class _Pool:
    """Features of the examples that any draw takes from a split; the rest is never encoded."""

    def __init__(self, problem: Problem, split: Split) -> None:
        labels = problem.labels(split)
        taken = [
            positions(labels, seed=seed)
            for positions in draws(problem.task.kind).values()
            for seed in range(DRAWS)
        ]
        self.positions = np.unique(np.concatenate(taken))
        self.encoded = problem.features(problem.indices[split][self.positions])

    def features(self, positions: Indices) -> Features:
        """Features of drawn ``positions`` of the split."""
        return self.encoded[np.searchsorted(self.positions, positions)]
