"""The folder of a run: one process at a time, one configuration, nothing cut off is believed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import toy

import vmbench
from vmbench.cli import invoke
from vmbench.registry import registry
from vmbench.results import Result
from vmbench.training.checkpoint import save

HERE = Path(__file__).parent.parent
PROGRAM = (
    "import sys; sys.path.insert(0, {tests!r})\nimport toy; toy.register()\n"
    "from vmbench.cli import main; main()"
)
COMMAND = (
    "run", "--domain", "toy", "--preset", "smoke", "--transfer", "toy-vector", "--set",
    "batch_size=32", "--set", "linear.max_iter=10",
)  # fmt: skip


def start(out, *more):
    program = PROGRAM.format(tests=str(HERE))
    arguments = [*COMMAND, "--out", str(out), *more]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", program, *arguments], **pipes)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_the_same_command_at_once_says_who_runs_it(tmp_path, capsys):
    first = start(tmp_path, "--epochs", "10000")
    try:
        wait_for(lambda: list(tmp_path.glob("pretrainings/*/metrics.jsonl")))
        (config,) = tmp_path.glob("*/config.json")
        command = [*COMMAND, "--epochs", "10000", "--out", str(tmp_path)]
        for more in ([], ["--overwrite"], ["--no-resume"]):
            assert invoke([*command, *more]) == 2
            (line,) = capsys.readouterr().err.splitlines()
            assert f"{config.parent} is being run by process {first.pid}: wait for it" in line
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate()
    assert invoke([*COMMAND, "--epochs", "1", "--out", str(tmp_path), "--quiet"]) == 0


def test_a_run_killed_as_it_began_is_no_other_configurations(tmp_path):
    result = vmbench.run(
        "toy", "random-init", preset="smoke", out=tmp_path, transfer=["toy-vector"]
    )
    folder = tmp_path / result.run_id
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / ".pretrain.state.safetensors.1.tmp").write_bytes(b"half")
    (folder / ".result.json.1.tmp").write_bytes(b"half")
    (folder / ".lock").touch()
    (folder / "config.json").write_text(json.dumps({}))
    with pytest.raises(vmbench.errors.UserError, match="another configuration's run"):
        vmbench.run("toy", "random-init", preset="smoke", out=tmp_path, transfer=["toy-vector"])
    (folder / "config.json").unlink()
    (folder / ".result.json.1.tmp").unlink()
    (folder / "checkpoints" / ".pretrain.state.safetensors.1.tmp").unlink()
    vmbench.run("toy", "random-init", preset="smoke", out=tmp_path, transfer=["toy-vector"])
    assert sorted(p.name for p in folder.iterdir() if p.name.startswith(".")) == []


def test_half_written_files_are_removed_with_the_next_start(tmp_path):
    result = vmbench.run(
        "toy", "random-init", preset="smoke", out=tmp_path, transfer=["toy-vector"]
    )
    folder = tmp_path / result.run_id
    (folder / "result.json").unlink()
    (folder / ".result.json.1.tmp").write_bytes(b"half")
    (folder / "checkpoints" / ".pretrain.state.safetensors.1.tmp").write_bytes(b"half")
    again = vmbench.run("toy", "random-init", preset="smoke", out=tmp_path, transfer=["toy-vector"])
    assert again.values() == result.values()
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_damaged_config_is_named(tmp_path, capsys):
    command = [*COMMAND, "--method", "random-init", "--out", str(tmp_path), "--quiet"]
    assert invoke(command) == 0
    (config,) = tmp_path.glob("*/config.json")
    config.write_text(config.read_text()[:50])
    assert invoke(command) == 2
    assert f"{config} is damaged: start the run over with --overwrite" in capsys.readouterr().err
    assert invoke([*command, "--overwrite"]) == 0


def test_a_cut_checkpoint_is_named_and_the_training_starts_over(tmp_path, capsys):
    command = [*COMMAND, "--epochs", "2", "--quiet", "--json", "--out"]
    assert invoke([*command, str(tmp_path / "whole")]) == 0
    expected = Result.model_validate_json(capsys.readouterr().out).values()
    for share in (0.0, 0.001, 0.5, 0.999):
        out = tmp_path / f"cut{share}"
        config = next((tmp_path / "whole").glob("*/config.json"))
        (trained,) = (tmp_path / "whole" / "pretrainings").iterdir()
        state = out / "pretrainings" / trained.name / "pretrain.state.safetensors"
        state.parent.mkdir(parents=True)
        (out / config.parent.name).mkdir()
        shutil.copy(config, out / config.parent.name)
        # A checkpoint that would end the training elsewhere, if its rest were believed.
        save({"players": {}, "step": 1, "noise": torch.ones(1000)}, state)
        state.write_bytes(state.read_bytes()[: int(state.stat().st_size * share)])
        assert invoke([*(word for word in command if word != "--quiet"), str(out)]) == 0
        captured = capsys.readouterr()
        assert f"{state} is damaged" in captured.err
        assert "this training starts over" in captured.err
        assert Result.model_validate_json(captured.out).values() == expected


def test_cut_weights_of_views_are_named(tmp_path, capsys):
    result = vmbench.run(
        "toy", preset="smoke", out=tmp_path, transfer=["toy-vector"], settings={"batch_size": 32}
    )
    run = tmp_path / result.run_id
    weights = run / "checkpoints" / "pretrain.views.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert invoke(["views", str(run), "--out", str(tmp_path / "v.png")]) == 2
    assert f"{weights} does not hold this run's views" in capsys.readouterr().err


class Published(toy.ToyVector):
    """Its publisher's revision, and files that are told apart by their times."""

    name = "toy-published"
    package = None

    def inspect(self, target):
        self.fingerprint = str((self.data_dir / "index").stat().st_mtime_ns)


