"""A pretraining that ends with all representations alike says so."""

import importlib

import pytest
import torch
from torch.nn import functional as F

import vmbench
from vmbench.trainer import Fit


def fit(feature_std, feature_dim):
    return Fit(1, 1, 0.0, 0.0, feature_std, feature_dim)


def test_collapse_is_a_tenth_of_the_spread_of_an_even_sphere():
    assert fit(0.0099, 100).collapsed
    assert not fit(0.0101, 100).collapsed
    assert not fit(None, None).collapsed
    # What watch calls an even spread is one.
    z = F.normalize(torch.randn(4000, 100), dim=1)
    assert z.std(0).mean().item() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("stopped", [True, False])
def test_simsiam_without_its_stopped_gradient_collapses_and_the_run_warns(
    stopped, tmp_path, monkeypatch, capsys
):
    """The published ablation (Chen and He 2021, section 4.1)."""
    module = importlib.import_module("vmbench.objectives.simsiam")
    monkeypatch.setattr(importlib.import_module("vmbench.runner"), "find_spec", lambda _: None)
    if not stopped:
        monkeypatch.setattr(module, "simsiam", lambda p, z: -F.cosine_similarity(p, z).mean())
    result = vmbench.run(
        "toy",
        "gaussian-noise",
        objective="simsiam",
        preset="smoke",
        pretrain="toy-vector",
        transfer=["toy-vector"],
        settings={"batch_size": 32, "epochs": 40, "lr": 0.01, "probe_max_iter": 10},
        out=tmp_path,
        quiet=False,
    )
    warned = "warning: the representations collapsed: feature_std" in capsys.readouterr().err
    assert warned == (not stopped)
    even = 1 / result.config["projection_dim"] ** 0.5
    assert (result.tasks[0].metrics["feature_std"] < 0.1 * even) == (not stopped)
