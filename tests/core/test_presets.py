"""What a preset's settings are, layer by layer; ``test_paper_preset.py`` has the published ones."""

import pytest
import toy
from planning import make_plan

from vmbench.runs.presets import PRESETS

CHANGED = {
    "learned": {"lr": 0.25, "objectives.temperature": 0.5},
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
    monkeypatch.setattr(toy.Toy, "presets", {"small": {"for": CHANGED}})


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


def test_a_domain_sets_a_preset_for_a_method_by_its_name(monkeypatch):
    named = {"supervised": {"lr": 0.5}, "divmaker": {"objectives.temperature": 1}, **CHANGED}
    monkeypatch.setattr(toy.Toy, "presets", {"small": {"for": named}})
    assert lr("supervised") == 0.5
    assert lr("divmaker") == PRESETS["small"]["lr"]  # the name instead of the kind, not above it
    assert (lr("viewmaker"), lr("random-init")) == (0.25, PRESETS["small"]["lr"])


def strength(method, domain="toy", dataset="toy-vector", **options):
    plan = make_plan(domain, method, "simclr", "small", 0, dataset, (), {}, **options)
    return plan.settings.get(f"{(plan.augmentation or plan.method).name}.strength")


def test_the_strength_is_that_of_the_views_which_act(monkeypatch):
    """Whoever trains on them: the domain's own strength reaches no fixed view."""
    ceiling = {"methods.strength": 0.7, "supervised.augmentation": "handcrafted"}
    chosen = {"handcrafted": {"scarf": {"strength": 0.5}}, "supervised": ceiling}
    monkeypatch.setattr(toy.Toy, "presets", {"small": {"for": chosen}})
    assert [strength(m) for m in ("scarf", "gaussian-noise", "supervised")] == [0.5, 1, 0.7]
    assert strength("supervised", views="scarf") == 0.5
    assert strength("supervised", views="gaussian-noise") == 1


@pytest.mark.parametrize("domain", ["audio", "image", "medical", "sensor", "tabular"])
@pytest.mark.parametrize("method", ["gaussian-noise", "cutout", "randomized-quantization"])
def test_fixed_views_are_as_published_in_every_domain(domain, method):
    assert strength(method, domain, None) == 1
    assert strength("supervised", domain, None, views=method) == 1


def test_another_preset_is_left_alone():
    assert lr("viewmaker", preset="paper") == PRESETS["paper"]["lr"]


def test_later_layers_win(monkeypatch):
    monkeypatch.setattr(toy.Toy, "presets", {"small": {"lr": 0.5, "for": CHANGED}})
    assert lr("viewmaker") == 0.25
    assert lr("supervised") == 0.5
    monkeypatch.setattr(toy.ToyVector, "presets", {"small": {"lr": 0.75}})
    assert lr("viewmaker") == lr("supervised") == 0.75
    assert lr("viewmaker", settings={"lr": 1}) == 1