class Placed(toy.ToyVector):
    """A plugin's dataset that reads files and looks at none of them beforehand."""

    name = "toy-placed"
    package = None


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(toy.Toy, "datasets", {
        **toy.Toy.datasets, "toy-published": Published, "toy-placed": Placed,
    })  # fmt: skip
    assert registry("domain").get("toy").knows("toy-published")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index").touch()
    return tmp_path


def command(files, name, where, *more):
    return [
        "run", "--domain", "toy", "--preset", "smoke", "--pretrain", name, "--method",
        "random-init", "--data-dir", str(files / where), "--out", str(files / "runs"), *more,
    ]  # fmt: skip


def test_a_published_set_keeps_its_revision_and_a_changed_file_is_said(files, capsys):
    assert invoke(command(files, "toy-published", "one", "--json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["pretrain"]["revision"] == "1"
    assert invoke(command(files, "toy-published", "one")) == 0
    assert "changed" not in capsys.readouterr().err
    os.utime(files / "one" / "index", (1e9, 1e9))
    assert invoke(command(files, "toy-published", "one")) == 0
    err = capsys.readouterr().err
    assert "warning: the files of toy-published changed since this run" in err
    assert "its result is of the old ones; --overwrite repeats it" in err
    assert "already done" in err
    assert invoke(command(files, "toy-published", "one", "--overwrite")) == 0
    assert "changed" not in capsys.readouterr().err
    assert len(list((files / "runs").iterdir())) == 1


def test_where_nothing_else_tells_folders_apart_their_place_does(files, capsys):
    for where in ("one", "two"):
        assert invoke(command(files, "toy-placed", where)) == 0
        assert "already done" not in capsys.readouterr().err
    assert len(list((files / "runs").iterdir())) == 2


def test_a_data_dir_that_is_not_there_or_not_read_is_an_error(tmp_path, capsys):
    embedded = ["run", "--domain", "toy", "--preset", "smoke", "--method", "random-init"]
    assert invoke([*embedded, "--data-dir", str(tmp_path / "gone"), "--out", str(tmp_path)]) == 2
    assert f"--data-dir {tmp_path / 'gone'} does not exist" in capsys.readouterr().err
    assert invoke([*embedded, "--data-dir", str(tmp_path), "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "'toy-vector' is embedded; name the dataset that is in it with --pretrain" in err
    for command in (["check", "domain", "toy"], ["data", "check"]):
        arguments = [*command, *([] if command[0] == "check" else ["--domain", "toy"])]
        where = str(tmp_path / "gone")
        where = [where] if command[0] == "data" else ["--data-dir", where]
        assert invoke([*arguments, *where]) == 2
        assert "does not exist" in capsys.readouterr().err
