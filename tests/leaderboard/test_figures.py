"""Figures: what they draw against the numbers, equal bytes, one line on misuse."""

import json
import sys
from xml.etree import ElementTree

import pytest
from leaderboard.factory import result, study, write
from typer.testing import CliRunner

from vmbench.errors import UserError
from vmbench_leaderboard.board import build_boards
from vmbench_leaderboard.cli import app
from vmbench_leaderboard.series import epsilon_sweeps, read_losses, training_curves

EPSILONS = (0.05, 0.1, 0.3)
TASK = {"audio": ("fsdd/digit",)}


def invoke(*arguments):
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def sweep(seeds=(0, 1)):
    return [
        result(
            "viewmaker",
            seed,
            {"fsdd/digit": 0.8 + epsilon / 10 + seed / 100},
            settings={"epsilon": epsilon},
            run_id=f"viewmaker-{epsilon}-{seed}",
        )
        for epsilon in EPSILONS
        for seed in seeds
    ]


def board_of(results):
    return build_boards(results)[0]


def with_metrics(results, folder):
    write(results, folder)
    for one in results:
        if one.objective is not None:
            lines = [{"step": s, "loss": 5 - s / 50 + one.seed} for s in (10, 20, 30)]
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (folder / one.run_id / "metrics.jsonl").write_text(text)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    results = [*study(domains=TASK, seeds=range(2)), *sweep()]
    return with_metrics(results, tmp_path_factory.mktemp("runs"))


def test_a_curve_is_the_mean_over_seeds_on_the_steps_that_all_have():
    results = [result("viewmaker", seed) for seed in range(3)] + [result("handcrafted", 0)]
    losses = {
        id(results[0]): {10: 4.0, 20: 3.0, 30: 1.0},
        id(results[1]): {10: 6.0, 20: 4.0, 30: 1.0},
        id(results[2]): {10: 5.0, 20: 5.0},
    }
    curves = training_curves(board_of(results), losses)
    (line,) = curves["simclr"]
    assert (line.label, line.x, line.y) == ("viewmaker (simclr)", (10, 20), (5.0, 4.0))
    for low, mean, high in zip(line.low, line.y, line.high, strict=True):
        assert low < mean < high


def test_losses_of_different_objectives_are_kept_apart():
    results = [result(objective=name) for name in ("simclr", "simclr-reference")]
    curves = training_curves(board_of(results), {id(one): {10: 1.0} for one in results})
    assert list(curves) == ["simclr", "simclr-reference"]
    assert [line.low for lines in curves.values() for line in lines] == [(None,), (None,)]


def test_losses_are_read_beside_the_result_and_a_torn_line_is_skipped(tmp_path):
    assert read_losses(tmp_path / "result.json") is None
    (tmp_path / "metrics.jsonl").write_text('{"step": 10, "loss": 2.5}\n{"step": 20, "lo')
    assert read_losses(tmp_path / "result.json") == {10: 2.5}


def test_a_sweep_is_the_value_at_each_epsilon():
    (lines,) = epsilon_sweeps(board_of(sweep())).values()
    (line,) = lines
    assert line.x == EPSILONS
    assert line.y == pytest.approx([0.8 + e / 10 + 0.005 for e in EPSILONS])
    assert all(low < y < high for low, y, high in zip(line.low, line.y, line.high, strict=True))


def test_what_is_no_sweep():
    def swept(*changes, method="viewmaker"):
        runs = [result(method, settings=s, run_id=str(i)) for i, s in enumerate(changes)]
        return epsilon_sweeps(board_of(runs))

    assert swept({"epsilon": 0.1}, {"epsilon": 0.2})
    sections = [{"epsilon": None, "viewmaker": {"epsilon": epsilon}} for epsilon in (0.1, 0.2)]
    assert swept(*sections)
    assert not swept({"epsilon": 0.1})
    assert not swept({"epsilon": 0.1}, {"epsilon": 0.2}, method="handcrafted")
    two = [{"epsilon": e, "width": w} for w in (16, 32) for e in (0.1, 0.2)]
    (lines,) = swept(*two).values()
    assert [line.label for line in lines] == [f"viewmaker (simclr, width={w})" for w in (16, 32)]
    # Two settings at once: which of them moved the value cannot be told.
    assert not swept({"epsilon": 0.1, "width": 16}, {"epsilon": 0.2, "width": 32})


def test_the_files_are_equal_for_equal_results_and_name_their_rows(runs, tmp_path):
    names = {"time-audio.svg", "curves-audio.svg", "epsilon-audio.svg"}
    for out in (tmp_path / "a", tmp_path / "b"):
        done = invoke(runs, "--format", "figures", "--out", out)
        assert done.exit_code == 0, done.output
        assert {line.rpartition("/")[2] for line in done.stdout.split()} == names
    for name in names:
        text = (tmp_path / "a" / name).read_text()
        assert text == (tmp_path / "b" / name).read_text()
        ElementTree.fromstring(text)
        # Glyphs are outlines; matplotlib keeps each text as a comment beside them.
        assert "viewmaker" in text
        assert "dc:date" not in text
    assert "optimiser steps" in (tmp_path / "a" / "curves-audio.svg").read_text()
    assert "mean time of a run (s)" in (tmp_path / "a" / "time-audio.svg").read_text()


def test_png_and_hostile_names(tmp_path):
    results = [result(name, 0) for name in ("$\\frac{$", "_hidden", "<script>")]
    with_metrics(results[1:], tmp_path / "runs")
    results[0].write(tmp_path / "bare.json")
    done = invoke(
        tmp_path / "runs", tmp_path / "bare.json",
        "--format", "figures", "--figure-format", "png", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "no metrics.jsonl beside 1 result, the first" in done.stderr
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == ["curves-audio.png", "time-audio.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_misuse_is_one_line(runs, tmp_path, monkeypatch):
    def error(*arguments):
        return str(invoke(runs, "--format", *arguments).exception)

    assert "--out DIR" in error("figures")
    assert "--figure-format has no place" in error("csv", "--figure-format", "png")
    (tmp_path / "file").write_text("")
    assert "cannot write figures to" in error("figures", "--out", tmp_path / "file")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = invoke(runs, "--format", "figures", "--out", tmp_path / "out")
    assert isinstance(done.exception, UserError)
    assert "pip install 'vmbench[plots]'" in str(done.exception)
