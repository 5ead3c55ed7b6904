"""The weighted nearest-neighbour classifier on frozen features: nothing is trained.

Wu et al. 2018, arXiv 1805.01978, section 3.4: the k training features with the greatest cosine
similarity s to a test feature vote for their class with weight exp(s / temperature).
"""

from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.probe import Features, Labels

# Smoothest first: among pairs that are equally good on val the first is taken. 200 and 0.07 are
# the published pair.
NEIGHBOURS = (200, 50, 20, 5, 1)
TEMPERATURES = (0.2, 0.07, 0.02)
CHUNK = 1024  # queries whose similarities to all training features are held at once

Setting = tuple[int, float]


def knn_predict(
    bank: Features, labels: Labels, queries: Features, settings: list[Setting]
) -> list[Labels]:
    """Predicted classes of ``queries``, per (k, temperature) of ``settings``.

    Args:
        bank: (N, D) features that vote; any scale, they are L2-normalised here.
        labels: (N,) class indices of the bank.
        queries: (M, D).
        settings: pairs of k >= 1 (more than N counts as N) and a temperature > 0.

    Returns:
        (M,) class indices per pair; among classes with equal votes the lowest index.
    """
    unit_bank = functional.normalize(torch.from_numpy(bank), dim=1)
    unit_queries = functional.normalize(torch.from_numpy(queries), dim=1)
    most = min(len(bank), max(k for k, _ in settings))
    classes = int(labels.max()) + 1
    voters = torch.from_numpy(labels)
    found: list[list[Tensor]] = [[] for _ in settings]
    for start in range(0, len(unit_queries), CHUNK):
        chunk = unit_queries[start : start + CHUNK]
        similarity, nearest = (chunk @ unit_bank.T).topk(most, dim=1)
        neighbour_classes = voters[nearest]
        for (k, temperature), predictions in zip(settings, found, strict=True):
            # Dividing all weights of a query by the greatest one changes no comparison.
            weights = ((similarity[:, :k] - similarity[:, :1]) / temperature).exp()
            votes = torch.zeros(len(chunk), classes)
            votes.scatter_add_(1, neighbour_classes[:, :k], weights)
            predictions.append(votes.argmax(1))
    return [torch.cat(predictions).numpy() for predictions in found]


class KNNEvaluation(Evaluation):
    """Weighted k-NN on L2-normalised features; k and the temperature are chosen on val.

    As with the linear probe, train and val together vote on test.
    """

    name = "knn"
    paper = "Wu et al. 2018, arXiv 1805.01978"

    def score(self, problem: Problem) -> Score:
        """Accuracy on test."""
        features, labels = problem.split_features(), problem.split_labels()
        settings = list(product(NEIGHBOURS, TEMPERATURES))
        candidates = knn_predict(features["train"], labels["train"], features["val"], settings)
        accuracies = [float((predicted == labels["val"]).mean()) for predicted in candidates]
        best = accuracies.index(max(accuracies))
        bank = np.concatenate([features["train"], features["val"]])
        voters = np.concatenate([labels["train"], labels["val"]])
        (predictions,) = knn_predict(bank, voters, features["test"], [settings[best]])
        k, temperature = settings[best]
        chosen = {"chosen_k": float(min(k, len(bank))), "chosen_temperature": temperature}
        return Score(problem.metrics(predictions) | chosen, accuracies[best])
