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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean

import numpy as np

from vmbench.data.dataset import Split
from vmbench.data.examples import Indices
from vmbench.data.labels import Labels
from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.evaluation.feature_store import FeatureStore
from vmbench.evaluation.influence import Contributions
from vmbench.evaluation.metrics import Predictions
from vmbench.evaluation.probe import FittedProbe, Penalty, ProbeSettings
from vmbench.evaluation.readouts import LEARNED, Choice, Reading

DRAWS = 5


class FewShotEvaluation(Evaluation):
    """Linear probe on 1, 5 and 10 labels per class and on 1% of them; the value is that at 10.

    Of a real target, which has no classes, the value is that at 1%.

    Each is the mean over 5 fixed draws; the penalty is chosen on equally few labels of val.
    """

    name = "fewshot"
    summary = "logistic regression on 1, 5, 10 labels per class and on 1%"
    settings_class = ProbeSettings
    settings: ProbeSettings

    def score(self, problem: Problem) -> Score:
        """Mean test value per number of labels."""
        labels = problem.split_labels()
        draws = {
            f"{problem.headline}_{suffix}": [
                {split: positions(labels[split], seed=seed) for split in LEARNED}
                for seed in range(DRAWS)
            ]
            for suffix, positions in problem.scoring.draws().items()
        }
        taken = {
            split: np.unique(np.concatenate([each[split] for n in draws.values() for each in n]))
            for split in LEARNED
        }
        indices = {split: problem.indices[split][taken[split]] for split in LEARNED}
        # What no draw takes is never encoded.
        with Reading(problem, indices) as reading:
            tries = {
                name: [_Try.of(reading, labels, drawn, taken, self.settings) for drawn in each]
                for name, each in draws.items()
            }
        metrics: dict[str, float] = {}
        given: dict[str, Contributions] = {}
        readouts = [each.choice.readouts for tried in tries.values() for each in tried]
        with problem.reading(problem.indices["test"], chain.from_iterable(readouts)) as test:
            for name, tried in tries.items():
                on_test = [each.on_test(test) for each in tried]
                heads = [
                    predictions[each.choice.place]
                    for each, predictions in zip(tried, on_test, strict=True)
                ]
                metrics[name] = fmean(problem.metrics(each)[problem.headline] for each in heads)
                given[name] = np.mean([problem.contributions(each) for each in heads], axis=0)
                beside = [
                    each.choice.beside(problem, predictions)
                    for each, predictions in zip(tried, on_test, strict=True)
                ]
                for key in beside[0]:
                    role = key.removeprefix(problem.headline)
                    metrics[name + role] = fmean(each[key] for each in beside)
        reported = f"{problem.headline}_{problem.scoring.reported_draw}"
        probes = [each.probes[each.choice.place] for each in tries[reported]]
        norms = [p.gradient_norm for p in probes if p.gradient_norm is not None]
        first = draws[reported][0]
        chosen = " ".join(str(each.choice.best.readout) for each in tries[reported])
        return Score(
            metrics,
            fmean(probe.val_value for probe in probes),
            given[reported],
            chosen={} if reading.single else {"readouts": chosen},
            metric=reported,
            n_train=len(first["train"]),
            n_val=len(first["val"]),
            gradient_norm=max(norms) if norms else None,
            converged=all(probe.converged for probe in probes) if norms else None,
        )


@dataclass(frozen=True)
class _Try:
    """What one draw chose and learned: a probe for each finalist."""

    choice: Choice[Penalty]
    probes: Sequence[FittedProbe]

    @classmethod
    def of(
        cls,
        reading: Reading,
        labels: Mapping[Split, Labels],
        drawn: Mapping[Split, Indices],
        taken: Mapping[Split, Indices],
        settings: ProbeSettings,
    ) -> "_Try":
        """Of positions ``drawn`` from the splits, of which ``reading`` has those ``taken``."""
        few = {split: labels[split][drawn[split]] for split in LEARNED}
        search = reading.penalty_search(few, settings)
        rows = {split: np.searchsorted(taken[split], drawn[split]) for split in LEARNED}
        choice = reading.choose(search, search.screen, rows)
        probes = [
            search.fit(reading.features(trial.readout, rows), trial.found, refit=False)
            for trial in choice.finalists
        ]
        return cls(choice, probes)

    def on_test(self, test: FeatureStore) -> list[Predictions]:
        """Predictions of each finalist."""
        return [
            probe.predict(test.read(readout))
            for probe, readout in zip(self.probes, self.choice.readouts, strict=True)
        ]
