"""A pretraining is an artifact of its own: whatever asks for the same one reads it."""

import json

import pytest
import toy  # noqa: F401 - the domain
from safetensors.torch import load_file

import vmbench
from vmbench.cli import invoke
from vmbench.errors import UserError
from vmbench.runs.request import RunRequest

SETTINGS = {"batch_size": 32, "epochs": 1}


def run(out, method="gaussian-noise", **options):
    options = {"preset": "smoke", "transfer": ["toy-vector"], "settings": SETTINGS, **options}
    return vmbench.run("toy", method, out=out, **options)


def test_two_evaluations_in_one_command_train_once(tmp_path, trainings, capsys):
    command = ["run", "--domain", "toy", "--method", "gaussian-noise", "--preset", "smoke"]
    command += ["--eval", "linear", "--eval", "fewshot", "--set", "batch_size=32", "--quiet"]
    assert invoke([*command, "--out", str(tmp_path), "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert [each["tasks"][0]["probe"]["kind"] for each in (first, second)] == ["linear", "fewshot"]
    assert first["pretrain"] == second["pretrain"]
    assert len(trainings) == 1
    assert invoke([*command, "--out", str(tmp_path), "--overwrite"]) == 0
    assert len(trainings) == 2


@pytest.mark.parametrize("more", [
    {"evaluation": "knn"},
    {"transfer": ["toy-vector", "toy-other"]},
    {"settings": {**SETTINGS, "probe_penalties": 11}},
])  # fmt: skip
@pytest.mark.parametrize("method", ["gaussian-noise", "viewmaker"])
def test_what_is_asked_after_a_training_trains_nothing(method, more, tmp_path, trainings):
    """And gives the values of a run that trained by itself, bit for bit."""
    run(tmp_path / "a", method)
    read = run(tmp_path / "a", method, **more)
    assert len(trainings) == 1
    alone = run(tmp_path / "b", method, **more)
    assert len(trainings) == 2
    assert read.values() == alone.values()


def test_a_supervised_encoder_is_of_its_task(tmp_path, trainings):
    run(tmp_path, "supervised")
    run(tmp_path, "supervised", transfer=["toy-vector", "toy-other"])
    assert [folder.name.rpartition("-s0-")[0] for folder in trainings] == [
        "toy-vector-kind", "toy-other-kind"
    ]  # fmt: skip


def test_what_changes_the_training_trains_again(tmp_path, trainings):
    run(tmp_path)
    for changed in ({"seed": 1}, {"objective": "simsiam"}, {"settings": {**SETTINGS, "epochs": 2}}):
        run(tmp_path, **changed)
    assert len(set(trainings)) == len(trainings) == 4


def test_the_artifact_holds_the_encoder_and_the_request(tmp_path):
    result = run(tmp_path, "viewmaker")
    (folder,) = (tmp_path / "pretrainings").iterdir()
    assert folder.name.endswith(f"-{result.pretrain.name}")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "encoder.safetensors", "views.safetensors", "metrics.jsonl", "request.json",
        "training.json", "spec.json", "README.md", "views.png",
    }  # fmt: skip
    request = RunRequest.from_json((folder / "request.json").read_text())
    assert (request.evaluation, request.transfer) == ("linear", ())
    assert request.pretrain_command() in (folder / "README.md").read_text()
    shown = tmp_path / result.run_id / "checkpoints" / "pretrain.encoder.safetensors"
    assert load_file(shown).keys() == load_file(folder / "encoder.safetensors").keys()
    assert shown.samefile(folder / "encoder.safetensors")  # no second copy on disk


def test_a_folder_without_a_spec_is_trained_again(tmp_path, trainings):
    """As earlier versions left it."""
    first = run(tmp_path)
    (folder,) = (tmp_path / "pretrainings").iterdir()
    (folder / "spec.json").unlink()
    assert run(tmp_path, overwrite=False, evaluation="knn").pretrain.name == first.pretrain.name
    assert len(trainings) == 2
    assert (folder / "spec.json").exists()


@pytest.mark.parametrize("name", ["encoder.safetensors", "training.json"])
def test_a_damaged_artifact_is_named(name, tmp_path):
    run(tmp_path)
    (folder,) = (tmp_path / "pretrainings").iterdir()
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=rf"{name} is damaged .* train again"):
        run(tmp_path, evaluation="knn")
    run(tmp_path, evaluation="knn", overwrite=True)


def test_wrong_requests_are_one_line():
    for asked, message in (
        ({"settings": {"lr": -1}}, "setting 'lr' = -1 is not valid"),
        ({"settings": {"lrr": 1}}, "unknown setting 'lrr': did you mean 'lr'"),
        ({"sed": 1}, "sed: extra inputs are not permitted"),
    ):
        with pytest.raises(UserError, match=message):
            RunRequest(domain="toy", **asked)
    with pytest.raises(UserError, match="domain: field required"):
        RunRequest.from_json("{}")
