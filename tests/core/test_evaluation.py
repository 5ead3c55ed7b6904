"""Each evaluation against a plain oracle, and on every spec of the toy domain."""

import json
import math

import numpy as np
import pytest
import torch
import toy
from planning import make_plan
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import vmbench
from vmbench.data.examples import Examples, prepare
from vmbench.errors import UserError
from vmbench.evaluation.corruptions import corruptions
from vmbench.evaluation.draws import SHOTS, draw
from vmbench.evaluation.fewshot import DRAWS
from vmbench.evaluation.finetune import LEARNING_RATES
from vmbench.evaluation.neighbours import knn_predict
from vmbench.evaluation.probe import PenaltySearch, fit_probe, linear_probe
from vmbench.registry import registry
from vmbench.results import read_result
from vmbench.training.trainer import Trainer

EVALUATIONS = ["linear", "knn", "finetune", "fewshot", "robustness"]
CHOSEN = {
    "linear": {"penalty"},
    "knn": {"k", "temperature"},
    "finetune": {"lr"},
    "fewshot": set(),
    "robustness": {"penalty"},
}
DATASETS = {"toy-grid": toy.ToyGrid, "toy-sequence": toy.ToySequence, "toy-vector": toy.ToyVector}


def run(out, method="random-init", **options):
    options = {"preset": "smoke", "pretrain": "toy-vector", "transfer": ["toy-vector"], **options}
    settings = {"batch_size": 32, **options.pop("settings", {})}
    options.setdefault("transfer", [options["pretrain"]])
    return vmbench.run("toy", method, out=out, settings=settings, **options)


def naive_knn(bank, labels, queries, k, temperature):
    predictions = []
    for query in queries:
        similarity = [
            float(query @ other) / math.sqrt(float(query @ query) * float(other @ other))
            for other in bank
        ]
        votes = {}
        for index in sorted(range(len(bank)), key=lambda i: -similarity[i])[:k]:
            weight = math.exp(similarity[index] / temperature)
            votes[labels[index]] = votes.get(labels[index], 0.0) + weight
        predictions.append(max(votes, key=votes.get))
    return predictions


@pytest.mark.parametrize("setting", [(1, 0.07), (5, 0.02), (5, 10.0), (30, 0.2), (200, 0.07)])
def test_knn_equals_a_naive_loop(setting):
    rng = np.random.default_rng(0)
    bank = rng.standard_normal((60, 4)) * rng.uniform(0.1, 10, (60, 1))
    labels = rng.integers(3, size=60)
    queries = rng.standard_normal((40, 4))
    (found,) = knn_predict(bank.astype(np.float32), labels, queries.astype(np.float32), [setting])
    assert found.tolist() == naive_knn(bank, labels, queries, *setting)


def test_knn_survives_features_that_are_all_zero():
    zeros = np.zeros((4, 3), np.float32)
    (found,) = knn_predict(zeros, np.array([1, 1, 0, 1]), zeros[:2], [(4, 1e-3)])
    assert found.tolist() == [1, 1]


def test_draws_are_balanced_nested_and_repeat():
    labels = np.random.default_rng(0).choice(3, size=300, p=[0.6, 0.38, 0.02])
    rare = (labels == 2).sum()
    assert 1 < rare < 10
    for seed in range(DRAWS):
        subsets = [draw(labels, lambda _, k=k: k, seed) for k in SHOTS]
        for k, chosen in zip(SHOTS, subsets, strict=True):
            assert np.bincount(labels[chosen]).tolist() == [k, k, min(k, rare)]
            assert len(set(chosen)) == len(chosen)
        assert set(subsets[0]) < set(subsets[1]) < set(subsets[2])
        assert draw(labels, lambda _: 10, seed).tolist() == subsets[2].tolist()
    assert draw(labels, lambda _: 10, 0).tolist() != draw(labels, lambda _: 10, 1).tolist()


def test_a_probe_that_is_not_refit_has_seen_train_alone():
    rng = np.random.default_rng(0)
    labels = {split: np.arange(n) % 3 for split, n in {"train": 30, "val": 60, "test": 90}.items()}
    x = {s: (np.eye(3)[y] + rng.standard_normal((len(y), 3))).astype(np.float32)
         for s, y in labels.items()}  # fmt: skip
    probe = fit_probe(x, labels, penalties=10, max_iter=100, refit=False)
    scaler = StandardScaler().fit(x["train"])
    oracle = LogisticRegression(C=1 / (probe.penalty * 30), max_iter=5000, tol=1e-8)
    oracle.fit(scaler.transform(x["train"]), labels["train"])
    assert (probe.predict(x["test"]) == oracle.predict(scaler.transform(x["test"]))).mean() > 0.98
    refit = linear_probe(x, labels, penalties=10, max_iter=100)
    assert refit.penalty == probe.penalty
    assert (refit.predictions != probe.predict(x["test"])).any()


