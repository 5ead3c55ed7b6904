"""The commands, as a user types them: through the core's command line, with its exit codes."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from leaderboard.factory import result, study, write
from typer.testing import CliRunner

from vmbench.errors import UserError
from vmbench_leaderboard.cli import app

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return write(study(seeds=range(3)), tmp_path_factory.mktemp("runs"))


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def vmbench(*arguments, cwd=ROOT, **environment):
    """The real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "vmbench", "leaderboard", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "leaderboard")])}
        | environment,
    )


def dropped(results, method, by):
    return [
        r.model_copy(
            update={"tasks": [t.model_copy(update={"value": t.value - by}) for t in r.tasks]}
        )
        if r.method == method
        else r
        for r in results
    ]


def test_show_prints_the_boards(runs):
    done = invoke("show", runs)
    assert done.exit_code == 0
    assert "all domains (small)" in done.stdout
    assert "viewmaker+handcrafted" in done.stdout


def test_show_reads_runs_by_default(runs, monkeypatch):
    (runs / "runs").symlink_to(runs)
    monkeypatch.chdir(runs)
    assert "viewmaker+handcrafted" in invoke("show").stdout


def test_show_json_is_one_document_and_filters_compute_again(runs):
    document = json.loads(invoke("show", runs, "--json", "--domain", "sensor").stdout)
    assert [board["title"] for board in document["boards"]] == ["sensor"]


def test_views_come_from_the_results(runs):
    (board,) = json.loads(invoke("show", runs, "--json", "--domain", "audio").stdout)["boards"]
    views = {row["method"]: row["views"] for row in board["rows"]}
    assert views["viewmaker"] == "learned"


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("markdown", "## all domains"),
        ("csv", "rank,"),
        ("json", "{"),
        ("html", "<!doctype html>"),
        ("github", "## vmbench: "),
        ("badge", "{"),
    ],
)
def test_export_writes_each_format_to_stdout_and_to_a_file(runs, tmp_path, name, begins):
    printed = invoke("export", runs, "--format", name)
    assert printed.exit_code == 0
    assert printed.stdout.startswith(begins)
    out = tmp_path / "board"
    written = invoke("export", runs, "--format", name, "--out", out)
    assert (written.exit_code, written.stdout) == (0, "")
    assert out.read_text(encoding="utf-8") == printed.stdout


def test_a_file_that_cannot_be_written_is_the_users_to_mend(runs, tmp_path):
    out = tmp_path / "no" / "such" / "folder.md"
    done = invoke("export", runs, "--format", "markdown", "--out", out)
    assert isinstance(done.exception, UserError)
    assert str(done.exception).startswith(f"cannot write {out}")


def test_github_export_with_a_baseline_gives_the_verdict(runs, tmp_path):
    worse = write(dropped(study(seeds=range(3)), "viewmaker", 0.2), tmp_path)
    done = invoke("export", worse, "--format", "github", "--baseline", runs)
    assert done.stdout.startswith("## vmbench: :x: regression (35 cells: 5 worse, 30 same)")
    refused = invoke("export", worse, "--format", "csv", "--baseline", runs)
    assert isinstance(refused.exception, UserError)


def test_diff_shows_every_cell(runs, tmp_path):
    head = write(dropped(study(seeds=range(3)), "viewmaker", 0.2), tmp_path)
    text = invoke("diff", runs, head).stdout
    assert text.count("-0.2000") == 5
    assert "35 cells: 5 worse, 30 same" in text
    document = json.loads(invoke("diff", runs, head, "--json").stdout)
    assert len(document["cells"]) == 35
    assert document["cells"][0]["shared_seeds"] == 3


def test_check_passes_on_the_same_results(runs):
    done = invoke("check", runs, "--baseline", runs)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.strip() == "35 cells: 35 same"


def test_check_exits_3_on_a_regression_even_when_cells_are_missing(runs, tmp_path):
    results = [r for r in study(seeds=range(3)) if r.method != "gaussian-noise"]
    head = write(dropped(results, "viewmaker", 0.2), tmp_path)
    done = invoke("check", head, "--baseline", runs)
    assert done.exit_code == 3
    assert done.stderr.count("\n") == 1
    assert "regression in 5 cells, the first viewmaker (simclr) on audio:fsdd/digit" in done.stderr
    assert "missing" in done.stdout


def test_check_exits_4_on_missing_cells(runs, tmp_path):
    head = write([r for r in study(seeds=range(3)) if r.method != "gaussian-noise"], tmp_path)
    done = invoke("check", head, "--baseline", runs)
    assert done.exit_code == 4
    assert "missing 5 cells, the first gaussian-noise (simclr) on audio:fsdd/digit" in done.stderr


@pytest.mark.parametrize("command", ["show", "export", "diff", "check"])
def test_a_broken_file_is_exit_code_5_and_one_line(runs, tmp_path, command):
    (tmp_path / "result.json").write_text('{"schema_version": 1}')
    arguments = {
        "show": [tmp_path],
        "export": [tmp_path, "--format", "csv"],
        "diff": [runs, tmp_path],
        "check": [tmp_path, "--baseline", runs],
    }[command]
    done = invoke(command, *arguments)
    assert done.exit_code == 5
    assert done.stderr.count("\n") == 1
    assert "run_id: Field required" in done.stderr


def test_tolerance_and_k_move_the_bar(runs, tmp_path):
    head = write(dropped(study(seeds=range(3)), "viewmaker", 0.2), tmp_path)
    assert invoke("check", head, "--baseline", runs, "--tolerance", "0.3").exit_code == 0
    assert invoke("check", head, "--baseline", runs, "--k", "-1").exit_code == 2


