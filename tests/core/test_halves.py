"""``pretrain`` and ``evaluate`` are the halves of ``run``, and give what it gives."""

import json
import shutil

import pytest
import toy  # noqa: F401 - the domain

import vmbench
from vmbench.cli import invoke
from vmbench.errors import UserError

SETTINGS = {"batch_size": 32, "epochs": 1}
ASKED = {"preset": "smoke", "settings": SETTINGS}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A pretraining with learned views."""
    return vmbench.pretrain("toy", out=tmp_path_factory.mktemp("made"), **ASKED)


def numbers(result):
    """Everything that an evaluation found."""
    return [(task.value, task.metrics, task.probe) for task in result.tasks]


def test_run_is_pretrain_and_evaluate(tmp_path, trainings):
    alone = vmbench.run("toy", out=tmp_path / "run", evaluation="knn", **ASKED)
    folder = vmbench.pretrain("toy", out=tmp_path / "halves", **ASKED)
    assert len(trainings) == 2
    halves = vmbench.evaluate(folder, evaluation="knn", out=tmp_path / "halves")
    assert halves.run_id == alone.run_id
    assert numbers(halves) == numbers(alone)
    assert halves.parameters == alone.parameters
    assert halves.command == alone.command
    assert vmbench.run("toy", out=tmp_path / "halves", **ASKED).pretrain == halves.pretrain
    assert len(trainings) == 2


def test_a_folder_that_was_moved_is_evaluated_where_nothing_else_is(made, tmp_path, trainings):
    moved = shutil.copytree(made, tmp_path / "elsewhere")
    shown = vmbench.evaluate(moved, transfer=["toy-other"], out=tmp_path / "out")
    assert [task.dataset for task in shown.tasks] == ["toy-other"]
    assert not trainings
    run = vmbench.run("toy", out=tmp_path / "out2", transfer=["toy-other"], **ASKED)
    assert numbers(shown) == numbers(run)


def test_it_is_found_by_its_name(made, tmp_path, capsys):
    shutil.copytree(made, tmp_path / "pretrainings" / made.name)
    for name in (made.name, made.name.rpartition("-")[2]):
        command = ["evaluate", name, "--eval", "knn", "--out", str(tmp_path), "--quiet", "--json"]
        assert invoke(command) == 0
        assert json.loads(capsys.readouterr().out)["tasks"][0]["probe"]["kind"] == "knn"
    assert invoke(["evaluate", made.name[:-1] + "x", "--out", str(tmp_path)]) == 2
    assert f"did you mean {tmp_path}" in capsys.readouterr().err


def test_pretrain_prints_the_folder_and_its_spec(tmp_path, capsys):
    command = ["pretrain", "--domain", "toy", "--preset", "smoke", "--epochs", "1", "--quiet"]
    assert invoke([*command, "--out", str(tmp_path), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "pretrainings").joinpath(
        shown["folder"], "spec.json").read_text()).items() <= shown.items()  # fmt: skip
    assert "kind" not in json.dumps(shown["dataset"])  # the task: it says nothing of labels
    assert invoke([*command, "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == shown["folder"] + "\n"


@pytest.mark.parametrize(("asked", "message"), [
    ({"settings": {"lr": 0.1}}, "'lr' is of the training, which is done"),
    ({"settings": {"viewmaker.epsilon": 0.1}}, "'viewmaker.epsilon' is of the training"),
    ({"settings": {"readuot": "auto"}}, "unknown setting 'readuot': did you mean 'readout'"),
    ({"settings": {"foo.bar": 3}}, "unknown setting 'foo.bar'"),
    ({"transfer": ["toy-grid"]}, "cannot transfer"),
    ({"transfer": ["toy-othr"]}, "did you mean 'toy-other'"),
    ({"evaluation": "linaer"}, "did you mean 'linear'"),
])  # fmt: skip
def test_what_an_evaluation_cannot_change_is_refused(made, asked, message, tmp_path):
    with pytest.raises(UserError, match=message):
        vmbench.evaluate(made, out=tmp_path, **asked)


@pytest.mark.parametrize("settings", [{"probe_penalties": 11}, {"linear.penalties": 11}])
def test_settings_of_the_evaluation_are_taken(made, settings, tmp_path):
    result = vmbench.evaluate(made, out=tmp_path, settings=settings)
    assert result.overrides == {"linear.penalties": 11, "epochs": 1, "batch_size": 32}


def test_damage_is_told_before_any_data_are_prepared(made, tmp_path, monkeypatch):
    copy = shutil.copytree(made, tmp_path / "copy")
    weights = (copy / "encoder.safetensors").read_bytes()
    (copy / "encoder.safetensors").write_bytes(weights[: len(weights) // 2])
    monkeypatch.setattr("vmbench.runs.runner.prepare_for", lambda *_: 1 / 0)
    with pytest.raises(UserError, match=r"encoder\.safetensors is damaged .*: copy the folder"):
        vmbench.evaluate(copy, out=tmp_path)


def test_a_refused_training_leaves_no_request(tmp_path):
    with pytest.raises(UserError, match="batch_size"):
        vmbench.pretrain("toy", out=tmp_path, preset="smoke", settings={"batch_size": 10_000})
    assert not [*tmp_path.rglob("request.json")]


def test_a_pretraining_of_another_request_is_told(made, tmp_path):
    copy = shutil.copytree(made, tmp_path / "copy")
    request = json.loads((copy / "request.json").read_text())
    (copy / "request.json").write_text(json.dumps(request | {"seed": 5}))
    with pytest.raises(UserError, match=r"asks for another training than the one in spec\.json"):
        vmbench.evaluate(copy, out=tmp_path)


@pytest.mark.parametrize("method", ["random-init", "raw-features", "supervised"])
def test_what_leaves_no_encoder_for_all_tasks_is_not_pretrained(method, tmp_path):
    with pytest.raises(UserError, match="leaves nothing that could be kept"):
        vmbench.pretrain("toy", method, out=tmp_path, preset="smoke")


def table(path, seed, *, colours="rgb", label=True):
    """Forty rows of two numbers, a colour and a kind that follows from them."""
    lines = ["size,mass,colour" + (",kind" if label else "")]
    for i in range(60):
        size, colour = (i * 7 + seed) % 23 / 2, colours[(i + seed) % len(colours)]
        kind = ("," + ("big" if size > 5 else "small")) if label else ""
        lines.append(f"{size},{(i * 5 + seed) % 17 - 3.5},{colour}{kind}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_own_data_that_is_gone_is_not_needed_to_evaluate_on_other(tmp_path, trainings):
    first = table(tmp_path / "first.csv", 1)
    own = {"pretrain": "table", "data_dir": first, "target": "kind"}
    folder = vmbench.pretrain("tabular", out=tmp_path, preset="smoke", settings=SETTINGS, **own)
    first.unlink()
    second = table(tmp_path / "second.csv", 4)
    result = vmbench.evaluate(folder, data_dir=second, evaluation="knn", out=tmp_path)
    assert len(trainings) == 1
    assert result.tasks[0].n_train + result.tasks[0].n_val + result.tasks[0].n_test == 60
    # Its command is one that can be repeated, where the data of the training is gone.
    assert result.command.startswith(f"vmbench evaluate {folder.name} --eval knn --data-dir")
    with pytest.raises(UserError, match=r"--data-dir"):
        vmbench.evaluate(folder, out=tmp_path)
    other = table(tmp_path / "other.csv", 2, colours="rgy")
    with pytest.raises(UserError, match=r"takes other features .*colour=b, colour=y"):
        vmbench.evaluate(folder, data_dir=other, out=tmp_path)
