"""Settings belong to their owner: sections, former names, and what a hash is over."""

import json
import tomllib
from importlib.resources import files

import pytest
from planning import make_plan
from pydantic import Field, create_model

from vmbench.cli import invoke
from vmbench.errors import UserError
from vmbench.networks import MLP
from vmbench.objectives.swav import SwAV
from vmbench.progress import Progress
from vmbench.registry import registry
from vmbench.runs.presets import PRESETS
from vmbench.runs.representations import recipe_of
from vmbench.runs.request import RunRequest
from vmbench.runs.sections import FORMER, check_settings


def plan(objective="swav", method="viewmaker", pretrain=None, settings=None, **more):
    preset = more.pop("preset", "smoke")
    return make_plan("toy", method, objective, preset, 0, pretrain, (), settings or {}, **more)


def names(made):
    return made.hash, made.run_id, recipe_of(made, None, None).name


def grown(component, default=1):
    """The settings of a component, and one that it did not have."""
    throwaway = (int, Field(default, description="New."))
    return create_model("Grown", __base__=component.settings_class, throwaway=throwaway)


RUNS = {
    "it is used": {},
    "another objective": {"objective": "byol"},
    "no objective": {"method": "random-init"},
}


@pytest.mark.parametrize("component", [SwAV, MLP], ids=lambda c: c.name)
@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_a_new_setting_of_a_component_leaves_every_run_its_name(component, options, monkeypatch):
    before = names(plan(**options))
    monkeypatch.setattr(component, "settings_class", grown(component))
    assert names(plan(**options)) == before


def test_a_new_setting_counts_once_it_is_set(monkeypatch):
    before = names(plan())
    monkeypatch.setattr(SwAV, "settings_class", grown(SwAV))
    changed = names(plan(settings={"swav.throwaway": 2}))
    assert all(one != other for one, other in zip(changed, before, strict=True))


def test_what_a_run_does_not_use_changes_nothing_of_it():
    unused = {"byol": {"momentum": 0.5}, "mae.mask_share": 0.3, "resnet50": {"width": 3}}
    made = plan(settings=unused)
    assert names(made) == names(plan())
    assert (made.overrides, made.request.settings) == ({}, {})
    assert set(made.settings.everything()) >= {"viewmaker", "swav", "mlp", "linear", "lr"}
    assert not {"byol", "mae", "resnet50"} & set(made.settings.everything())


def test_settings_of_an_evaluation_are_in_the_run_but_not_in_its_pretraining():
    one, other = plan(), plan(settings={"linear.max_iter": 33})
    assert names(one)[0] != names(other)[0]
    assert names(one)[2] == names(other)[2]


# A run that uses what a former name set, and the name that it has there now.
OWNED = {
    "width": ({}, "mlp.width", 3),
    "stem": ({"pretrain": "toy-grid"}, "resnet18.stem", "strided"),
    "epsilon": ({"method": "divmaker"}, "divmaker.epsilon", 0.3),
    "viewmaker_width": ({}, "viewmaker.width", 7),
    "num_res_blocks": ({}, "viewmaker.num_res_blocks", 2),
    "frequency_domain": ({}, "viewmaker.frequency_domain", True),
    "downsample_to": ({}, "viewmaker.downsample_to", 9),
    "viewmaker_bound": ({}, "viewmaker.bound", "released"),
    "viewmaker_lr": ({}, "viewmaker.lr", 0.5),
    "strength": ({"method": "cutout"}, "cutout.strength", 0.5),
    "augmentation": ({"method": "supervised"}, "supervised.augmentation", None),
    "temperature": ({"method": "mixup"}, "mixup.temperature", 0.9),
    "head": ({"method": "random-init"}, "random-init.head", "linear"),
    "projection_dim": ({}, "swav.projection_dim", 5),
    "negatives": ({"objective": "moco"}, "moco.negatives", 77),
    "bank_momentum": ({"objective": "instdisc"}, "instdisc.bank_momentum", 0.1),
    "target_momentum": ({"objective": "byol"}, "byol.momentum", 0.1),
    "prototypes": ({}, "swav.prototypes", 5),
    "local_crops": ({"pretrain": "toy-grid"}, "swav.local_crops", 1),
    "probe_penalties": ({"evaluation": "fewshot"}, "fewshot.penalties", 11),
    "probe_max_iter": ({"evaluation": "robustness"}, "robustness.max_iter", 11),
    "finetune_batch_size": ({"evaluation": "finetune"}, "finetune.batch_size", 11),
    "finetune_epochs": ({"evaluation": "finetune"}, "finetune.epochs", 11),
}


