"""The linear probe when labels are few: 1, 5 or 10 per class, or 1% of them.

Protocol. A draw takes k examples of each class from train to learn from, and k of each class from
val to choose the penalty: a val of its usual size would lend a 1-shot probe thousands of labels.
The probe is not refit on both, so no prediction has learned from more than k labels of a class. A
class with fewer than k examples gives all that it has. Draws have fixed seeds: every method and
every pretraining seed is judged on the same ones. Test is the whole test split.
"""

from collections.abc import Callable
from statistics import fmean

import numpy as np

from vmbench.dataset import Split
from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.examples import Indices
from vmbench.probe import Features, Labels, fit_probe

DRAWS = 5
SHOTS = (1, 5, 10)
FRACTION = 0.01  # of the labels of each class, at least one

Size = Callable[[int], int]
SETTINGS: dict[str, Size] = {
    **{f"accuracy_k{k}": lambda _, k=k: k for k in SHOTS},  # type: ignore[misc]
    "accuracy_1pct": lambda available: max(1, round(FRACTION * available)),
}
HEADLINE = f"accuracy_k{SHOTS[-1]}"


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

    Each is the mean over 5 fixed draws; the penalty is chosen on equally few labels of val.
    """

    name = "fewshot"

    def score(self, problem: Problem) -> Score:
        """Mean test accuracy per number of labels."""
        labels = problem.split_labels()
        test = problem.features(problem.indices["test"])
        few: tuple[Split, ...] = ("train", "val")
        pool = {split: _Pool(problem, split) for split in few}
        metrics: dict[str, float] = {}
        validation: dict[str, float] = {}
        sizes: dict[str, tuple[int, int]] = {}
        for name, size in SETTINGS.items():
            on_test, on_val = [], []
            for seed in range(DRAWS):
                chosen = {split: draw(labels[split], size, seed) for split in few}
                probe = fit_probe(
                    {split: pool[split].features(chosen[split]) for split in few},
                    {split: labels[split][chosen[split]] for split in few},
                    penalties=problem.config.probe_penalties,
                    max_iter=problem.config.probe_max_iter,
                    refit=False,
                )
                on_test.append(problem.metrics(probe.predict(test))["accuracy"])
                on_val.append(probe.val_accuracy)
            metrics[name], validation[name] = fmean(on_test), fmean(on_val)
            sizes[name] = len(chosen["train"]), len(chosen["val"])
        n_train, n_val = sizes[HEADLINE]
        return Score(metrics, validation[HEADLINE], HEADLINE, n_train=n_train, n_val=n_val)


class _Pool:
    """Features of the examples that any draw takes from a split; the rest is never encoded."""

    def __init__(self, problem: Problem, split: Split) -> None:
        labels = problem.labels(split)
        draws = [draw(labels, size, seed) for size in SETTINGS.values() for seed in range(DRAWS)]
        self.positions = np.unique(np.concatenate(draws))
        self.encoded = problem.features(problem.indices[split][self.positions])

    def features(self, positions: Indices) -> Features:
        """Features of drawn ``positions`` of the split."""
        return self.encoded[np.searchsorted(self.positions, positions)]
