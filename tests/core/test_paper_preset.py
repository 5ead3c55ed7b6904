"""``paper`` is the published recipe: the method's, and in it what each objective's paper sets."""

from pathlib import Path

import pytest
from planning import make_plan

from vmbench.registry import registry
from vmbench.runs.presets import PRESETS
from vmbench.runs.sections import flat

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.md"
# Tamkin et al. 2021, arXiv 2010.07432, and its released configuration.
RECIPE = {
    "resnet18.width": 64, "viewmaker.width": 32, "viewmaker.num_res_blocks": 3,
    "viewmaker.epsilon": 0.05, "viewmaker.frequency_domain": False, "viewmaker.bound": "released",
    "viewmaker.lr": 1e-3, "epochs": 200, "schedule": "alternating", "optimizer": "sgd", "lr": 0.03,
    "momentum": 0.9, "weight_decay": 1e-4, "lr_schedule": "constant", "precision": "float32",
}  # fmt: skip
CONTRAST = {"head": "linear", "projection_dim": 128, "temperature": 0.07}
DOMAINS = {
    "image": {
        "batch_size": 256,
        "resnet18.stem": "cifar",
        "feature_bins": 4,
        "normalize_after_view": True,
    },
    "audio": {
        "batch_size": 128,
        "resnet18.stem": "imagenet",
        "feature_bins": 2,
        "normalize_after_view": False,
    },
    "sensor": {
        "batch_size": 128,
        "resnet18.stem": "cifar",
        "feature_bins": 1,
        "normalize_after_view": False,
    },
}
# Each from the objective's own paper.
OBJECTIVES = {
    "simclr": CONTRAST,
    "simclr-reference": CONTRAST,
    "instdisc": {**CONTRAST, "negatives": 4096, "bank_momentum": 0.5},
    "instdisc-reference": {**CONTRAST, "negatives": 4096, "bank_momentum": 0.5},
    "moco": {**CONTRAST, "negatives": 65_536, "momentum": 0.999},
    "byol": {"momentum": 0.996, "head": "mlp", "projection_dim": 256},
    "simsiam": {"head": "mlp", "projection_dim": 2048},
    "swav": {
        "temperature": 0.1,
        "head": "mlp",
        "projection_dim": 128,
        "local_crops": 6,
        "prototypes": None,
    },
}


def config(preset="paper", domain="image", objective="simclr", method="viewmaker", **settings):
    plan = make_plan(domain, method, objective, preset, 0, None, (), settings)
    return flat(plan.settings.everything())


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_methods_recipe_on_the_published_domains(domain):
    expected = {**RECIPE, **DOMAINS[domain]}
    assert config(domain=domain, objective="simclr-reference").items() >= expected.items()


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("domain", DOMAINS)
def test_an_objective_brings_its_papers_settings_and_leaves_the_rest(objective, domain):
    found = config(domain=domain, objective=objective)
    assert found.items() >= {**RECIPE, **DOMAINS[domain]}.items()
    own = f"{objective}."
    found = {k.removeprefix(own): v for k, v in found.items() if k.startswith(own)}
    assert found == OBJECTIVES[objective]


def test_the_other_presets_are_the_same_for_every_objective():
    for preset in ("smoke", "small"):
        found = {
            entry.name: config(preset, objective=entry.name) for entry in registry("objective")
        }
        for name, settings in found.items():
            rest = {k: v for k, v in settings.items() if not k.startswith(f"{name}.")}
            assert rest.items() <= found["simclr"].items()
        assert found["byol"]["byol.momentum"] == found["moco"]["moco.momentum"] == 0.99


def test_what_the_user_sets_has_the_last_word():
    assert config(objective="moco", **{"moco.momentum": 0.9})["moco.momentum"] == 0.9


@pytest.mark.parametrize("method", ["mae", "random-init", "supervised"])
def test_a_method_without_an_objective_takes_none_of_its_settings(method):
    assert config(objective="byol", method=method) == config(method=method)


@pytest.mark.parametrize("objective", [entry.name for entry in registry("objective")])
def test_the_docs_list_what_is_set(objective):
    """A row for each objective that sets something, with every setting and no other."""
    lines = [line.split("|") for line in PROTOCOL.read_text().splitlines()]
    rows = {cells[1].strip(): cells[3].strip() for cells in lines if len(cells) == 6}
    settings = PRESETS["paper"].get(objective, {})
    listed = ", ".join(f"`{key}={value}`" for key, value in settings.items())
    assert rows.get(f"`{objective}`", "nothing") == (listed or "nothing")
