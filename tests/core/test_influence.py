"""Contributions: their mean is the metric, and each is what leaving the example out would tell."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import roc_auc_score

from vmbench.influence import contributions


def sample(kind, n=400, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "regression":
        x = rng.standard_normal(n)
        return 3 * x + 40, 100 * (x + rng.standard_normal(n))
    labels = (rng.random((n, 2)) < (0.3, 0.1)).astype(np.int64)
    scores = (labels + rng.standard_normal((n, 2))).round(1)  # with ties
    return scores, labels


def metric(kind, predictions, labels):
    if kind == "regression":
        return pearsonr(predictions, labels)[0]
    return roc_auc_score(labels, predictions, average="macro")


@pytest.mark.parametrize("kind", ["multilabel", "regression"])
def test_each_contribution_is_the_jackknife_s_to_first_order(kind):
    predictions, labels = sample(kind)
    counted = np.array([True, True]) if kind == "multilabel" else None
    found = contributions(kind, predictions, labels, counted)
    value, n = metric(kind, predictions, labels), len(labels)
    assert found.mean() == pytest.approx(value, abs=1e-12)
    for i in (0, 7, 100, int(np.abs(found - value).argmax())):
        without = metric(kind, np.delete(predictions, i, 0), np.delete(labels, i, 0))
        pseudo = n * value - (n - 1) * without
        assert found[i] == pytest.approx(pseudo, rel=0.02, abs=0.02)


def test_classes_that_are_not_counted_contribute_nothing():
    scores, labels = sample("multilabel")
    first = contributions("multilabel", scores, labels, np.array([True, False]))
    assert first.mean() == pytest.approx(roc_auc_score(labels[:, 0], scores[:, 0]))


def test_a_prediction_that_never_changes_has_no_influence():
    values = np.arange(5.0)
    assert contributions("regression", np.full(5, 2.0), values, None).tolist() == [0.0] * 5
