"""Every built-in domain with every kind of method, on its real embedded data, through the CLI."""

import json

import pytest

from vmbench.cli import invoke
from vmbench.registry import registry

DOMAINS = ("image", "audio", "sensor", "tabular", "medical")
METHODS = ("viewmaker", "handcrafted", "random-init", "raw-features", "supervised")


def call(capsys, out, *arguments):
    code = invoke(["run", "--preset", "smoke", "--quiet", "--json", "--out", str(out), *arguments])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return json.loads(captured.out)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("domain", DOMAINS)
def test_smoke_runs_of_every_domain_and_method(domain, method, capsys, tmp_path):
    result = call(capsys, tmp_path, "--domain", domain, "--method", method)
    assert (result["domain"], result["method"]) == (domain, method)
    for task in result["tasks"]:
        assert 0 <= task["value"] <= 1
        assert min(task["n_train"], task["n_val"], task["n_test"]) > 0
    pretrained = method in ("viewmaker", "handcrafted")
    assert (result["pretrain"]["steps"] > 0) == pretrained
    assert (result["parameters"]["viewmaker"] > 0) == (method == "viewmaker")
    assert (result["parameters"]["encoder"] > 0) == (method != "raw-features")


@pytest.mark.parametrize(("domain", "pretrain"), [
    ("image", "digits"), ("sensor", "watch-raw"), ("medical", "breast-cancer")])  # fmt: skip
@pytest.mark.parametrize("method", ["viewmaker", "handcrafted"])
def test_the_other_embedded_datasets(domain, pretrain, method, capsys, tmp_path):
    result = call(capsys, tmp_path, "--domain", domain, "--method", method, "--pretrain", pretrain)
    assert result["pretrain"]["dataset"] == pretrain
    assert pretrain in {task["dataset"] for task in result["tasks"]}


def test_raw_features_beat_chance_on_every_task(capsys, tmp_path):
    """The labels belong to the examples: even smoke's 256 training examples beat the majority."""
    for domain in DOMAINS:
        result = call(capsys, tmp_path, "--domain", domain, "--method", "raw-features")
        for task in result["tasks"]:
            assert task["metrics"]["balanced_accuracy"] > 1.5 / task["n_classes"], task


def test_a_method_that_cannot_serve_the_spec_says_what_can(capsys):
    code = invoke(["run", "--domain", "tabular", "--method", "specaugment"])
    assert code == 2
    assert "vmbench list methods" in capsys.readouterr().err


def test_the_index_knows_every_built_in_domain():
    assert set(DOMAINS) <= {entry.name for entry in registry("domain")}
