"""Output anywhere: ASCII alone, twenty columns, brackets in names; stdout is the command's."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import toy

from vmbench.cli import invoke
from vmbench.cli.output import echo, kept_for_output
from vmbench.cli.run import print_result
from vmbench.data.dataset import Task
from vmbench.results import Result


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    import vmbench

    folder = tmp_path_factory.mktemp("runs")
    return vmbench.run("toy", "random-init", preset="smoke", out=folder, pretrain="toy-vector")


def shown(result, width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    print_result(result, Path("runs/x"))
    return capsys.readouterr().out


def numbers(result):
    return {
        f"{value:.4f}"
        for task in result.tasks
        for value in (task.value, task.probe.val_value, task.metrics["balanced_accuracy"])
    }


@pytest.mark.parametrize("width", [10, 20, 40, 80, 200])
def test_every_number_and_name_is_whole_at_any_width(width, result, monkeypatch, capsys):
    out = shown(result, width, monkeypatch, capsys)
    for needle in (*numbers(result), *(f"{t.dataset}/{t.task}" for t in result.tasks)):
        assert needle in out
    drawn = any(character in out for character in "│|")
    assert drawn == (width >= 80)


def test_brackets_in_names_are_no_markup(result, monkeypatch, capsys):
    task = result.tasks[0].model_copy(update={"task": "[bold]kind[/bold]"})
    out = shown(result.model_copy(update={"tasks": [task]}), 200, monkeypatch, capsys)
    assert "[bold]kind[/bold]" in out


ASCII = """
import sys
sys.path.insert(0, {tests!r})
import toy
from vmbench.data.dataset import Task
toy.ToyVector.tasks = (Task("größe", ("klein", "groß", "µ"), "jede fünfte Zeile"),)
examples = toy.ToyVector.examples
def renamed(self):
    from dataclasses import replace
    for e in examples(self):
        yield replace(e, labels={{"größe": e.labels["kind"]}}, splits={{"größe": e.splits["kind"]}})
toy.ToyVector.examples = renamed
toy.register()
from vmbench.cli import main
main()
"""


def test_ascii_alone_fails_nothing_that_was_done(tmp_path):
    program = ASCII.format(tests=str(Path(toy.__file__).parent))
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    command = [
        sys.executable,
        str(tmp_path / "program.py"),
        "run",
        "--domain",
        "toy",
        "--method",
        "random-init",
    ]
    command += ["--preset", "smoke", "--transfer", "toy-vector", "--out", str(tmp_path / "rüns")]
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0",
                  "PYTHONCOERCECLOCALE": "0"}  # fmt: skip
    env = {**os.environ, **ascii_only, "VMBENCH_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(command, capture_output=True, env=env)
    assert done.returncode == 0, done.stderr
    assert b"toy-vector/gr??e" in done.stdout or b"toy-vector/gr?" in done.stdout
    assert done.stdout.isascii()
    again = subprocess.run([*command, "--json"], capture_output=True, env=env)
    assert again.returncode == 0, again.stderr
    assert again.stdout.isascii()
    result = Result.model_validate(json.loads(again.stdout))
    assert (result.tasks[0].task, result.tasks[0].split_rule) == ("größe", "jede fünfte Zeile")


def test_stdout_is_kept_for_the_command(capfd):
    with kept_for_output():
        print("a plugin")
        echo("the output")
        with kept_for_output():
            echo("more")
    print("after")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("the output\nmore\nafter\n", "a plugin\n")


def test_child_processes_cannot_spoil_stdout_either():
    program = (
        "import os, sys\nfrom vmbench.cli.output import echo, kept_for_output\n"
        "print('before')\n"
        "with kept_for_output():\n"
        "    os.system('echo a child'); os.write(1, b'a library\\n'); echo('the output')\n"
        "print('after', flush=True); os.write(1, b'end\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "before\nthe output\nafter\nend\n"
    assert done.stderr == "a child\na library\n"


BALANCED = Task("kind", ("a", "b", "c"), "a rule")


def sides(train, val, test):
    return {"train": np.array(train), "val": np.array(val), "test": np.array(test)}


def test_counts_are_said_where_they_matter():
    assert list(BALANCED.rules.notable(sides([0, 1, 2] * 4, [0, 1, 2], [0, 1, 2]))) == [
        "3 classes; 12 train, 3 val, 3 test"
    ]
    short, absent, unequal = BALANCED.rules.notable(sides([0] * 9 + [1, 2, 2], [0, 1, 2], [0, 1]))
    assert short == "3 classes; 12 train, 3 val, 2 test"
    assert absent == "warning: test has no example of 1 classes: c"
    assert re.fullmatch(r"warning: unequal classes \(a is 75\.0% of train, .* 9\.0\): .*", unequal)
    many = Task("many", tuple(f"class {i}" for i in range(200)), "a rule")
    lines = list(many.rules.notable(sides(list(range(200)), [0], [1])))
    assert all(len(line) < 250 for line in lines)


def test_a_run_says_one_line_a_task(tmp_path, capsys):
    command = ["run", "--domain", "toy", "--preset", "smoke", "--method", "random-init"]
    assert invoke([*command, "--transfer", "toy-vector", "--out", str(tmp_path)]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "toy-vector/kind" in line]
    assert len(said) == 2  # what it is, and the value
    assert max(map(len, said)) < 80
