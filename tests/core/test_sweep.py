"""vmbench sweep: what it plans, that it finishes and repeats nothing, and what failed says so."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from vmbench.cli import invoke
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench.sweeps.estimate import Times, estimate
from vmbench.sweeps.grid import Grid, read_grids
from vmbench.sweeps.launchers import order_of
from vmbench.sweeps.local import LocalLauncher
from vmbench.sweeps.plan import plan_sweep
from vmbench.sweeps.work import work

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


class Here:
    """A launcher that does each job in this process, at once."""

    processes = 1

    def __init__(self, out):
        self.out, self.ended, self.started = out, [], []

    def has_room(self):
        return True

    def start(self, job):
        self.started.append(job.name)
        self.ended.append((job.name, work(order_of(job, self.out))))

    def finished(self, seconds):
        yield from self.ended
        self.ended.clear()

    def close(self):
        pass


@pytest.fixture
def here(monkeypatch):
    """The sweeps of this process take their jobs here, and register plugins for it alone."""
    launchers = []
    for kind in ("method", "domain"):
        entries = registry(kind)._entries
        monkeypatch.setattr(registry(kind), "_entries", {n: list(e) for n, e in entries.items()})

    def launcher(name, out, *rest, **more):  # noqa: ARG001 (the signature of what it replaces)
        launchers.append(Here(out))
        return launchers[-1]

    monkeypatch.setattr("vmbench.cli.sweep._launcher", launcher)
    return launchers


def test_a_sweep_with_a_failing_method_does_the_rest_and_marks_it(
    tmp_path, here, capsys, monkeypatch
):
    out = tmp_path / "out"
    grid = 'method = ["random-init", "viewmaker", "broken-views"]\neval = ["linear", "knn"]'
    (tmp_path / "grid.toml").write_text(HEAD + grid)
    command = ["sweep", "--file", str(tmp_path / "grid.toml"), "--out", str(out)]
    assert invoke(command) == 1
    said = capsys.readouterr().out
    assert sorted(path.parent.name.rsplit("-", 3)[0] for path in out.glob("*/result.json")) == [
        "toy-random-init", "toy-random-init-knn", "toy-viewmaker-simclr",
        "toy-viewmaker-simclr-knn",
    ]  # fmt: skip
    reasons = {json.loads(path.read_text())["reason"] for path in out.glob("failures/*.json")}
    assert reasons == {"its pretraining failed: these views are broken"}
    # Both boards, that of linear and that of knn, say so, and do not call it missing.
    assert said.count("  failed: broken-views (simclr") == 2
    assert said.count("on toy, seed 0: its pretraining failed: these views are broken") == 2
    assert "missing" not in said
    # The same command tries what failed again, and nothing else.
    before = {path: path.read_bytes() for path in out.glob("*/result.json")}
    monkeypatch.setenv("VMBENCH_TEST_MENDED", "1")
    assert invoke([*command, "--quiet"]) == 0
    assert [name.partition("-s0")[0] for name in here[1].started] == [
        "toy-vector-broken-views-simclr", "toy-broken-views-simclr-smoke",
        "toy-broken-views-simclr-knn-smoke",
    ]  # fmt: skip
    assert {path: path.read_bytes() for path in before} == before
    assert not list(out.glob("failures/*.json"))
    assert "failed" not in capsys.readouterr().out
    # A result that is damaged is done again, as is one of files that have changed since.
    damaged = min(before)
    damaged.write_text(damaged.read_text()[:-40])
    assert invoke([*command, "--quiet"]) == 0
    assert here[2].started == [damaged.parent.name]


def test_a_run_of_files_that_have_changed_is_repeated(tmp_path, here):
    table = tmp_path / "table.csv"
    rows = [f"{i % 7},{i % 5},{'ab'[i % 2]}" for i in range(60)]
    table.write_text("\n".join(["size,mass,kind", *rows]))
    command = ["sweep", "--domain", "tabular", "--method", "raw-features", "--preset", "smoke",
               "--pretrain", "table", "--data-dir", str(table), "--target", "kind", "--quiet",
               "--out", str(tmp_path / "out")]  # fmt: skip
    assert invoke(command) == invoke(command) == 0
    table.write_text("\n".join(["size,mass,kind", *rows, "3,3,a"]))
    assert invoke(command) == 0
    assert [len(launcher.started) for launcher in here] == [1, 0, 1]
    newest = max((tmp_path / "out").glob("*/result.json"), key=lambda path: path.stat().st_mtime)
    (task,) = json.loads(newest.read_text())["tasks"]
    assert task["n_train"] + task["n_val"] + task["n_test"] == 61


def test_two_sweeps_over_one_folder_share_the_work_and_a_killed_worker_is_tried_again(tmp_path):
    out = tmp_path / "out"
    grid = HEAD.replace("epochs = 1", "epochs = 3") + 'method = "viewmaker"'
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


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_sweep_that_ends_early_leaves_no_process_and_what_to_go_on_from(how, tmp_path):
    out = tmp_path / "out"
    process = start(HEAD.replace("epochs = 1", "epochs = 5000") + 'method = "viewmaker"', out)
    deadline = time.monotonic() + 120
    while not (logs := list(out.glob("pretrainings/*/metrics.jsonl"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (pid,) = (int(p.read_text().split()[0]) for p in out.glob("pretrainings/*/.lock.pid"))
    process.send_signal(how)
    process.communicate(timeout=120)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGKILL: -9}[how]
    while is_alive(pid):  # after a Ctrl-C the sweep itself waits for it
        assert how == signal.SIGKILL
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert list(logs[0].parent.glob("**/*state*"))
    assert not list(out.glob("failures/*"))


def is_alive(pid):
    try:  # an orphan that has ended may wait for whoever is process 1
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_memory_is_given_to_as_many_processes_as_fit(tmp_path, monkeypatch):
    monkeypatch.setattr("vmbench.sweeps.local.usable_cores", lambda: 8)
    monkeypatch.setattr("vmbench.sweeps.local.available", lambda: 5e9)
    launcher = LocalLauncher(tmp_path)
    assert (launcher.processes, launcher.threads) == (3, 2)
    monkeypatch.setattr("vmbench.sweeps.local.available", lambda: None)
    assert LocalLauncher(tmp_path).processes == 8
    assert LocalLauncher(tmp_path, on_gpu=True).processes == 1


def test_without_ray_the_extra_that_brings_it_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    command = ["sweep", "--domain", "toy", "--preset", "smoke", "--launcher", "ray"]
    assert invoke([*command, "--out", str(tmp_path)]) == 2
    assert "pip install 'vmbench[ray]'" in capsys.readouterr().err


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_a_job_that_is_lost_on_ray_is_tried_again(tmp_path):
    """A task whose process dies is repeated; ``benchmarks/ray_sweep.py`` kills a whole node."""
    out = tmp_path / "out"
    grid = HEAD.replace("epochs = 1", "epochs = 300") + 'method = "viewmaker"'
    process = start(grid, out, "--launcher", "ray")
    deadline = time.monotonic() + 120
    while not list(out.glob("pretrainings/*/metrics.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (pid,) = (int(p.read_text().split()[0]) for p in out.glob("pretrainings/*/.lock.pid"))
    os.kill(pid, signal.SIGKILL)
    _, log = process.communicate(timeout=300)
    assert process.returncode == 0, log
    assert len(list(out.glob("*/result.json"))) == 1
