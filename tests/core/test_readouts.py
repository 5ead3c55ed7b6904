"""Readouts: what encoders offer, what val chooses from, and what the result says of it."""

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import toy

import vmbench
from vmbench.config import Config
from vmbench.data.examples import Examples, prepare
from vmbench.data.specs import ALL_KINDS, Grid, Sequence, Vector
from vmbench.errors import UserError
from vmbench.evaluation.base import Problem
from vmbench.evaluation.feature_store import FeatureStore
from vmbench.evaluation.linear import LinearEvaluation
from vmbench.networks import Architecture, build_encoder
from vmbench.networks.convolution import pool_to
from vmbench.networks.readout import Readout, Source, candidates, parse_readout, resolve
from vmbench.registry import registry
from vmbench.results import read_result
from vmbench.views.method import Representation

SPECS = {"grid": Grid(2, 13, 9), "sequence": Sequence(3, 1100), "vector": Vector(6)}
ENCODERS = [
    (entry.name, spec)
    for entry in registry("encoder")
    for spec in SPECS.values()
    if spec.kind in entry.facts.get("specs", ALL_KINDS)
]


@pytest.mark.parametrize(("name", "spec"), ENCODERS, ids=lambda each: str(each))
def test_every_encoder_offers_stages_and_the_last_are_its_maps(name, spec):
    encoder = build_encoder(spec, Architecture(name)).eval()
    x = torch.randn(2, *spec.shape)
    with torch.inference_mode():
        stages = list(encoder.named_maps(x))
        assert len({stage for stage, _ in stages}) == len(stages) >= 2
        assert torch.equal(stages[-1][1], encoder.maps(x))


def test_a_subclass_that_replaces_the_trunk_offers_its_last_maps_alone():
    """The stages of its base are no part of what it computes."""
    base = type(build_encoder(SPECS["grid"], Architecture("resnet18")))

    class Doubled(base):
        def trunk(self, embedded):
            return 2 * super().trunk(embedded)

    encoder = Doubled(SPECS["grid"], width=4).eval()
    x = torch.randn(2, *SPECS["grid"].shape)
    with torch.inference_mode():
        ((name, maps),) = encoder.named_maps(x)
        assert name == "last"
        assert torch.equal(maps, encoder.maps(x))


def test_candidates_leave_out_bins_that_make_no_difference():
    found = [str(each) for each in candidates({"input": (16, 5), "a": (3, 3), "b": (1, 1)})]
    assert found == ["input@4", "input@8", "input@16", "a@1", "a@2", "a@4", "b@1"]
    assert [str(each) for each in candidates({"input": (), "h": ()})] == ["input", "h"]


@pytest.mark.parametrize("text", ["", "layer3@0", "layer3@", "@4", "a+a", "a b"])
def test_what_is_no_readout(text):
    with pytest.raises(UserError, match="readout="):
        parse_readout(text)


def test_a_stage_that_is_not_there_is_named_before_anything_is_trained(tmp_path):
    with pytest.raises(UserError, match="layer3") as raised:
        run(tmp_path, "viewmaker", "layre3@2", pretrain="toy-grid", transfer=["toy-grid"])
    assert "did you mean" in str(raised.value)
    assert not list(tmp_path.rglob("*.safetensors"))
    with pytest.raises(UserError, match="no axes"):
        resolve(parse_readout("last@2"), {"input": (), "block1": ()}, 2)


def test_the_store_gives_back_what_it_was_given_and_leaves_nothing(tmp_path):
    one, two = Source("one", 2), Source("two")
    batches = [(torch.randn(n, 3), torch.randn(n, 2)) for n in (4, 1)]
    store = FeatureStore(tmp_path, [one, two])
    for batch in batches:
        store.add(batch)
    whole = [torch.cat(each).numpy() for each in zip(*batches, strict=True)]
    np.testing.assert_array_equal(store.read(Readout((two,))), whole[1])
    np.testing.assert_array_equal(store.read(Readout((two, one))), np.hstack(whole[::-1]))
    joined = store.read(Readout((one, two)), lambda x: x / x.shape[1])
    np.testing.assert_allclose(joined, np.hstack([whole[0] / 3, whole[1] / 2]))
    store.close()
    assert list(tmp_path.iterdir()) == []


class Parts:
    """600 rows of four numbers; the class is told by the sign of the first, the size of the last.

    A linear model of the input sees the one, of the stage ``size`` the other, of ``noise`` neither.
    """

    class Rows(toy.ToyVector):
        spec = Vector(4)
        normalize = "none"
        count = 600
        told = ("sign", "size")

        def examples(self):
            rng = np.random.default_rng(5)
            for example in super().examples():
                x = rng.standard_normal(4).astype(np.float32)
                sign = int(x[0] > 0) if "sign" in self.told else 0
                size = int(abs(x[3]) > 0.7) if "size" in self.told else 0
                yield type(example)(x, {"kind": min(sign + 2 * size, 2)}, example.splits)

    @staticmethod
    def stages(x, visit):
        visit("input", x)
        visit("size", x[:, 3:].abs())
        visit("noise", torch.sin(1000 * x))


