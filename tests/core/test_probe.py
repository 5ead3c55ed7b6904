"""The probe and the metrics against scikit-learn used directly."""

import numpy as np
import pytest
from one_error import strongest_within_one_error
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.preprocessing import StandardScaler

from vmbench.evaluation import probe as probe_module
from vmbench.evaluation.linear_models import Judgement
from vmbench.evaluation.metrics import classification_metrics
from vmbench.evaluation.newton import Newton
from vmbench.evaluation.probe import choose, is_past, linear_probe, penalty_grid


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
    predictions, losses = [], []
    for penalty in penalties:
        log_p = model(penalty, f["train"], labels["train"])(f["val"])
        predictions.append(log_p.argmax(1))
        losses.append(-log_p[np.arange(len(log_p)), labels["val"]])
    best = strongest_within_one_error(predictions, labels["val"], accuracy_score, losses)
    both = np.concatenate([f["train"], f["val"]])
    y = np.concatenate([labels["train"], labels["val"]])
    value = accuracy_score(labels["val"], predictions[best])
    return penalties[best], value, model(penalties[best], both, y)(f["test"]).argmax(1)


@pytest.mark.parametrize("seed", range(5))
def test_probe_equals_a_plain_search(seed):
    features, labels = problem(seed)
    report = linear_probe(features, labels, penalties=10, max_iter=100)
    penalty, score, predictions = oracle(features, labels, penalty_grid(10))
    assert report.penalty == penalty
    assert report.val_value == pytest.approx(score)
    assert (report.predictions == predictions).all()
    assert report.converged


def judged(*correct, losses=None):
    """What val says of the penalties, strongest first, by which examples each gets right."""
    rows = [np.array([c == "1" for c in row], float) for row in correct]
    means = losses or [1.0] * len(rows)
    # Mean losses that no standard error tells apart: each row has its own spread around its mean.
    spread = [9 * np.roll(np.linspace(-1, 1, len(row)), place) for place, row in enumerate(rows)]
    each = [mean + around for mean, around in zip(means, spread, strict=True)]
    return [Judgement(row.mean(), row, loss) for row, loss in zip(rows, each, strict=True)]


def test_the_strongest_within_one_standard_error_is_chosen():
    alike = judged("1110", "1101", "1011")
    assert choose(alike) == 0  # equals: rounding that flips an example changes nothing
    # Five more right and none wrong of ten: 0.5 > 0.167; two more: 0.2 > 0.133; one: 0.1 = 0.1.
    assert choose(judged("1" * 5 + "0" * 5, "1" * 8 + "0" * 2, "1" * 9 + "0", "1" * 10)) == 2
    # The same distance, but not the same examples: the difference is less certain.
    assert choose(judged("0111111011", "1111111110", "1111111111")) == 1
    assert choose(judged("0001111111", "1111111000")) == 0


def test_the_best_of_equals_has_the_lowest_loss():
    """Its pairs are what the error is taken of."""
    rows = "1111110000", "1111111100", "0011111111"
    assert choose(judged(*rows, losses=[1.0, 0.5, 2.0])) == 1  # 2 > sqrt(2) examples
    assert choose(judged(*rows, losses=[1.0, 2.0, 0.5])) == 0  # 2 < sqrt(6)
    one = judged("1", "0")
    assert choose(one) == 0
    assert choose(judged("0", "1")) == 1


def test_margins_that_are_too_small_are_told_by_the_loss():
    """All get val right; the strongest of them would leave test to the class frequencies."""
    right = np.ones(20)
    losses = [np.full(20, mean) + 0.01 * np.cos(np.arange(20)) for mean in (0.65, 0.011, 0.01)]
    found = [Judgement(1.0, right, loss + 0.01 * np.sin(np.arange(20) * n))
             for n, loss in enumerate(losses)]  # fmt: skip
    assert choose(found) == 1