@pytest.mark.parametrize("former", FORMER)
def test_a_former_name_sets_what_it_always_did_and_says_the_new_one(former, capsys):
    options, now, value = OWNED[former]
    with Progress(quiet=False).shared():
        made = plan(settings={former: str(value) if value is not None else None}, **options)
    assert f"note: the setting '{former}' is called {now} now" in capsys.readouterr().err
    assert made.settings.get(now) == value
    assert made.request.settings == {now: value}
    assert names(made) == names(plan(settings={now: value}, **options))
    assert list(made.overrides) == ([now] if value is not None else [])
    with Progress(quiet=False).shared():
        assert made.request.resolve().hash == made.hash
    assert capsys.readouterr().err == ""  # what is recorded has the new name


@pytest.mark.parametrize("asked", ["temperature", "byol.momentum", "evaluations.max_iter"])
def test_a_setting_that_nothing_uses_is_said(asked, capsys):
    with Progress(quiet=False).shared():
        plan("simclr", "mae", settings={asked: 50 if "iter" in asked else 0.5}, evaluation="knn")
    assert f"note: '{asked}' changes nothing" in capsys.readouterr().err


@pytest.mark.parametrize(("asked", "said"), [
    ({"lrr": 1}, "unknown setting 'lrr': did you mean 'lr'?"),
    ({"epsilo": 1}, "did you mean 'methods.epsilon'?"),
    ({"mask_share": 0.5}, "did you mean 'methods.mask_share'?"),
    ({"shuffled_shar": 0.5}, "did you mean 'shed.shuffled_share'?"),
    ({"swav.prototype": 4}, "did you mean 'swav.prototypes'?"),
    ({"swaw.prototypes": 4}, "did you mean 'swav.prototypes'?"),
    ({"byol": {"momentm": 0.5}}, "did you mean 'byol.momentum'?"),
    ({"objectives.temprature": 1}, "did you mean 'objectives.temperature'?"),
    ({"objectives.colour": 1}, "unknown setting 'objectives.colour'"),
    ({"byol.momentum": 2}, "setting 'byol.momentum' = 2 is not valid"),
    ({"epsilon": -1}, "setting 'viewmaker.epsilon' = -1 is not valid"),
])  # fmt: skip
def test_a_wrong_setting_is_one_line_with_the_mend(asked, said):
    with pytest.raises(UserError) as error:
        plan(settings=asked)
    assert said in str(error.value)


def test_a_table_of_a_file_is_a_section_and_the_command_line_comes_after_it(tmp_path, capsys):
    file = tmp_path / "settings.toml"
    file.write_text(
        "epochs = 1\nbatch_size = 32\n[simclr]\ntemperature = 0.3\nprojection_dim = 9\n"
    )
    said = ["run", "--domain", "toy", "--method", "gaussian-noise", "--preset", "smoke"]
    said += ["--config", str(file), "--set", "simclr.temperature=0.4", "--epsilon", "0.2"]
    assert invoke([*said, "--out", str(tmp_path), "--json"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["config"]["simclr"]["temperature"] == 0.4
    assert result["overrides"]["simclr.projection_dim"] == 9
    assert "'methods.epsilon' changes nothing" in err
    assert "--set simclr.temperature=0.4" in result["command"]
    assert "viewmaker" not in result["config"]
    watched = json.loads((next(tmp_path.glob("toy-*")) / "config.json").read_text())
    assert RunRequest(**watched["request"]).resolve().hash == result["config_hash"]


def test_a_components_own_table_of_a_preset_comes_before_its_kinds(monkeypatch):
    import toy

    own = {"byol": {"projection_dim": 5}, "objectives": {"projection_dim": 6, "temperature": 0.4}}
    monkeypatch.setattr(toy.Toy, "presets", {"smoke": own})
    assert plan("byol").settings.get("byol.projection_dim") == 5
    found = plan("moco").settings
    assert (found.get("moco.projection_dim"), found.get("moco.temperature")) == (6, 0.4)


def test_every_setting_of_the_tables_is_somebodys():
    for settings in PRESETS.values():
        check_settings(settings)
    text = files("vmbench_domains").joinpath("presets.toml").read_text(encoding="utf-8")
    for domains in tomllib.loads(text).values():
        for name, adapted in domains.items():
            domain = registry("domain").get(name)
            for dataset, settings in adapted.get("datasets", {}).items():
                assert domain.dataset(dataset).presets
                check_settings(settings)
