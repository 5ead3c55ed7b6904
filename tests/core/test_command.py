"""The recorded command, parsed by the real command line, asks for the same run."""

import importlib
import shlex

import pytest
from planning import make_plan

from vmbench.cli import invoke
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench.results import Result
from vmbench.runs.representations import recipe_of
from vmbench.runs.request import RunRequest

SETTINGS = {
    "batch_size": 32,
    "epochs": 3,
    "strength": 0.1 + 0.2,  # not a short decimal
    "lr": 1e-5,
    "frequency_domain": True,
    "max_examples": None,
    "encoder": "auto",
    "precision": "float32",
    "threads": 1,
}
PLAIN = ("toy", "viewmaker", "simclr", "smoke", 0, None, (), {})
REQUESTS = {
    "plain": (PLAIN, {}),
    "everything": (
        (
            *("toy", "viewmaker", "byol", "small", 3, "toy-grid"),
            ("toy-grid/kind",),
            SETTINGS,
        ),
        {"evaluation": "knn"},
    ),
    "two targets": (
        ("toy", "random-init", "simclr", "smoke", 1, None, ("toy-other", "toy-vector/kind"), {}),
        {"evaluation": "fewshot"},
    ),
    "augmented": (
        ("toy", "supervised", "simclr", "smoke", 0, "toy-sequence", (), {"epsilon": 0.2}),
        {"views": "viewmaker"},
    ),
    "handcrafted": (("tabular", "handcrafted", "simclr", "smoke", 0, None, (), {}), {}),
}


@pytest.fixture
def parsed(monkeypatch):
    """The request that a command line comes to, of which nothing is carried out."""
    runner = importlib.import_module("vmbench.runs.runner")
    requests = []

    def ask_alone(request, *_, **__):
        requests.append(request)
        raise UserError("asked")

    def parse(command):
        program, *arguments = shlex.split(command)
        assert program == "vmbench"
        with monkeypatch.context() as patch:
            patch.setattr(runner, "execute", ask_alone)
            assert invoke(arguments) == 2
        return requests.pop()

    return parse


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_a_recorded_command_is_parsed_to_the_same_plan(request_, parsed):
    arguments, options = request_
    plan = make_plan(*arguments, **options)
    assert parsed(plan.request.command()) == plan.request
    assert RunRequest.from_json(plan.request.to_json()) == plan.request
    again = plan.request.resolve()
    assert again.document == plan.document
    assert (again.hash, again.run_id) == (plan.hash, plan.run_id)
    assert (again.config, again.overrides) == (plan.config, plan.overrides)


def test_own_data_is_named_with_its_target_and_no_other_path(tmp_path, parsed):
    folder = tmp_path / "my table"  # a blank, for the shell
    folder.mkdir()
    rows = [f"{i},{i % 7},{'yes' if i % 2 else 'no'}" for i in range(60)]
    (folder / "table.csv").write_text("\n".join(["a,b,sold", *rows]) + "\n")
    asked = ("tabular", "raw-features", "simclr", "smoke", 0, "table", (), {}, folder)
    plan = make_plan(*asked, target="sold")
    command = plan.request.command()
    assert parsed(command) == plan.request
    again = parsed(command).resolve()
    assert again.hash == plan.hash
    assert again.tasks[0][1].classes == plan.tasks[0][1].classes == ("no", "yes")
    assert f"--data-dir '{folder}'" in command


def test_a_result_holds_the_command_and_nothing_of_the_machine(tmp_path, capsys, parsed):
    file = tmp_path / "settings.toml"
    file.write_text("batch_size = 32\nepochs = 4\n")
    said = ["run", "--domain", "toy", "--method", "gaussian-noise", "--preset", "smoke"]
    said += ["--config", str(file), "--epochs", "1", "--set", "checkpoint_minutes=2"]
    where = ["--out", str(tmp_path), "--overwrite", "--quiet", "--json", "--device", "cpu"]
    assert invoke([*said, *where]) == 0
    result = Result.model_validate_json(capsys.readouterr().out)
    assert str(tmp_path) not in result.command
    for word in ("--out", "--overwrite", "--quiet", "--json", "--config"):
        assert word not in result.command
    assert result.overrides == {"batch_size": 32, "epochs": 1}
    assert parsed(result.command).resolve().hash == result.config_hash


def test_runs_from_before_there_was_a_setting_keep_their_names():
    plan, same = (make_plan(*PLAIN[:-1], settings) for settings in ({}, {"unlabelled": True}))
    assert "unlabelled" not in plan.document["config"]
    assert same.run_id == plan.run_id
    assert make_plan(*PLAIN[:-1], {"unlabelled": False}).run_id != plan.run_id


def test_overrides_are_those_that_change_something():
    default = make_plan(*PLAIN).config
    same = {"epochs": default.epochs, "lr": default.lr, "encoder": "auto", "threads": 2}
    assert make_plan(*PLAIN[:-1], same).overrides == {}
    assert make_plan(*PLAIN[:-1], {"lr": "0.5"}).overrides == {"lr": 0.5}


def test_a_plugin_named_on_the_command_line_is_named_again(parsed, monkeypatch):
    from vmbench.plugins import register_plugin

    methods = registry("method")
    monkeypatch.setattr(methods, "_entries", dict(methods._entries))
    register_plugin("faulty:SoundMethod")
    plan = make_plan("toy", "sound", *PLAIN[2:])
    command = plan.request.command()
    assert command.endswith("--plugin faulty:SoundMethod")
    assert parsed(command) == plan.request
    assert RunRequest.from_json(plan.request.to_json()).resolve().hash == plan.hash


def pretraining(**changes):
    names = ("domain", "method", "objective", "preset", "seed", "pretrain", "transfer", "settings")
    options = dict(zip(names, PLAIN, strict=True)) | {"evaluation": "linear"} | changes
    return name_of(make_plan(**options))


def name_of(plan):
    return recipe_of(plan, None, None).name


@pytest.mark.parametrize("change", [
    {"evaluation": "fewshot"},
    {"transfer": ["toy-other"]},
    {"settings": {"feature_bins": 1, "probe_max_iter": 33, "finetune_batch_size": 7}},
    {"settings": {"device": "cpu", "checkpoint_minutes": 1.0}},
    {"settings": {"unlabelled": True}},
])  # fmt: skip
def test_what_comes_after_pretraining_leaves_its_name(change):
    assert pretraining(**change) == pretraining()


@pytest.mark.parametrize("change", [
    {"method": "gaussian-noise"},
    {"objective": "byol"},
    {"seed": 1},
    {"pretrain": "toy-grid"},
    {"settings": {"epochs": 77}},
    {"settings": {"max_examples": 50}},
    {"settings": {"unlabelled": False}},
])  # fmt: skip
def test_what_changes_a_pretraining_changes_its_name(change):
    assert pretraining(**change) != pretraining()


def test_a_family_has_one_pretraining_under_both_of_its_names():
    own = make_plan("tabular", "handcrafted", *PLAIN[2:])
    named = make_plan("tabular", "scarf", *PLAIN[2:])
    assert name_of(own) == name_of(named)
