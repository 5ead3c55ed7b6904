"""Trackers see what ``metrics.jsonl`` holds: real event files, read back by TensorBoard itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from vmbench.cli import invoke
from vmbench.runs.runner import run
from vmbench.training.metrics_log import MetricsLog
from vmbench.training.trackers import TensorBoard, Tracked, require_trackers

SMOKE = {"preset": "smoke", "transfer": ["toy-vector"]}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def events(folder):
    read = EventAccumulator(str(folder))
    read.Reload()
    return {
        tag: {event.step: event.value for event in read.Scalars(tag)}
        for tag in read.Tags()["scalars"]
    }


def test_event_files_hold_the_metrics_and_change_no_result(tmp_path):
    tracked = run("toy", out=tmp_path / "a", trackers=["tensorboard"], **SMOKE)
    plain = run("toy", out=tmp_path / "b", **SMOKE)
    assert tracked.values() == plain.values()
    folder = tmp_path / "a" / tracked.run_id
    written = lines(folder / "metrics.jsonl")
    found = events(folder / "tensorboard" / "pretrain")
    assert set(found) == set(written[0]) - {"step"}
    for name, values in found.items():
        assert values == {line["step"]: pytest.approx(line[name], rel=1e-6) for line in written}
    assert not (tmp_path / "b" / plain.run_id / "tensorboard").exists()


def test_a_training_of_its_own_has_a_folder_of_its_own(tmp_path):
    result = run("toy", "supervised", out=tmp_path, trackers=["tensorboard"], **SMOKE)
    folders = (tmp_path / result.run_id / "tensorboard").iterdir()
    assert [folder.name for folder in folders] == ["toy-vector-kind"]


def test_a_resumed_training_replaces_what_a_killed_one_logged_too_much(tmp_path):
    def log(resumed, steps, loss):
        stream = MetricsLog(
            tmp_path / "metrics.jsonl", [TensorBoard(Tracked(tmp_path, "pretrain", {}))]
        )
        stream.resume(resumed)
        for step in steps:
            stream.write(step=step, loss=loss, feature_std=None)
        stream.close()

    log(0, (10, 20, 30), 5.0)
    log(20, (30, 40), 2.0)
    expected = {10: 5.0, 20: 5.0, 30: 2.0, 40: 2.0}
    assert {line["step"]: line["loss"] for line in lines(tmp_path / "metrics.jsonl")} == expected
    assert events(tmp_path / "tensorboard" / "pretrain") == {"loss": expected}


def test_a_training_that_logs_nothing_leaves_no_file(tmp_path):
    stream = MetricsLog(None, [TensorBoard(Tracked(tmp_path, "pretrain", {}))])
    stream.resume(40)
    stream.close()
    assert not list(tmp_path.iterdir())


def test_an_unknown_tracker_is_one_line(tmp_path, capsys):
    arguments = ["run", "--domain", "toy", "--preset", "smoke", "--out", str(tmp_path)]
    assert invoke([*arguments, "--tracker", "tensorbord"]) == 2
    assert "did you mean 'tensorboard'?" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["tensorboard", "trackio"])
def test_a_missing_package_names_its_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=rf"pip install 'vmbench\[{name}\]'"):
        require_trackers([name])


def test_trackio_gets_the_metrics(tmp_path):
    """In a process of its own, against the real package where it is installed."""
    pytest.importorskip("trackio")
    code = (
        "from pathlib import Path\n"
        "from vmbench.training.trackers import Tracked, Trackio\n"
        "tracker = Trackio(Tracked(Path('run-1'), 'pretrain', {'lr': 0.1}))\n"
        "tracker.log(10, {'loss': 2.5})\n"
        "tracker.close()\n"
        "from trackio.sqlite_storage import SQLiteStorage\n"
        "print('read', SQLiteStorage.get_logs('vmbench', 'run-1/pretrain'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TRACKIO_DIR": str(tmp_path), "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "2.5" in done.stdout.partition("read")[2]
