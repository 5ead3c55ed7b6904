"""The weighted nearest neighbours on frozen features: nothing is trained.

Wu et al. 2018, arXiv 1805.01978, section 3.4: the k training features with the greatest cosine
similarity s to a test feature vote for their class with weight exp(s / temperature).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from vmbench.data.dataset import Split
from vmbench.data.labels import Labels
from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.evaluation.linear_models import Features, Judgement
from vmbench.evaluation.neighbours import Setting
from vmbench.evaluation.readouts import LEARNED, Reading

# Smoothest first: among pairs that are equally good on val the first is taken. 200 and 0.07 are
# the published pair.
NEIGHBOURS = (200, 50, 20, 5, 1)
TEMPERATURES = (0.2, 0.07, 0.02)


class KNNEvaluation(Evaluation):
    """Weighted k-NN on L2-normalised features; k and the temperature are chosen on val.

    As with the linear probe, train and val together vote on test. Where several labels may hold
    at once, and for a real target, the weighted mean of the neighbours' labels is the score.
    """

    name = "knn"
    summary = "weighted nearest neighbours on frozen features"
    paper = "Wu et al. 2018, arXiv 1805.01978"

    def score(self, problem: Problem) -> Score:
        """Accuracy, AUROC or correlation on test."""
        labels = problem.split_labels()
        search = partial(_search, problem, labels)
        voters = np.concatenate([labels["train"], labels["val"]])
        on_test = []
        with Reading(problem, problem.indices, alone=_unit) as reading:
            choice = reading.choose(search)
            with problem.reading(problem.indices["test"], choice.readouts) as test:
                for trial in choice.finalists:
                    features = reading.features(trial.readout)
                    bank = np.concatenate([features["train"], features["val"]])
                    queries = test.read(trial.readout, _unit)
                    settings = [trial.found.setting]
                    on_test += problem.scoring.neighbours(bank, voters, queries, settings)
        predictions = on_test[choice.place]
        return Score(
            problem.metrics(predictions) | choice.beside(problem, on_test),
            choice.best.found.judgement.value,
            problem.contributions(predictions),
            chosen=choice.chosen,
            readouts=choice.records,
            tried=choice.tried,
        )


@dataclass(frozen=True)
class _Neighbours:
    """The pair that val chose for some features, of a bank of so many."""

    setting: Setting
    bank: int
    judgement: Judgement

    @property
    def chosen(self) -> dict[str, float | int | str]:
        """By name."""
        k, temperature = self.setting
        return {"k": min(k, self.bank), "temperature": temperature}


def _search(
    problem: Problem, labels: Mapping[Split, Labels], features: Mapping[Split, Features]
) -> _Neighbours:
    settings = list(product(NEIGHBOURS, TEMPERATURES))
    candidates = problem.scoring.neighbours(
        features["train"], labels["train"], features["val"], settings
    )
    values = [problem.value(predicted, "val") for predicted in candidates]
    best = values.index(max(values))
    each = problem.contributions(candidates[best], "val")
    # Votes have no loss that would tell equals apart.
    judgement = Judgement(values[best], each, np.zeros(len(each)))
    return _Neighbours(settings[best], sum(len(labels[s]) for s in LEARNED), judgement)


def _unit(features: Features) -> Features:
    """Each source by itself at length one: joined, their cosines are averaged."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit: Features = features / np.maximum(lengths, np.float32(1e-12))
    return unit