def test_a_fit_that_stops_early_says_so():
    features, labels = problem()
    report = linear_probe(features, labels, penalties=10, max_iter=1)
    assert report.converged is False
    assert report.gradient_norm > 0


def test_a_class_that_train_lacks_is_learned_from_val():
    """``max_examples`` may leave a class out of train: the refit starts without it."""
    features, labels = problem()
    there = labels["train"] != 1
    features["train"], labels["train"] = features["train"][there], labels["train"][there]
    report = linear_probe(features, labels, penalties=10, max_iter=100)
    assert report.converged
    both, y = (np.concatenate([each["train"], each["val"]]) for each in (features, labels))
    scaler = StandardScaler().fit(both)
    oracle = LogisticRegression(C=1 / (report.penalty * len(y)), max_iter=5000, tol=1e-8)
    oracle.fit(scaler.transform(both), y)
    assert (report.predictions == oracle.predict(scaler.transform(features["test"]))).all()


def test_the_test_split_has_no_say():
    """Whatever test holds, the penalty and the val score stay, and predictions are row by row."""
    features, labels = problem()
    report = linear_probe(features, labels, penalties=10, max_iter=100)
    other = {**features, "test": np.concatenate([features["test"], 1e3 * features["test"]])}
    changed = linear_probe(
        other, {**labels, "test": np.zeros(160, int)}, penalties=10, max_iter=100
    )
    assert (changed.penalty, changed.val_value) == (report.penalty, report.val_value)
    assert (changed.predictions[:80] == report.predictions).all()


def test_constant_features_do_no_harm():
    features, labels = problem()
    wide = {k: np.hstack([v, np.full((len(v), 2), 7.0, np.float32)]) for k, v in features.items()}
    plain = linear_probe(features, labels, penalties=10, max_iter=100)
    padded = linear_probe(wide, labels, penalties=10, max_iter=100)
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


def test_the_search_ends_after_two_that_are_worse_in_value_and_in_loss():
    best, level, worse = "1" * 10, "1" * 9 + "0", "1" * 4 + "0" * 6
    low, high = [1.0], [30.0]
    assert is_past(judged(worse, best, worse, worse, losses=high + low + 2 * high))
    # One is not enough, nor are two of which one is level in value, or both in loss.
    assert not is_past(judged(worse, best, worse, losses=high + low + high))
    assert not is_past(judged(worse, best, level, worse, losses=high + low + 2 * high))
    assert not is_past(judged(worse, best, worse, level, losses=high + low + 2 * high))
    assert not is_past(judged(worse, best, worse, worse, losses=high + 3 * low))
    # A plateau, a path that still rises, and one that has hardly begun.
    assert not is_past(judged(best, best, best, best, losses=low + 3 * high))
    assert not is_past(judged(worse, worse, level, best, losses=2 * high + 2 * low))
    assert not is_past(judged(best, worse, losses=low + high))


@pytest.mark.parametrize("noise", [0.5, 2.0, 6.0])
@pytest.mark.parametrize("shape", [(60, 30, 4), (240, 60, 4), (400, 12, 20)])
def test_a_search_that_ends_early_chooses_as_the_whole_path(noise, shape, monkeypatch):
    n, d, classes = shape
    features, labels = problem(3, n, d, classes, noise)
    solved = []
    solve = Newton.solve

    def counted(self, penalty, *args):
        solved.append(penalty)
        return solve(self, penalty, *args)

    monkeypatch.setattr(Newton, "solve", counted)
    early = linear_probe(features, labels, penalties=12, max_iter=100)
    short = len(solved)
    monkeypatch.setattr(probe_module, "is_past", lambda _: False)
    whole = linear_probe(features, labels, penalties=12, max_iter=100)
    assert early.penalty == whole.penalty
    assert early.val_value == whole.val_value
    assert (early.predictions == whole.predictions).all()
    assert short <= len(solved) - short
    if noise > 2 and classes == 4:  # where weak penalties harm, the walk is shorter
        assert short < len(solved) - short