@pytest.fixture
def read(monkeypatch):
    """Positions of the examples in each batch that is read, in order."""
    batches = []
    original = Examples.batch

    def batch(self, indices):
        batches.append(set(np.asarray(indices).tolist()))
        return original(self, indices)

    monkeypatch.setattr(Examples, "batch", batch)
    return batches


@pytest.mark.parametrize("evaluation", EVALUATIONS)
def test_no_batch_mixes_splits_and_test_is_read_once(evaluation, tmp_path, read):
    """No batch mixes splits, and fewshot encodes no training example that no draw takes."""
    run(tmp_path, evaluation=evaluation)
    examples = prepare(toy.ToyVector().bind())
    task = toy.ToyVector.tasks[0]
    splits = {s: set(examples.split(task, s).tolist()) for s in ("train", "val", "test")}
    for batch in read:
        assert sum(bool(batch & members) for members in splits.values()) == 1
    for split, members in splits.items():
        seen = set().union(*(batch & members for batch in read))
        few = evaluation == "fewshot" and split != "test"
        if evaluation != "finetune" or split != "train":  # its loop drops an epoch's last batch
            assert (len(seen) < len(members)) == few
    passes = sum(batch <= splits["test"] for batch in read)
    spec = toy.ToyVector.spec
    assert passes == (1 + 5 * len(corruptions(spec)) if evaluation == "robustness" else 1)


@pytest.mark.parametrize("evaluation", EVALUATIONS)
@pytest.mark.parametrize("pretrain", list(DATASETS))
def test_every_evaluation_on_every_spec_twice_the_same(evaluation, pretrain, tmp_path):
    options = {"pretrain": pretrain, "transfer": [pretrain], "evaluation": evaluation}
    first, second = (run(tmp_path / name, **options) for name in "ab")
    assert first.values() == second.values()
    folder = tmp_path / "a" / first.run_id
    assert read_result(folder / "result.json") == first
    assert json.loads((folder / "config.json").read_text())["eval"] == evaluation
    (task,) = first.tasks
    assert task.probe.kind == evaluation
    assert task.value == task.metrics[task.metric]
    if evaluation != "finetune":  # ten steps teach nothing; see below
        assert task.value > 0.4  # three classes
    assert (task.probe.penalty is None) == (evaluation in ("knn", "finetune", "fewshot"))
    assert task.probe.chosen.keys() == CHOSEN[evaluation]
    assert task.probe.chosen.get("penalty") == task.probe.penalty
    assert task.floors.keys() == {"majority_accuracy"}
    assert (task.units.unit, task.units.count, sum(task.units.sizes)) == ("example", 60, 60)
    assert task.units.mean == pytest.approx(task.value, abs=1e-6)
    assert (task.probe.gradient_norm is None) == (evaluation in ("knn", "finetune"))
    if evaluation in ("linear", "knn", "finetune"):
        assert set(task.units.totals) == {0, 1}
    if evaluation == "fewshot":
        assert (task.n_train, task.n_val) == (30, 30)
        assert task.metrics["accuracy_k1"] < task.metrics["accuracy_k10"]
    if evaluation == "robustness":
        names = [c.name for c in corruptions(DATASETS[pretrain].spec)]
        means = [task.metrics[f"accuracy_{name}"] for name in names]
        assert task.value == pytest.approx(np.mean(means))
        assert task.value < task.metrics["accuracy"]


def test_every_draw_is_its_own_and_val_is_as_small_as_train(tmp_path, monkeypatch):
    fitted = []

    fit = PenaltySearch.fit

    def spy(self, features, found, *, refit=True):
        fitted.append((features, self.labels, refit))
        return fit(self, features, found, refit=refit)

    monkeypatch.setattr(PenaltySearch, "fit", spy)
    run(tmp_path, evaluation="fewshot")
    assert len(fitted) == DRAWS * (len(SHOTS) + 1)
    for index, k in enumerate(SHOTS):
        draws = fitted[index * DRAWS : (index + 1) * DRAWS]
        for _, labels, refit in draws:
            assert {s: np.bincount(y).tolist() for s, y in labels.items()} == {
                "train": [k] * 3,
                "val": [k] * 3,
            }
            assert not refit
        assert len({features["train"].tobytes() for features, _, _ in draws}) == DRAWS


def test_robustness_has_the_clean_metrics_of_the_linear_probe(tmp_path):
    linear, robust = (run(tmp_path, evaluation=e).tasks[0] for e in ("linear", "robustness"))
    assert linear.metrics.items() <= robust.metrics.items()
    assert linear.probe.penalty == robust.probe.penalty


