"""The weighted nearest neighbours on frozen features: nothing is trained.

Wu et al. 2018, arXiv 1805.01978, section 3.4: the k training features with the greatest cosine
similarity s to a test feature vote for their class with weight exp(s / temperature).
"""

from itertools import product

import numpy as np

from vmbench.evaluation.base import Evaluation, Problem, Score

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
        features, labels = problem.split_features(), problem.split_labels()
        settings = list(product(NEIGHBOURS, TEMPERATURES))
        predict = problem.scoring.neighbours
        candidates = predict(features["train"], labels["train"], features["val"], settings)
        values = [problem.value(predicted, "val") for predicted in candidates]
        best = values.index(max(values))
        bank = np.concatenate([features["train"], features["val"]])
        voters = np.concatenate([labels["train"], labels["val"]])
        (predictions,) = predict(bank, voters, features["test"], [settings[best]])
        k, temperature = settings[best]
        return Score(
            problem.metrics(predictions),
            values[best],
            problem.contributions(predictions),
            chosen={"k": min(k, len(bank)), "temperature": temperature},
        )
