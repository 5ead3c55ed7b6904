"""What a preset's settings are, layer by layer; ``test_paper_preset.py`` has the published ones."""

import pytest
import toy

from vmbench.plan import make_plan
from vmbench.presets import PRESETS

CHANGED = {
    "learned": {"lr": 0.25, "temperature": 0.5},
    "handcrafted": {"lr": 0.125},
    "fixed": {"lr": 0.0625},
}


def lr(method, domain="toy", dataset="toy-vector", preset="small", **options):
    settings = options.pop("settings", {})
    plan = make_plan(domain, method, "simclr", preset, 0, dataset, (), settings, **options)
    return plan.config.lr


@pytest.fixture(autouse=True)
def _by_kind(monkeypatch):
    monkeypatch.setattr(toy.Toy, "handcrafted", {"vector": "scarf"})
    monkeypatch.setattr(toy.Toy, "view_presets", {"small": CHANGED})


@pytest.mark.parametrize(("method", "expected"), [
    ("viewmaker", 0.25), ("viewmaker+handcrafted", 0.25), ("divmaker", 0.25),
    ("handcrafted", 0.125), ("scarf", 0.125), ("gaussian-noise", 0.0625),
])  # fmt: skip
def test_a_domain_sets_a_preset_for_each_kind_of_views(method, expected):
    assert lr(method) == expected


@pytest.mark.parametrize("method", ["supervised", "random-init", "mae"])
def test_a_method_without_views_has_the_shared_settings(method):
    assert lr(method) == PRESETS["small"]["lr"]
    assert lr("supervised", views="viewmaker") == PRESETS["small"]["lr"]


def test_another_preset_is_left_alone():
    assert lr("viewmaker", preset="paper") == PRESETS["paper"]["lr"]


def test_later_layers_win(monkeypatch):
    monkeypatch.setattr(toy.Toy, "presets", {"small": {"lr": 0.5}})
    assert lr("viewmaker") == 0.25
    assert lr("supervised") == 0.5
    monkeypatch.setattr(toy.ToyVector, "presets", {"small": {"lr": 0.75}})
    assert lr("viewmaker") == lr("supervised") == 0.75
    assert lr("viewmaker", settings={"lr": 1}) == 1
