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

from statistics import fmean

import numpy as np

from vmbench.data.dataset import Split
from vmbench.data.examples import Indices
from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.evaluation.influence import Contributions
from vmbench.evaluation.linear_models import Features
from vmbench.evaluation.probe import FittedProbe, ProbeSettings, fit_probe

DRAWS = 5


class FewShotEvaluation(Evaluation):
    """Linear probe on 1, 5 and 10 labels per class and on 1% of them; the value is that at 10.

    Of a real target, which has no classes, the value is that at 1%.

    Each is the mean over 5 fixed draws; the penalty is chosen on equally few labels of val.
    """

    name = "fewshot"
    settings_class = ProbeSettings
    settings: ProbeSettings

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
        for suffix, positions in problem.scoring.draws().items():
            on_test, each, probes = [], [], []
            for seed in range(DRAWS):
                chosen = {split: positions(labels[split], seed=seed) for split in few}
                probe = fit_probe(
                    {split: pool[split].features(chosen[split]) for split in few},
                    {split: labels[split][chosen[split]] for split in few},
                    penalties=self.settings.penalties,
                    max_iter=self.settings.max_iter,
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
        reported = f"{problem.headline}_{problem.scoring.reported_draw}"
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
            for positions in problem.scoring.draws().values()
            for seed in range(DRAWS)
        ]
        self.positions = np.unique(np.concatenate(taken))
        self.encoded = problem.features(problem.indices[split][self.positions])

    def features(self, positions: Indices) -> Features:
        """Features of drawn ``positions`` of the split."""
        return self.encoded[np.searchsorted(self.positions, positions)]