def test_every_rate_starts_from_the_pretrained_encoder_with_the_same_budget(tmp_path, monkeypatch):
    starts = []
    original = Trainer.train

    def train(self, *arguments, name="", **options):
        if name.startswith("finetune"):
            starts.append({k: v.clone() for k, v in arguments[-1].state_dict().items()})
        return original(self, *arguments, name=name, **options)

    monkeypatch.setattr(Trainer, "train", train)
    result = run(tmp_path, "viewmaker", evaluation="finetune", settings={"finetune_epochs": 3})
    folder = tmp_path / result.run_id
    pretrained = load_file(folder / "checkpoints" / "pretrain.encoder.safetensors")
    assert len(starts) == len(LEARNING_RATES)
    for start in starts:
        assert start.keys() == pretrained.keys()
        assert all(torch.equal(start[name], pretrained[name]) for name in start)
    saved = sorted((folder / "checkpoints").glob("finetune-*.encoder.safetensors"))
    for path in saved:  # and the whole encoder is trained
        tuned = load_file(path)
        assert all((tuned[k] != v).any() for k, v in pretrained.items() if k.endswith("weight"))
    logs = sorted(folder.glob("metrics-finetune-*.jsonl"))
    assert len(logs) == len(saved) == len(LEARNING_RATES)
    steps = {json.loads(log.read_text().splitlines()[-1])["step"] for log in logs}
    assert steps == {3 * (180 // 32)}
    assert result.tasks[0].probe.chosen["lr"] in LEARNING_RATES


def test_what_pretraining_was_tuned_with_does_not_reach_finetuning(tmp_path, monkeypatch):
    """Two runs whose pretraining settings differ train the same way, step by step."""
    trained = []
    original = Trainer.train

    def train(self, *arguments, **options):
        fit = original(self, *arguments, **options)
        trained.append((self.config.model_dump(), fit.steps, fit.final_loss))
        return fit

    monkeypatch.setattr(Trainer, "train", train)
    tuned = {"lr": 0.02, "batch_size": 16, "weight_decay": 0.1, "epochs": 5, "optimizer": "sgd",
             "lr_schedule": "constant", "momentum": 0.5, "schedule": "alternating"}  # fmt: skip
    run(tmp_path, evaluation="finetune")
    run(tmp_path, evaluation="finetune", settings=tuned)
    first, second = trained[: len(LEARNING_RATES)], trained[len(LEARNING_RATES) :]
    assert [steps for _, steps, _ in first] == [2 * (180 // 32)] * len(LEARNING_RATES)
    assert [fit[1:] for fit in first] == [fit[1:] for fit in second]
    assert len({loss for _, _, loss in first}) == len(LEARNING_RATES)
    differ = {k for k, v in first[0][0].items() if second[0][0][k] != v}
    assert differ == {"momentum"}  # which AdamW does not read


def test_a_batch_that_the_task_cannot_fill_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"180 training examples.*--set finetune.batch_size=N"):
        run(tmp_path, evaluation="finetune", settings={"finetune_batch_size": 181})


def test_finetuning_beats_the_frozen_random_features_it_starts_from(tmp_path):
    options = {"pretrain": "toy-sequence", "transfer": ["toy-sequence"]}
    frozen = run(tmp_path, evaluation="knn", **options)
    tuned = run(tmp_path, evaluation="finetune", settings={"finetune_epochs": 20}, **options)
    assert tuned.tasks[0].value > frozen.tasks[0].value


def test_an_interrupted_finetuning_goes_on_to_the_same_result(tmp_path, monkeypatch):
    import os
    import signal

    from vmbench.objectives.cross_entropy import CrossEntropy

    whole = run(tmp_path / "whole", evaluation="finetune")
    calls = iter(range(1000))
    original = CrossEntropy.forward

    def forward(self, batch, make_views):
        if next(calls) == 13:  # in the second of four trainings of ten steps
            os.kill(os.getpid(), signal.SIGINT)
        return original(self, batch, make_views)

    monkeypatch.setattr(CrossEntropy, "forward", forward)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "halves", evaluation="finetune")
    assert next(calls) == 14
    assert run(tmp_path / "halves", evaluation="finetune").values() == whole.values()


def plan(method="random-init", **options):
    return make_plan("toy", method, "simclr", "smoke", 0, None, [], {}, **options)


def test_the_evaluation_is_part_of_the_hash_and_of_the_name():
    plans = [plan(evaluation=e) for e in EVALUATIONS]
    assert len({p.hash for p in plans}) == len({p.run_id for p in plans}) == len(EVALUATIONS)
    assert plan().document == plans[0].document
    assert "-knn-" in plans[1].run_id


def test_an_encoder_is_needed_for_finetuning():
    with pytest.raises(UserError, match="'raw-features' has no encoder that --eval finetune"):
        plan("raw-features", evaluation="finetune")
    assert plan("raw-features", evaluation="robustness")


def test_every_registered_evaluation_says_its_own_name():
    assert [entry.name for entry in registry("evaluation")] == sorted(EVALUATIONS)
    for name in EVALUATIONS:
        evaluation = registry("evaluation").get(name)
        assert evaluation.name == name
        assert registry("evaluation").entry(name).facts.get("paper", "") == evaluation.paper
