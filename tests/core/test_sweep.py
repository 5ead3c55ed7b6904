"""vmbench sweep: what it plans, that it finishes and repeats nothing, and what failed says so."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vmbench.cli import invoke
from vmbench.errors import UserError
from vmbench.sweeps.estimate import Times, estimate
from vmbench.sweeps.grid import Grid, read_grids
from vmbench.sweeps.local import LocalLauncher
from vmbench.sweeps.plan import plan_sweep

TESTS = str(Path(__file__).parent.parent)
QUICK = {"batch_size": 32, "epochs": 1, "linear.max_iter": 10}
TOY = {
    "domain": "toy", "preset": "smoke", "transfer": "toy-vector", "settings": QUICK,
    "plugin": "toy:Toy",
}  # fmt: skip


def start(grid, out, *more, **environment):
    """The command in a process of its own, where nobody has registered the toy domain."""
    file = out.parent / "grid.toml"
    file.write_text(grid)
    command = [sys.executable, "-m", "vmbench", "sweep", "--file", str(file), "--out", str(out)]
    return subprocess.Popen(
        [*command, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": TESTS, "COLUMNS": "300", **environment},
    )


HEAD = """
domain = "toy"
preset = "smoke"
transfer = "toy-vector"
plugin = ["toy:Toy", "faulty_views:Broken"]
settings = { batch_size = 32, epochs = 1, linear.max_iter = 10 }
"""


def plan(tmp_path, **asked):
    return plan_sweep([Grid(**{**TOY, **asked})], tmp_path)


def test_a_pretraining_that_evaluations_share_is_planned_once(tmp_path):
    jobs = plan(tmp_path, method=["viewmaker", "random-init"], eval=["linear", "knn"], seeds=2).jobs
    trainings = [job.name for job in jobs if job.kind == "pretraining"]
    assert len(trainings) == len(set(trainings)) == 2
    needs = [(job.plan.label, job.plan.evaluation.name, job.plan.seed, job.needs)
             for job in jobs if job.kind == "evaluation"]  # fmt: skip
    assert sorted(needs, key=str) == sorted(
        [("viewmaker", evaluation, seed, trainings[seed])
         for evaluation in ("linear", "knn") for seed in (0, 1)]
        + [("random-init", evaluation, seed, None)
           for evaluation in ("linear", "knn") for seed in (0, 1)],
        key=str,
    )  # fmt: skip


def test_a_method_without_objective_is_run_once_for_all_of_them(tmp_path):
    found = plan(tmp_path, method=["viewmaker", "random-init"], objective=["simclr", "byol"])
    assert [run.rsplit("-", 1)[0] for run in found.runs] == [
        "toy-viewmaker-simclr-smoke-s0", "toy-viewmaker-byol-smoke-s0", "toy-random-init-smoke-s0",
    ]  # fmt: skip


def test_seeds_are_a_number_of_them_or_which():
    assert Grid(domain="toy", seeds=3).seeds == (0, 1, 2)
    assert Grid(domain="toy", seeds=[3, 5]).seeds == (3, 5)


@pytest.mark.parametrize(("text", "message"), [
    ('domain = "toy"\nmethods = "viewmaker"', "methods: extra inputs are not permitted"),
    ('domain = "toy"\nseeds = 0', "seeds"),
    ('domain = "toy"\nseeds = [-1]', "seeds"),
    ('method = "viewmaker"', "domain: field required"),
    ("domain = ", "is no valid .toml"),
    ('domain = "toy"\ngrid = 3', r"\[\[grid\]\]"),
])  # fmt: skip
def test_a_grid_that_asks_for_nothing_known_is_refused(text, message, tmp_path):
    file = tmp_path / "grid.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=message):
        read_grids(file)


def test_blocks_of_a_file_are_products_of_their_own(tmp_path):
    file = tmp_path / "grid.toml"
    file.write_text('seeds = 2\n[[grid]]\ndomain = "toy"\n[[grid]]\ndomain = "audio"\nseeds = 1')
    found = [(r.domain, r.seed) for grid in read_grids(file) for r in grid.requests()]
    assert found == [("toy", 0), ("toy", 1), ("audio", 0)]


def test_what_is_wrong_with_one_run_is_said_before_any_starts(tmp_path, capsys):
    arguments = ["sweep", "--domain", "toy", "--preset", "smoke", "--method", "random-init"]
    assert invoke([*arguments, "--method", "viewmakr", "--out", str(tmp_path / "out")]) == 2
    assert "did you mean 'viewmaker'?" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_of_all_domains_those_that_a_method_does_not_serve_are_named(tmp_path):
    everywhere = {"domain": "all", "method": "specaugment", "preset": "smoke"}
    found = plan_sweep([Grid(**everywhere)], tmp_path)
    assert {job.plan.domain.name for job in found.jobs} >= {"audio"}
    assert any("tabular, specaugment: method 'specaugment' serves" in each
               for each in found.left_out)  # fmt: skip


def test_a_dry_run_shows_the_plan_and_writes_nothing(tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["sweep", "--domain", "toy", "--preset", "smoke", "--dry-run", "--json"]
    assert invoke([*arguments, "--out", str(out)]) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert [job["kind"] for job in document["jobs"]] == ["pretraining", "evaluation"]
    assert document["jobs"][1]["needs"] == document["jobs"][0]["name"]
    assert "1 runs: 0 done before; left: 1 pretrainings and 1 evaluations" in said.err
    assert not out.exists()


def test_the_estimate_is_no_less_than_the_longest_chain_and_the_share(tmp_path):
    jobs = plan(tmp_path, seeds=4).jobs
    times = Times(tmp_path)
    each = [times.of(job)[0] for job in jobs]
    assert estimate(jobs, times, 1).seconds == pytest.approx(sum(each))
    assert estimate(jobs, times, 2).seconds == pytest.approx(sum(each) / 2)
    assert estimate(jobs, times, 100).seconds == pytest.approx(each[0] + each[1])
    assert estimate(jobs, times, 1).guessed == len(jobs)


def test_a_sweep_with_a_failing_method_does_the_rest_and_marks_it(tmp_path):
    out = tmp_path / "out"
    grid = HEAD + 'method = ["random-init", "broken-views"]'
    process = start(grid, out, "--processes", "2")
    board, log = process.communicate(timeout=300)
    assert process.returncode == 1, log
    assert sorted(p.parent.name.rsplit("-", 3)[0] for p in out.glob("*/result.json")) == [
        "toy-random-init",
    ]  # fmt: skip
    (failure,) = out.glob("failures/*.json")
    reason = json.loads(failure.read_text())["reason"]
    assert "its pretraining failed: " in reason
    assert "these views are broken" in reason
    assert f"seed 0: {reason}" in board
    # The same command tries what failed again, and nothing else.
    before = {path: path.read_bytes() for path in out.glob("*/result.json")}
    mended = start(grid, out, "--quiet", VMBENCH_TEST_MENDED="1")
    board, log = mended.communicate(timeout=300)
    assert mended.returncode == 0, log
    assert len(list(out.glob("*/result.json"))) == 2
    assert {path: path.read_bytes() for path in before} == before
    assert not list(out.glob("failures/*.json"))
    assert "failed" not in board
    # Nothing is left: the plan is empty, whichever process asks.
    again = plan_sweep(read_grids(tmp_path / "grid.toml"), out)
    assert (again.jobs, len(again.done)) == ((), 2)


def test_two_sweeps_over_one_folder_share_the_work_and_a_killed_worker_is_tried_again(tmp_path):
    out = tmp_path / "out"
    grid = HEAD.replace("epochs = 1", "epochs = 20") + 'method = "viewmaker"'
    both = [start(grid, out, "--processes", "1") for _ in range(2)]
    deadline = time.monotonic() + 120
    while not (pids := list(out.glob("pretrainings/*/.lock.pid"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(int(pids[0].read_text().split()[0]), signal.SIGKILL)
    ended = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert len(list(out.glob("*/result.json"))) == len(list(out.glob("pretrainings/*"))) == 1
    (log,) = out.glob("pretrainings/*/metrics.jsonl")
    steps = [json.loads(each)["step"] for each in log.read_text().splitlines()]
    assert steps == sorted(set(steps))  # nobody trained it twice


def test_a_sweep_that_is_stopped_leaves_no_process_and_goes_on(tmp_path):
    out = tmp_path / "out"
    grid = HEAD.replace("epochs = 1", "epochs = 5000") + 'method = "viewmaker"'
    process = start(grid, out)
    deadline = time.monotonic() + 120
    while not (logs := list(out.glob("pretrainings/*/metrics.jsonl"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (pid,) = (int(p.read_text().split()[0]) for p in out.glob("pretrainings/*/.lock.pid"))
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=120)
    assert process.returncode == 130, log
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert list(logs[0].parent.rglob("*state*"))  # what it goes on from
    assert not list(out.glob("failures/*"))


def test_a_worker_whose_sweep_is_gone_stops(tmp_path):
    out = tmp_path / "out"
    grid = HEAD.replace("epochs = 1", "epochs = 5000") + 'method = "viewmaker"'
    process = start(grid, out)
    deadline = time.monotonic() + 120
    while not list(out.glob("pretrainings/*/metrics.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (pid,) = (int(p.read_text().split()[0]) for p in out.glob("pretrainings/*/.lock.pid"))
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_memory_is_given_to_as_many_processes_as_fit(tmp_path, monkeypatch):
    monkeypatch.setattr("vmbench.sweeps.local.cores", lambda: 8)
    monkeypatch.setattr("vmbench.sweeps.local.available", lambda: 5e9)
    launcher = LocalLauncher(tmp_path)
    assert (launcher.processes, launcher.threads) == (3, 2)
    monkeypatch.setattr("vmbench.sweeps.local.available", lambda: None)
    assert LocalLauncher(tmp_path).processes == 8
    assert LocalLauncher(tmp_path, on_gpu=True).processes == 1
