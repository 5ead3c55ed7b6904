"""Tasks of all three kinds: what a label may be, the cache, and the probe against plain oracles."""

import json

import numpy as np
import pytest
import torch
import toy
from one_error import strongest_within_one_error
from planning import new_encoder
from scipy import stats
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    average_precision_score,
    mean_absolute_error,
    mean_squared_error,
    roc_auc_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from vmbench.cli import invoke
from vmbench.data.balance import Balance
from vmbench.data.check import check_data
from vmbench.data.dataset import Task
from vmbench.data.examples import prepare
from vmbench.data.labels import judged
from vmbench.errors import UserError
from vmbench.evaluation.kinds import scoring
from vmbench.evaluation.linear_models import fit_ridge
from vmbench.evaluation.metrics import multilabel_metrics, pearson, regression_metrics
from vmbench.evaluation.neighbours import knn_mean
from vmbench.evaluation.probe import fit_probe, linear_probe, penalty_grid
from vmbench.objectives import Batch
from vmbench.objectives.by_kind import label_loss
from vmbench.registry import registry
from vmbench.storage.cache import cache_folder
from vmbench.testing import check_domain
from vmbench.testing.survey import survey

FINDINGS, AMOUNT = toy.ToyFindings.tasks[0], toy.ToyAmount.tasks[0]


@pytest.mark.parametrize(("classes", "kind", "message"), [
    ((), "multiclass", "names no classes"),
    ((), "multilabel", "names no classes"),
    (("a",), "regression", "has no classes"),
    (("a", "b"), "ordinal", "use multiclass, multilabel, regression"),
])  # fmt: skip
def test_a_kind_and_its_classes_must_agree(classes, kind, message):
    with pytest.raises(UserError, match=message):
        Task("t", classes, "a rule", kind=kind)


@pytest.mark.parametrize(("task", "good", "bad"), [
    (toy.ToyVector.tasks[0], [0, np.int64(2), True], [3, -1, 1.0, None, (1, 0, 0), "a"]),
    (FINDINGS, [(0, 1, 1), (0, 0, 0), [1, 1, 1]], [1, (0, 1), (0, 1, 2), (0, 1, 0.5), None]),
    (AMOUNT, [1, -2.5, np.float32(3)], [float("nan"), float("inf"), None, (1.0,), "1"]),
])  # fmt: skip
def test_what_a_label_may_be(task, good, bad):
    assert all(task.accepts(label) for label in good)
    assert not any(task.accepts(label) for label in bad)


@pytest.mark.parametrize("dataset", [toy.ToyFindings, toy.ToyAmount])
def test_labels_come_back_from_the_cache_as_they_were(dataset):
    (task,) = dataset.tasks
    made = [example.labels[task.name] for example in dataset().examples()]
    examples = prepare(dataset().bind())
    labels = examples.labels(task)
    assert labels.dtype == (np.float64 if task.kind == "regression" else np.int64)
    np.testing.assert_array_equal(labels, np.array(made))
    chosen = np.array([5, 0, 299])
    np.testing.assert_array_equal(examples.labels(task, chosen), np.array(made)[chosen])


def test_examples_that_a_task_does_not_use_have_no_label():
    """Two tasks of two kinds, each on its own half."""

    class Halves(toy.ToyFindings):
        name = "halves"
        tasks = (FINDINGS, AMOUNT)

        def examples(self):
            for i, e in enumerate(super().examples()):
                side = e.splits["findings"]
                yield (e if i < 150 else type(e)(e.x, {"amount": float(i)}, {"amount": side}))

    examples = prepare(Halves().bind())
    assert (examples.labels(FINDINGS)[150:] == -1).all()
    assert np.isnan(examples.labels(AMOUNT)[:150]).all()
    used = np.concatenate([examples.split(AMOUNT, s) for s in ("train", "val", "test")])
    np.testing.assert_array_equal(examples.labels(AMOUNT, np.sort(used)), np.arange(150.0, 300))