@pytest.mark.parametrize(
    ("told", "chosen"),
    [(("size",), "size"), (("sign",), "input"), (("sign", "size"), "input+size")],
)
def test_val_finds_the_readout_that_tells_the_classes(told, chosen, tmp_path):
    examples = prepare(
        type("Told", (Parts.Rows,), {"name": "toy-" + "-".join(told), "told": told})().bind()
    )
    problem = Problem.of(
        SimpleNamespace(config=Config(readout="auto")),
        examples,
        toy.ToyVector.tasks[0],
        Representation(lambda x: x, Parts.stages, 0),
        tmp_path,
    )
    score = LinearEvaluation().score(problem)
    assert score.chosen["readout"] == chosen
    assert score.chosen["joined"] == int("+" in chosen)
    assert set(score.tried) == {"input", "size", "noise"}
    roles = {each.role: each for each in score.readouts}
    assert list(roles) == ["input", "stage", "joined"]
    widths = {role: each.features for role, each in roles.items()}
    assert widths["input"] == 4
    assert widths["joined"] == 4 + widths["stage"]
    # Test values of the three: the headline is that of the chosen, and the best by far.
    values = {role: score.metrics[f"accuracy_{role}"] for role in roles}
    head = {"size": "stage", "input": "input"}.get(chosen, "joined")
    assert score.metrics["accuracy"] == values[head] > 0.9
    beaten = {"stage": ["input"], "input": ["stage"], "joined": ["input", "stage"]}[head]
    assert all(values[head] > values[each] + 0.1 for each in beaten)


def run(out, method="random-init", readout="auto", evaluation="linear", **options):
    options = {"pretrain": "toy-grid", **options}
    options.setdefault("transfer", [options["pretrain"]])
    settings = {"batch_size": 32, "readout": readout}
    return vmbench.run(
        "toy", method, preset="smoke", out=out, settings=settings, evaluation=evaluation, **options
    )


def test_each_example_is_encoded_once_and_test_last(tmp_path, monkeypatch):
    order = []
    original = Examples.batch

    def batch(self, indices):
        order.extend(np.asarray(indices).tolist())
        return original(self, indices)

    monkeypatch.setattr(Examples, "batch", batch)
    run(tmp_path)
    examples = prepare(toy.ToyGrid().bind())
    test = set(examples.split(toy.ToyGrid.tasks[0], "test").tolist())
    assert set(Counter(order).values()) == {1}
    assert set(order[-len(test) :]) == test


def test_every_method_has_the_same_candidates_and_the_result_says_what_was_chosen(tmp_path):
    results = [run(tmp_path, method) for method in ("random-init", "supervised", "raw-features")]
    probes = [result.tasks[0].probe for result in results]
    assert list(probes[0].tried) == list(probes[1].tried)
    assert {each for each in probes[0].tried if each.startswith("input")} == set(probes[2].tried)
    for result, probe in zip(results, probes, strict=True):
        head = next(r for r in probe.readouts if r.readout == probe.chosen["readout"])
        value = result.tasks[0].metrics[f"accuracy_{head.role}"]
        assert result.tasks[0].value == value
        assert probe.val_value == head.val_value
        file = tmp_path / result.run_id / "result.json"
        assert read_result(file) == result
    assert [r.role for r in probes[2].readouts] == ["input"]


def test_what_stands_beside_is_what_asking_for_it_gives(tmp_path):
    """Each finalist's value on test, from a run that is asked for it by name."""
    auto = run(tmp_path).tasks[0]
    for each in auto.probe.readouts:
        asked = run(tmp_path, readout=each.readout).tasks[0]
        assert asked.value == pytest.approx(auto.metrics[f"accuracy_{each.role}"], abs=0.02)
        assert asked.probe.readouts == []


def test_the_last_maps_named_are_the_default(tmp_path):
    default = run(tmp_path, readout="last").tasks[0]
    named = run(tmp_path, readout="layer4@1").tasks[0]  # smoke has one bin
    assert named.metrics == default.metrics
    written = json.loads(next(tmp_path.glob("*/result.json")).read_text())
    assert {"readouts", "tried"}.isdisjoint(written["tasks"][0]["probe"])


@pytest.mark.parametrize("evaluation", ["knn", "fewshot", "robustness"])
def test_every_evaluation_of_frozen_features_chooses(evaluation, tmp_path):
    task = run(tmp_path, evaluation=evaluation).tasks[0]
    if evaluation == "fewshot":
        assert len(task.probe.chosen["readouts"].split()) == 5
        assert {"accuracy_k5_input", "accuracy_k5_joined"} <= set(task.metrics)
    else:
        assert task.probe.chosen["readout"] in {r.readout for r in task.probe.readouts}


def test_pooled_input_is_what_raw_features_reads():
    x = torch.randn(2, 3, 20, 17)
    raw = registry("method").get("raw-features").features(x)
    assert torch.equal(Source("input", 16).pool(x), raw)
    assert torch.equal(raw, pool_to(x, 16).flatten(1))


def test_another_readout_trains_nothing(tmp_path):
    first, second = (run(tmp_path, "supervised", readout=each) for each in ("last", "layer2@2"))
    assert len(list((tmp_path / "pretrainings").iterdir())) == 1
    assert first.run_id != second.run_id
