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


@pytest.mark.parametrize(("weight_decay", "collapses"), [(1e-4, False), (100, True)])
def test_a_run_whose_weights_decay_to_nothing_warns(
    weight_decay, collapses, tmp_path, monkeypatch, capsys
):
    # As without matplotlib: the picture would take most of the seconds.
    monkeypatch.setattr(importlib.import_module("vmbench.runner"), "find_spec", lambda _: None)
    optimisation = {"lr": 0.01, "lr_schedule": "constant", "weight_decay": weight_decay}
    result = vmbench.run(
        "toy",
        "gaussian-noise",
        objective="simsiam",
        preset="smoke",
        pretrain="toy-vector",
        transfer=["toy-vector"],
        settings={"batch_size": 32, "probe_max_iter": 10, **optimisation},
        out=tmp_path,
        quiet=False,
    )
    warned = "warning: the representations collapsed: feature_std" in capsys.readouterr().err
    assert warned == collapses
    assert [t.metrics.get("collapsed") for t in result.tasks] == [1.0 if collapses else None]
    even = 1 / result.config["projection_dim"] ** 0.5
    assert (result.tasks[0].metrics["feature_std"] < 0.1 * even) == collapses
