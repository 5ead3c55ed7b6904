"""Whole runs on the toy domain: folders, results, reproducibility, resuming after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import vmbench
from vmbench.errors import UserError
from vmbench.results import Result, json_schema, read_result

HERE = Path(__file__).parent


def run(out, method="viewmaker", **options):
    options = {"preset": "smoke", "pretrain": "toy-vector", **options}
    options["settings"] = {"batch_size": 32, **options.get("settings", {})}
    return vmbench.run("toy", method, out=out, **options)


@pytest.mark.parametrize("method", ["viewmaker", "random-init", "raw-features", "supervised"])
@pytest.mark.parametrize("pretrain", ["toy-grid", "toy-sequence", "toy-vector"])
def test_every_spec_and_yardstick_gives_the_same_result_twice(method, pretrain, tmp_path):
    first, second = (run(tmp_path / name, method, pretrain=pretrain) for name in "ab")
    assert first.values() == second.values()
    folder = tmp_path / "a" / first.run_id
    assert read_result(folder / "result.json") == first
    assert json.loads((folder / "config.json").read_text())["pretrain"].startswith(pretrain)
    assert (folder / "metrics.jsonl").exists() == (method == "viewmaker")
    assert (folder / "views.png").exists() == (method == "viewmaker")
    files = {p.suffix for p in folder.rglob("*") if p.is_file()}
    assert files <= {".json", ".jsonl", ".safetensors", ".png"}
    for task in first.tasks:
        assert task.n_test * task.value == pytest.approx(round(task.n_test * task.value))
        assert task.value == task.metrics["accuracy"]


def test_another_seed_is_another_result_and_another_folder(tmp_path):
    first, second = run(tmp_path, seed=0), run(tmp_path, seed=1)
    assert first.run_id != second.run_id
    assert first.config_hash == second.config_hash
    assert first.pretrain.final_loss != second.pretrain.final_loss


def test_transfer_reaches_the_embedded_datasets_of_the_same_spec(tmp_path):
    result = run(tmp_path, "random-init")
    assert [(t.dataset, t.task) for t in result.tasks] == [
        ("toy-vector", "kind"),
        ("toy-other", "kind"),
    ]
    only = run(tmp_path, "random-init", transfer=["toy-other/kind"])
    assert [t.dataset for t in only.tasks] == ["toy-other"]
    assert only.tasks[0].value == result.tasks[1].value


def test_a_dataset_without_a_task_is_pretrained_on_and_judged_on_others(tmp_path):
    result = run(tmp_path, pretrain="toy-bare", transfer=["toy-vector"])
    assert (result.pretrain.dataset, result.pretrain.n_examples) == ("toy-bare", 256)
    assert [t.dataset for t in result.tasks] == ["toy-vector"]
    with pytest.raises(UserError, match=r"'toy-bare' has no task \(nobody labelled it\); pretrain"):
        run(tmp_path, pretrain="toy-bare", transfer=["toy-bare"])
    with pytest.raises(UserError, match="'toy-bare' has 0 training examples"):
        run(tmp_path, pretrain="toy-bare", transfer=["toy-vector"], settings={"unlabelled": False})


def test_a_finished_run_is_read_and_overwrite_repeats_it(tmp_path):
    first = run(tmp_path, "random-init")
    assert run(tmp_path, "random-init") == first
    with pytest.raises(UserError, match="--overwrite repeats it"):
        run(tmp_path, "random-init", resume=False)
    path = tmp_path / first.run_id / "result.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 9'))
    assert run(tmp_path, "random-init").seed == 9
    assert run(tmp_path, "random-init", overwrite=True).seed == 0


def test_a_folder_of_another_configuration_is_left_alone(tmp_path):
    first = run(tmp_path, "random-init")
    config = tmp_path / first.run_id / "config.json"
    config.write_text(config.read_text().replace('"seed": 0', '"seed": 7'))
    with pytest.raises(UserError, match="another configuration's run"):
        run(tmp_path, "random-init")
    with pytest.raises(UserError, match="itself a run's folder"):
        run(tmp_path / first.run_id, "random-init")


def test_supervised_reads_no_label_column(tmp_path, monkeypatch):
    """With the label's column as the only informative one, hiding it leaves chance."""
    import numpy as np
    import toy

    from vmbench.data.dataset import Task

    class Leaky(toy.ToyVector):
        name = "leaky"
        noise = 0.0
        tasks = (Task("kind", toy.CLASSES, "rows", hidden=((0, 3),)),)

        def examples(self):
            rng = np.random.default_rng(0)
            for e in super().examples():
                x = rng.standard_normal(9).astype(np.float32)
                x[:3] = np.eye(3)[e.labels["kind"]]
                yield type(e)(x, e.labels, e.splits)

    monkeypatch.setitem(toy.Toy.datasets, "leaky", Leaky)
    for method in ("raw-features", "supervised"):
        result = run(tmp_path, method, pretrain="leaky", transfer=["leaky"])
        assert result.tasks[0].value < 0.6, method
    monkeypatch.setattr(Leaky, "tasks", (Task("kind", toy.CLASSES, "rows"),))
    monkeypatch.setattr(Leaky, "revision", "2")
    assert run(tmp_path, "raw-features", pretrain="leaky", transfer=["leaky"]).tasks[0].value == 1


PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
import toy
toy.register()
from vmbench.cli import invoke
sys.exit(invoke(sys.argv[1:]))
"""
ARGUMENTS = [
    "run",
    "--domain",
    "toy",
    "--preset",
    "smoke",
    "--set",
    "batch_size=32",
    "--set",
    "checkpoint_minutes=0.000001",
    "--epochs",
    "60",
    "--transfer",
    "toy-vector",
]


def start(out):
    program = PROGRAM.format(tests=str(HERE.parent))
    return subprocess.Popen(
        [sys.executable, "-c", program, *ARGUMENTS, "--out", str(out)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def wait_for_steps(out, steps):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        logs = list(Path(out).glob("pretrainings/*/metrics.jsonl"))
        if logs and len(logs[0].read_text().splitlines()) * 10 >= steps:
            return
        time.sleep(0.01)
    raise AssertionError("the run never got going")


def finish(process, seconds=120):
    """Exit code and stderr; also closes the pipes."""
    _, errors = process.communicate(timeout=seconds)
    return process.returncode, errors


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    code, errors = finish(start(out))
    assert code == 0, errors
    return read_result(next(out.glob("*/result.json")))


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)]
)
def test_a_killed_process_goes_on_to_the_same_result(sent, code, tmp_path, uninterrupted):
    process = start(tmp_path)
    wait_for_steps(tmp_path, 40)
    process.send_signal(sent)
    returned, errors = finish(process)
    assert returned == code, errors
    assert not list(tmp_path.glob("*/result.json"))
    if code == 130:
        assert errors.splitlines()[-1].startswith("vmbench: interrupted")
    returned, errors = finish(start(tmp_path))
    assert returned == 0, errors
    result = read_result(next(tmp_path.glob("*/result.json")))
    assert result.values() == uninterrupted.values()
    assert not list(tmp_path.rglob("*.state.safetensors"))


def test_the_committed_schema_is_current():
    committed = Path(vmbench.__file__).parent / "result.schema.json"
    assert committed.read_text() == json_schema()


def test_unknown_fields_and_nan_break_the_schema(tmp_path):
    result = run(tmp_path, "random-init")
    data = json.loads((tmp_path / result.run_id / "result.json").read_text())
    bad = tmp_path / "result.json"
    for change in ({"extra": 1}, {"schema_version": 3}, {"seed": "many"}):
        bad.write_text(json.dumps({**data, **change}))
        with pytest.raises(UserError, match=f"{bad}.*{next(iter(change))}"):
            read_result(bad)
    data["tasks"][0]["value"] = float("nan")
    bad.write_text(json.dumps(data))
    with pytest.raises(UserError, match=r"tasks\.0\.value"):
        read_result(bad)
    assert isinstance(result, Result)