@pytest.mark.parametrize("command", ["show", "check", "markdown", "html", "json"])
def test_an_ascii_output_never_fails(runs, tmp_path, command):
    write(dropped(study(seeds=range(3)), "viewmaker", 0.2), tmp_path / "head")
    arguments = {
        "show": ["show", runs],
        "check": ["check", tmp_path / "head", "--baseline", runs],
    }.get(command, ["export", runs, "--format", command])
    done = vmbench(*arguments, PYTHONIOENCODING="ascii")
    assert done.returncode == (3 if command == "check" else 0), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.isascii()
    assert bool(re.search(r"[ >]\+-0\.", done.stdout)) == (command in {"show", "markdown", "html"})


def test_a_result_saved_as_utf_16_is_exit_code_5_by_name(tmp_path):
    result(seed=0).write(tmp_path / "fine.json")
    (tmp_path / "wide.json").write_bytes(result(seed=1).model_dump_json().encode("utf-16"))
    done = invoke("show", tmp_path)
    assert done.exit_code == 5
    assert "wide.json is not plain UTF-8" in done.stderr
    assert done.stderr.count("\n") == 1


def test_check_with_one_seed_says_what_it_rests_on(tmp_path):
    write([result()], tmp_path / "base")
    write([result(values={"fsdd/digit": 0.8})], tmp_path / "head")
    done = invoke("check", tmp_path / "head", "--baseline", tmp_path / "base")
    assert done.exit_code == 3
    assert "noise from tolerance" in done.stderr
    assert "the tolerance alone decides" in done.stdout


def test_unfinished_runs_are_said_on_stderr_and_left_out(tmp_path):
    write([result()], tmp_path)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text("{}")
    done = invoke("export", tmp_path, "--format", "csv")
    assert "1 unfinished run left out" in done.stderr
    assert done.stdout.startswith("rank,")


def test_the_core_maps_errors_to_exit_codes(tmp_path):
    missing = vmbench("show", tmp_path / "nowhere")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith("vmbench: ")
    assert missing.stderr.count("\n") == 1
    write([result(), result(seed=1, preset="smoke")], tmp_path)
    mixed = vmbench("show", tmp_path)
    assert mixed.returncode == 2
    assert "--preset small" in mixed.stderr


def test_no_command_imports_torch(runs):
    script = f"""
import sys
from vmbench_leaderboard.cli import app
heavy = {{"scipy", "rich.table", "jinja2", "numpy", "pydantic"}} & sys.modules.keys()
assert not heavy, heavy
for command in (["show"], ["export", "--format", "html"], ["check", "--baseline", {str(runs)!r}]):
    try:
        app([command[0], {str(runs)!r}, *command[1:]], standalone_mode=False)
    except SystemExit as end:
        assert not end.code, end
assert "torch" not in sys.modules
print("light", file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "leaderboard")])},
    )
    assert done.stderr == "light\n", done.stderr[-2000:]


SCALE = """
import re, sys, time
began = time.perf_counter()
from pathlib import Path
from vmbench_leaderboard.board import build_boards
from vmbench_leaderboard.load import load
from vmbench_leaderboard.render.csv import render
render(build_boards(load([Path(sys.argv[1])]).results))
seconds = time.perf_counter() - began
# Not getrusage: its peak survives exec, so that it would be that of pytest.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(time.process_time(), seconds, peak)
"""


def test_ten_thousand_files_in_ten_seconds_and_a_gibibyte(tmp_path):
    """200 rows of 5 seeds, and 10 domains of 3 tasks: 10,000 files, 30,000 values.

    Two of three tasks tell 100 test units each.
    """
    units = {"a/c": [0.6] * 100, "d/e": [0.7] * 100}
    template = result(
        "METHOD", 0, {"a/b": 0.5, "a/c": 0.6, "d/e": 0.7}, domain="DOMAIN", units=units
    )
    text = template.model_dump_json(indent=2).replace('"seed": 0', '"seed": SEED')
    methods = ["random-init", "supervised", *(f"method-{i}" for i in range(198))]
    for place, method in enumerate(methods):
        for domain in range(10):
            for seed in range(5):
                value = 0.2 + place % 97 / 200 + seed / 1000
                one = text.replace("METHOD", method).replace("DOMAIN", f"domain-{domain}")
                one = one.replace('"seed": SEED', f'"seed": {seed}')
                one = one.replace('"value": 0.5', f'"value": {value}')
                folder = tmp_path / f"{domain}-{method}-{seed}"
                folder.mkdir()
                (folder / "result.json").write_text(one)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", SCALE, str(tmp_path)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "leaderboard")])},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    cpu, seconds, kibibytes = map(float, done.stdout.split())
    said = (
        f"10,000 files: {seconds:.1f} s ({cpu:.1f} s of CPU) and {kibibytes / 1024:.0f} MiB; "
        f"with start-up {time.perf_counter() - began:.1f} s"
    )
    started = time.process_time()
    for path in tmp_path.glob("*/result.json"):
        json.loads(path.read_text())
    reading = time.process_time() - started
    print(said, f"reading alone {reading:.1f} s of CPU")
    # CPU time, since other work on the machine is not this program's; on a slow machine, whose
    # reading alone takes long, as a multiple of that.
    assert cpu <= max(10, 5 * reading), said
    assert kibibytes <= 1024 * 1024, said