def test_another_kind_is_another_cache():
    """A task that changes its kind may not read labels that were written for the other."""

    class Counted(toy.ToyAmount):
        name = "changing"

        def examples(self):
            for i, e in enumerate(super().examples()):
                yield type(e)(e.x, {"amount": i // 5 % 2}, e.splits)

    class Classes(Counted):
        tasks = (Task("amount", ("no", "yes"), "a rule"),)

    prepare(Counted().bind())
    prepare(Classes().bind())
    assert len(list(cache_folder().glob("changing-*"))) == 2


def changed(dataset, change):
    (task,) = dataset.tasks

    def examples(self):
        for i, e in enumerate(dataset.examples(self)):
            label = change(i, e.labels[task.name], e.splits[task.name])
            yield type(e)(e.x, {task.name: label}, e.splits)

    return type("Changed", (dataset,), {"examples": examples, "name": "changed"})()


@pytest.mark.parametrize(("dataset", "change", "message"), [
    (toy.ToyFindings, lambda i, y, s: y[:2] if i == 7 else y,
     r"example 7 .* label \(\d, \d\) of task findings is not a tuple of 3 numbers, 0 or 1"),
    (toy.ToyAmount, lambda i, y, s: float("nan") if i == 8 else y,
     "example 8 .* label nan of task amount is not a finite number"),
    (toy.ToyFindings, lambda i, y, s: (0, 1, 0) if s == "test" else y, "no class is there in some"),
    (toy.ToyAmount, lambda i, y, s: 3.0 if s == "val" else y, "every target in val is 3"),
])  # fmt: skip
def test_bad_labels_are_one_clear_line(dataset, change, message):
    with pytest.raises(UserError, match=message):
        prepare(changed(dataset, change).bind())


def problem(kind, seed=0, n=300, d=10, classes=4):
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((d, classes))
    features, labels = {}, {}
    for split, size in (("train", n), ("val", n // 3), ("test", n // 3)):
        x = rng.standard_normal((size, d))
        z = x @ weights + 2 * rng.standard_normal((size, classes))
        features[split] = (x * np.arange(1, d + 1) + 5).astype(np.float32)
        labels[split] = (
            (z > np.linspace(0, 4, classes)).astype(np.int64)
            if kind == "multilabel"
            else 40 * z[:, 0] + 7
        )
    return features, labels


def oracle(kind, features, labels, penalties):
    """Every penalty from a cold start with scikit-learn's own models, in float64."""

    def model(penalty, x, y):
        scaler = StandardScaler().fit(x)
        if kind == "multilabel":
            each = LogisticRegression(C=1 / (penalty * len(x)), max_iter=5000, tol=1e-8)
            fitted = OneVsRestClassifier(each).fit(scaler.transform(x), y)
            return lambda z: fitted.decision_function(scaler.transform(z))
        scale = StandardScaler().fit(y[:, None])
        fitted = Ridge(alpha=penalty * len(x)).fit(
            scaler.transform(x), scale.transform(y[:, None])[:, 0]
        )
        return lambda z: scale.inverse_transform(fitted.predict(scaler.transform(z))[:, None])[:, 0]

    f = {k: v.astype(np.float64) for k, v in features.items()}
    found = [model(penalty, f["train"], labels["train"])(f["val"]) for penalty in penalties]

    def metric(y, predictions):
        if kind == "multilabel":
            return roc_auc_score(y, predictions, average="macro")
        return stats.pearsonr(predictions, y)[0]

    def losses(y, predictions):
        if kind == "multilabel":
            return np.logaddexp(0, np.where(y == 1, -predictions, predictions)).mean(1)
        return (predictions - y) ** 2

    lost = [losses(labels["val"], each) for each in found]
    best = strongest_within_one_error(found, labels["val"], metric, lost)
    value = metric(labels["val"], found[best])
    both = np.concatenate([f["train"], f["val"]])
    y = np.concatenate([labels["train"], labels["val"]])
    return penalties[best], value, model(penalties[best], both, y)(f["test"])


@pytest.mark.parametrize("kind", ["multilabel", "regression"])
@pytest.mark.parametrize("seed", [0, 1])
def test_probe_equals_a_plain_search(kind, seed):
    features, labels = problem(kind, seed)
    report = linear_probe(features, labels, penalties=8, max_iter=100, kind=kind)
    penalty, value, predictions = oracle(kind, features, labels, penalty_grid(8))
    assert report.penalty == penalty
    assert report.val_value == pytest.approx(value, abs=1e-4)
    scale = np.abs(predictions).mean()
    np.testing.assert_allclose(report.predictions, predictions, atol=1e-3 * scale)


def test_the_test_split_has_no_say():
    for kind in ("multilabel", "regression"):
        features, labels = problem(kind)
        options = {"penalties": 8, "max_iter": 200, "kind": kind}
        report = linear_probe(features, labels, **options)
        other = linear_probe(features, {**labels, "test": labels["test"][:1]}, **options)
        assert (report.penalty, report.val_value) == (other.penalty, other.val_value)
        np.testing.assert_array_equal(report.predictions, other.predictions)


def test_ridge_minimises_its_objective_through_either_system():
    """More features than examples, and fewer."""
    rng = np.random.default_rng(0)
    for n, d in ((50, 8), (8, 50)):
        x, y = rng.standard_normal((n, d)).astype(np.float32), rng.standard_normal(n)
        (weights,) = fit_ridge(x, y, 0.3)
        # Of a strictly convex function only the minimum has no gradient.
        error = x.astype(np.float64) @ weights[:-1] + weights[-1] - y
        np.testing.assert_allclose(x.T @ error / n + 0.3 * weights[:-1], 0, atol=1e-10)
        assert error.mean() == pytest.approx(0, abs=1e-10)


def test_a_class_that_train_never_shows_is_ranked_by_nothing():
    """It takes no part in the choice of the penalty, and its scores do not depend on the input."""
    features, labels = problem("multilabel")
    options = {"penalties": 8, "max_iter": 300, "kind": "multilabel", "refit": False}
    without = {k: v[:, :3] for k, v in labels.items()}
    never = {**labels, "train": labels["train"] * np.array([1, 1, 1, 0])}
    first, second = (fit_probe(features, y, **options) for y in (without, never))
    assert first.penalty == second.penalty
    assert first.val_value == pytest.approx(second.val_value, abs=1e-3)
    spread = second.predict(features["test"]).std(0)
    assert spread[3] < 0.02 * spread[:3].min()


def share_in_order(labels, scores):
    """AUROC: of all pairs of a positive and a negative, those in order; equals count half."""
    gap = scores[labels == 1][:, None] - scores[labels == 0]
    return ((gap > 0) + (gap == 0) / 2).mean()


def precision_at_positives(labels, scores):
    """Average precision without ties: the mean, over the positives, of the precision down to it."""
    ordered = labels[np.argsort(-scores)]
    return (ordered.cumsum() / np.arange(1, len(ordered) + 1))[ordered == 1].mean()


def test_multilabel_metrics_equal_their_definitions_on_the_counted_classes():
    rng = np.random.default_rng(0)
    labels = (rng.random((80, 4)) < (0.5, 0.2, 0.05, 0.0)).astype(np.int64)
    scores = 30 * rng.standard_normal((80, 4)) + 40 * labels  # far out: a sigmoid would saturate
    counted = judged({"train": labels, "test": labels})
    assert counted.tolist() == [True, True, True, False]
    alone = multilabel_metrics(scores, labels, np.arange(4) == 1)
    assert alone["auroc"] == alone["micro_auroc"]
    assert alone["auroc"] == pytest.approx(share_in_order(labels[:, 1], scores[:, 1]))
    found = multilabel_metrics(scores, labels, counted)
    y, s = labels[:, :3], scores[:, :3]
    each = [(share_in_order(*pair), precision_at_positives(*pair))
            for pair in zip(y.T, s.T, strict=True)]  # fmt: skip
    assert (found["auroc"], found["mean_average_precision"]) == pytest.approx(np.mean(each, axis=0))
    assert found["micro_auroc"] == pytest.approx(share_in_order(y.ravel(), s.ravel()))
    tied = multilabel_metrics(np.round(scores / 50), labels, counted)
    expected = [share_in_order(*pair) for pair in zip(y.T, np.round(s / 50).T, strict=True)]
    assert tied["auroc"] == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_regression_metrics_equal_scipy_and_their_definitions_in_any_unit(unit):
    rng = np.random.default_rng(0)
    y = unit * np.round(rng.standard_normal(70), 1)  # with ties
    p = 0.5 * y + unit * (0.3 * rng.standard_normal(70) + 10)
    found = regression_metrics(p, y)
    assert found["pearson"] == pytest.approx(stats.pearsonr(p, y)[0])
    assert found["spearman"] == pytest.approx(stats.spearmanr(p, y)[0], abs=1e-6)
    assert found["r2"] == pytest.approx(1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    assert found["mae"] == pytest.approx(mean_absolute_error(y, p))
    assert found["pearson"] == pytest.approx(-pearson(-p, y))


def test_a_prediction_that_never_changes_correlates_with_nothing():
    found = regression_metrics(np.full(5, 2.0), np.arange(5.0))
    assert (found["pearson"], found["spearman"], found["mae"]) == (0, 0, 1.2)


def test_floors_are_those_of_a_prediction_that_ignores_the_input():
    y = {"train": np.array([2, 2, 1, 0]), "test": np.array([0, 0, 1, 2, 2])}
    assert toy.ToyVector.tasks[0].rules.floor(y, None) == {"majority_accuracy": 0.4}
    y = {"train": np.array([1.0, 2.0, 30.0]), "test": np.array([2.0, 4.0])}
    assert AMOUNT.rules.floor(y, None) == {"median_mae": 1.0}
    rng = np.random.default_rng(0)
    labels = (rng.random((4000, 2)) < (0.3, 0.1)).astype(np.int64)
    found = FINDINGS.rules.floor({"train": labels, "test": labels}, np.array([True, True]))
    guess = average_precision_score(labels, rng.random((4000, 2)), average="macro")
    assert found["prevalence"] == pytest.approx(guess, abs=0.02)


@pytest.mark.parametrize("setting", [(1, 0.07), (5, 0.02), (30, 0.2), (200, 0.07)])
def test_knn_mean_equals_a_naive_loop(setting):
    rng = np.random.default_rng(0)
    bank, queries = rng.standard_normal((60, 4)), rng.standard_normal((20, 4))
    several, real = rng.integers(2, size=(60, 3)), rng.standard_normal(60)
    k, temperature = setting
    unit = bank / np.linalg.norm(bank, axis=1, keepdims=True)
    for labels in (several, real):
        (found,) = knn_mean(bank.astype(np.float32), labels, queries.astype(np.float32), [setting])
        for query, mean in zip(queries, found, strict=True):
            similarity = unit @ (query / np.linalg.norm(query))
            nearest = np.argsort(-similarity)[:k]
            weights = np.exp(similarity[nearest] / temperature)
            expected = np.average(labels[nearest], axis=0, weights=weights)
            np.testing.assert_allclose(mean, expected, rtol=1e-3, atol=1e-4)


def test_few_shot_draws_hold_k_with_and_k_without_each_label():
    labels = prepare(toy.ToyFindings().bind()).labels(FINDINGS)
    for suffix, k in (("k1", 1), ("k5", 5), ("k10", 10)):
        chosen = scoring("multilabel").draws()[suffix](labels, seed=3)
        assert len(set(chosen)) == len(chosen) <= 2 * k * labels.shape[1]
        for value in (0, 1):
            assert ((labels[chosen] == value).sum(0) >= k).all()
        assert chosen.tolist() == scoring("multilabel").draws()[suffix](labels, seed=3).tolist()
    for kind in ("multilabel", "regression"):
        assert len(scoring(kind).draws()["1pct"](np.zeros(5000), seed=0)) == 50
        assert len(scoring(kind).draws()["1pct"](np.zeros(200), seed=0)) == 10


def test_label_losses_equal_their_equations():
    torch.manual_seed(0)
    for dataset, shape in ((toy.ToyFindings, (16, 3)), (toy.ToyAmount, (16, 1))):
        examples = prepare(dataset().bind())
        (task,) = dataset.tasks
        labels = examples.labels(task, np.arange(16))
        encoder = new_encoder(dataset.spec)
        objective = label_loss(encoder, labels, task).eval()
        x = examples.batch(np.arange(16))
        with torch.no_grad():
            outputs = objective.outputs(x)
            loss = objective(Batch(x, torch.arange(16)), lambda x, count: count * [x]).item()
        assert outputs.shape == shape
        z = outputs.double().numpy()
        if task.kind == "multilabel":
            p = 1 / (1 + np.exp(-z))
            expected = -np.where(labels == 1, np.log(p), np.log(1 - p)).mean()
        else:
            predicted = objective.predict(outputs).numpy()
            expected = mean_squared_error(labels, predicted) / labels.var()
        assert loss == pytest.approx(expected, rel=1e-4)


def test_a_class_without_both_values_is_named_and_left_out():
    sides = {split: np.tile([[0, 1], [1, 0]], (3, 1)) for split in ("train", "val", "test")}
    task = Task("t", ("mass", "edema"), "a rule", kind="multilabel")
    assert len(list(task.rules.remarks(sides))) == 1
    sides["test"] = sides["test"] * np.array([1, 0])
    sides["val"] = np.maximum(sides["val"], [[1, 0]])
    told = list(task.rules.remarks(sides))[1]
    assert "mass (always in val)" in told
    assert "edema (never in test; left out of every average)" in told


def test_balance_is_stated_and_warned_of():
    task = Task("t", ("cat", "dog"), "a rule")
    even = {split: np.array([0, 1]) for split in ("train", "val", "test")}
    assert not any("warning" in line for line in task.rules.remarks(even))
    uneven = {**even, "train": np.array([0, 0, 0, 0, 0, 1])}
    counts, majority, warning = task.rules.remarks(uneven)
    assert counts.startswith("train 6: cat 5, dog 1; val 2: cat 1, dog 1")
    assert "majority cat 83.3%, imbalance ratio 5.0" in majority
    assert "warning: unequal classes (ratio above 2): look at balanced_accuracy" in warning
    assert Balance.of({"a": 2, "b": 0}).ratio == float("inf")


def test_the_check_counts_every_kind():
    findings, amount = (check_data(d().bind()).tasks[0] for d in (toy.ToyFindings, toy.ToyAmount))
    examples = prepare(toy.ToyFindings().bind())
    for split in ("train", "val", "test"):
        labels = examples.labels(FINDINGS, examples.split(FINDINGS, split))
        assert findings.examples[split] == len(labels)
        assert [n[split] for n in findings.classes.values()] == labels.sum(0).tolist()
    labels = prepare(toy.ToyAmount().bind()).labels(AMOUNT)
    assert min(low for low, _, _ in amount.targets.values()) == labels.min()
    assert not findings.problems + amount.problems
    never = changed(toy.ToyFindings, lambda i, y, s: (0, 0, 0) if s == "test" else y)
    assert "no class is there" in check_data(never.bind()).tasks[0].problems[0]
    same = changed(toy.ToyAmount, lambda i, y, s: 2.0 if s == "train" else y)
    assert check_data(same.bind()).tasks[0].problems == [
        "every target in train is 2; nothing can be predicted"
    ]


def test_the_contract_serves_every_kind_and_sees_bad_labels():
    kinds = {d.name: d for d in (toy.ToyFindings, toy.ToyAmount)}
    domain = type("Kinds", (toy.Toy,), {"datasets": kinds, "default": "toy-amount"})
    report = check_domain(domain)
    assert not [o for o in report.outcomes if o.status not in ("passed",)], report
    short = changed(toy.ToyFindings, lambda i, y, s: y[:2] if i == 4 else y)
    assert "is not a tuple of 3" in survey(short.bind()).problems["labels"]


def test_a_task_that_is_no_default_is_evaluated_where_it_is_named():
    from planning import make_plan

    def tasks(*transfer):
        plan = make_plan("tabular", "raw-features", "simclr", "smoke", 0, None, transfer, {})
        return [task.name for _, task in plan.tasks]

    assert tasks() == tasks("diamonds") == ["cut", "color", "clarity"]
    assert tasks("diamonds/price") == ["price"]


def test_info_counts_what_the_cache_holds(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("VMBENCH_CACHE", str(tmp_path))
    assert invoke(["info", "diamonds"]) == 0
    assert "counted by the first run" in capsys.readouterr().out
    domain = registry("domain").get("tabular")
    examples = prepare(domain.dataset("diamonds").bind())
    assert invoke(["info", "diamonds", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert "--transfer names diamonds/price" in facts["tasks"][-1]
    told = facts["labels"]
    cut = examples.dataset.task("cut")
    train = examples.split_labels(cut)["train"]
    counts = np.bincount(train)
    assert told[0].startswith(f"cut: train {len(train)}: Fair {counts[0]}, Good {counts[1]}")
    assert any(f"imbalance ratio {counts.max() / counts.min():.1f}" in line for line in told)
    assert any(line.startswith("price: train") and "326 to 18823" in line for line in told)


@pytest.mark.parametrize("evaluation", ["linear", "knn", "finetune", "fewshot", "robustness"])
@pytest.mark.parametrize(("pretrain", "metric"), [
    ("toy-findings", "auroc"), ("toy-amount", "pearson"),
])  # fmt: skip
def test_every_evaluation_serves_every_kind(evaluation, pretrain, metric, tmp_path, capsys):
    arguments = ["run", "--domain", "toy", "--preset", "smoke", "--pretrain", pretrain]
    arguments += ["--method", "random-init", "--eval", evaluation, "--out", str(tmp_path)]
    arguments += ["--set", "batch_size=32", "--set", "probe_max_iter=30", "--json"]
    assert invoke(arguments) == 0
    written = capsys.readouterr()
    (task,) = json.loads(written.out)["tasks"]
    headlines = {
        "fewshot": f"{metric}_1pct" if metric == "pearson" else f"{metric}_k10",
        "robustness": f"mean_corruption_{metric}",
    }
    assert task["metric"] == headlines.get(evaluation, metric)
    assert task["value"] == task["metrics"][task["metric"]]
    assert task["n_classes"] == (3 if metric == "auroc" else 0)
    guess = 0.5 if metric == "auroc" else 0.0
    if evaluation != "finetune":  # ten steps teach little
        assert task["value"] > guess + 0.1
    assert task["floors"].keys() == {"prevalence" if metric == "auroc" else "median_mae"}
    units = task["units"]
    assert sum(units["totals"]) / sum(units["sizes"]) == pytest.approx(task["value"], abs=1e-6)
    assert len(set(units["totals"])) > 2
    kind = "3 labels" if metric == "auroc" else "regression"
    told = f"{pretrain}/{pretrain.removeprefix('toy-')}: {kind}; 180 train, 60 val, 60 test"
    assert told in written.err


@pytest.mark.parametrize("pretrain", ["toy-findings", "toy-amount"])
@pytest.mark.parametrize("method", ["supervised", "raw-features", "viewmaker"])
def test_yardsticks_and_learned_views_serve_every_kind(method, pretrain, tmp_path):
    import vmbench

    settings = {"batch_size": 32, "epochs": 10 if method == "supervised" else 1}
    options = {"preset": "smoke", "pretrain": pretrain, "settings": settings}
    first, second = (vmbench.run("toy", method, out=tmp_path / n, **options) for n in "ab")
    assert first.values() == second.values()
    (task,) = first.tasks
    assert task.value > (0.7 if pretrain == "toy-findings" else 0.5)
