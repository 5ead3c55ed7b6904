"""The workflows, also the one in the docs, name only commands and files that exist."""

import re
import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
import yaml

from vmbench.cli.app import build_app
from vmbench.registry import registry
from vmbench.runs.presets import PRESETS
from vmbench.sweeps.grid import read_grids
from vmbench_leaderboard import committed
from vmbench_leaderboard.load import load

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GUIDE = ROOT / "docs" / "ci.md"


def guide_workflow():
    (block,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return block


DOCUMENTS = [*((path.name, path.read_text()) for path in WORKFLOWS), ("ci.md", guide_workflow())]


def steps(text):
    return [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]


def commands(script):
    """The ``vmbench`` and ``python -m`` commands in a shell script, as lists of words."""
    for line in script.splitlines():
        match = re.search(
            r"(?:^|[ /])(vmbench (?:run|sweep|list|info|doctor|leaderboard)\b.*)$", line
        )
        if match:
            yield shlex.split(re.split(r" (?:>>|&&) ", match[1])[0])[1:]


def parsed(words):
    """Options that the real parser reads from ``words``; it raises on one that does not exist."""
    command = typer.main.get_command(build_app())
    while words and not words[0].startswith("-") and hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    return command.make_context("vmbench", list(words)).params


# What the shell puts in for a variable: one value stands for all, checked against the loop below.
VARIABLES = {"$domain": "audio", "$method": "viewmaker", "$seed": "0"}


@pytest.mark.parametrize("name", dict(DOCUMENTS))
def test_commands_formats_and_flags_exist(name):
    text = dict(DOCUMENTS)[name]
    document = yaml.safe_load(text)
    assert {"name", "jobs"} <= set(document)
    assert True in document, "YAML reads the key 'on' as true"
    for job in document["jobs"].values():
        assert {"runs-on", "timeout-minutes", "steps"} <= set(job)
    for step in steps(text):
        assert ("run" in step) != ("uses" in step)
        for words in commands(step.get("run", "")):
            options = parsed([VARIABLES.get(word, word) for word in words])
            assert options.get("preset", "small") in ([], None, *PRESETS)


def test_an_option_that_does_not_exist_is_noticed():
    (words,) = commands(".venv/bin/vmbench leaderboard export runs --format gitlab >> $X")
    with pytest.raises(Exception, match="gitlab"):
        parsed(words)
    with pytest.raises(Exception, match="--baselin"):
        parsed(["leaderboard", "check", "runs", "--baselin", "x"])


def test_the_smoke_matrix_is_every_domain_and_known_methods():
    (grid,) = read_grids(ROOT / "leaderboard" / "smoke.toml")
    built_in = {e.name for e in registry("domain") if e.target.startswith("vmbench_domains.")}
    assert grid.preset == "smoke"
    assert set(grid.domains) >= built_in
    known = {entry.name for entry in registry("method")} | {"handcrafted"}
    assert set(grid.method) <= known
    assert {"viewmaker", "random-init", "supervised"} <= set(grid.method)


def test_the_committed_results_are_those_of_the_committed_grid():
    (grid,) = read_grids(ROOT / "leaderboard" / "grid.toml")
    asked = {(r.domain, r.method, r.preset, r.seed) for r in grid.requests() if r.domain != "toy"}
    results = load([ROOT / "leaderboard" / "results"]).results
    assert {(r.domain, r.method, r.preset, r.seed) for r in results} == asked


def test_taking_the_results_of_a_sweep_leaves_no_older_ones(tmp_path):
    old, new = sorted((ROOT / "leaderboard" / "results").glob("audio-*.json"))[:2]
    (tmp_path / "board" / "results").mkdir(parents=True)
    shutil.copy(old, tmp_path / "board" / "results")
    run = tmp_path / "runs" / new.stem
    run.mkdir(parents=True)
    shutil.copy(new, run / "result.json")
    assert committed.main([str(tmp_path / "board"), "--from", str(tmp_path / "runs")]) == 0
    (left,) = (tmp_path / "board" / "results").iterdir()
    assert left.name == new.name
    assert load([left]).results == load([new]).results


def test_modules_and_make_targets_exist():
    text = "\n".join(text for _, text in DOCUMENTS)
    for module in re.findall(r"python -m (\w[\w.]*)", text):
        assert find_spec(module), module
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"(?:run: |&& |^ *)make (\w+)", text, re.MULTILINE):
        assert target in targets


def test_the_guide_s_exit_codes_are_the_program_s():
    from vmbench_leaderboard import cli

    table = dict(re.findall(r"^\| (\d) \| (.*) \|$", GUIDE.read_text(), re.MULTILINE))
    assert "regression" in table[str(cli.REGRESSION)]
    assert "missing" in table[str(cli.MISSING)]
    assert "schema" in table[str(cli.SCHEMA)]
