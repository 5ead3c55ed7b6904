"""The probe and the metrics against scikit-learn used directly."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.preprocessing import StandardScaler

from vmbench.metrics import classification_metrics
from vmbench.probe import linear_probe, penalty_grid


def problem(seed=0, n=240, d=12, classes=4, noise=2.0):
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((classes, d))
    features, labels = {}, {}
    for split, size in (("train", n), ("val", n // 3), ("test", n // 3)):
        y = rng.integers(classes, size=size)
        x = (centres[y] + noise * rng.standard_normal((size, d))) * np.arange(1, d + 1) + 5
        features[split], labels[split] = x.astype(np.float32), y
    return features, labels


def oracle(features, labels, penalties):
    """Every penalty from a cold start with a tight tolerance, in float64."""

    def model(penalty, x, y):
        scaler = StandardScaler().fit(x)
        fitted = LogisticRegression(C=1 / (penalty * len(x)), max_iter=5000, tol=1e-8)
        fitted.fit(scaler.transform(x), y)
        return lambda z: fitted.predict_log_proba(scaler.transform(z))

    f = {k: v.astype(np.float64) for k, v in features.items()}
    scores = []
    for penalty in penalties:
        log_p = model(penalty, f["train"], labels["train"])(f["val"])
        right = log_p.argmax(1) == labels["val"]
        scores.append((right.mean(), log_p[np.arange(len(log_p)), labels["val"]].mean()))
    best = max(range(len(scores)), key=scores.__getitem__)
    both = np.concatenate([f["train"], f["val"]])
    y = np.concatenate([labels["train"], labels["val"]])
    return penalties[best], scores[best][0], model(penalties[best], both, y)(f["test"]).argmax(1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_probe_equals_a_plain_search(seed):
    features, labels = problem(seed)
    report = linear_probe(features, labels, penalties=10, max_iter=500)
    penalty, score, predictions = oracle(features, labels, penalty_grid(10))
    assert report.penalty == penalty
    assert report.val_value == pytest.approx(score)
    assert (report.predictions == predictions).mean() > 0.98  # float32 against float64


def test_the_test_split_has_no_say():
    """Whatever test holds, the penalty and the val score stay, and predictions are row by row."""
    features, labels = problem()
    report = linear_probe(features, labels, penalties=10, max_iter=200)
    other = {**features, "test": np.concatenate([features["test"], 1e3 * features["test"]])}
    changed = linear_probe(
        other, {**labels, "test": np.zeros(160, int)}, penalties=10, max_iter=200
    )
    assert (changed.penalty, changed.val_value) == (report.penalty, report.val_value)
    assert (changed.predictions[:80] == report.predictions).all()


def test_constant_features_do_no_harm():
    features, labels = problem()
    wide = {k: np.hstack([v, np.full((len(v), 2), 7.0, np.float32)]) for k, v in features.items()}
    plain = linear_probe(features, labels, penalties=10, max_iter=200)
    padded = linear_probe(wide, labels, penalties=10, max_iter=200)
    assert (plain.predictions == padded.predictions).mean() > 0.98


def test_grid_is_logarithmic_from_strong_to_weak():
    grid = penalty_grid(12)
    assert len(grid) == 12
    ratios = np.diff(np.log(grid))
    np.testing.assert_allclose(ratios, ratios[0])
    assert ratios[0] < 0


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_metrics_equal_scikit_learn(classes):
    rng = np.random.default_rng(classes)
    y, p = rng.integers(classes, size=60), rng.integers(classes, size=60)
    ours = classification_metrics(p, y, classes)
    assert ours["accuracy"] == pytest.approx(accuracy_score(y, p))
    assert ours["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(y, p))
    assert ours["macro_f1"] == pytest.approx(f1_score(y, p, average="macro"))


def test_a_class_that_test_lacks_is_left_out_of_the_averages():
    y, p = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    ours = classification_metrics(p, y, 5)
    assert ours["balanced_accuracy"] == pytest.approx(0.75)
    assert ours["macro_f1"] == pytest.approx(f1_score(y, p, average="macro"))
