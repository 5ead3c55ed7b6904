"""Boards of AUROC and of correlations, which may be negative."""

import pytest
from leaderboard.factory import result

from vmbench_leaderboard.board import build_boards
from vmbench_leaderboard.cells import TaskKey
from vmbench_leaderboard.columns import board_columns
from vmbench_leaderboard.render.figures import draw
from vmbench_leaderboard.render.html import render as html

FINDINGS, AMOUNT = (TaskKey("medical", *name) for name in (("xray", "findings"), ("labs", "age")))
LEVELS = {  # findings (AUROC), age (Pearson)
    "random-init": (0.6, -0.2),
    "supervised": (0.8, 0.6),
    "viewmaker": (0.7, 0.2),
    "handcrafted": (0.55, -0.4),
}


def runs(seeds=3):
    for method, levels in LEVELS.items():
        for seed in range(seeds):
            values = dict(zip(("xray/findings", "labs/age"), levels, strict=True))
            made = result(method, seed, values, domain="medical")
            tasks = [
                task.model_copy(update={"metric": metric, "metrics": {metric: task.value}})
                for task, metric in zip(made.tasks, ("auroc", "pearson"), strict=True)
            ]
            yield made.model_copy(update={"tasks": tasks})


@pytest.fixture
def board():
    (found,) = build_boards(list(runs()))
    return found


def test_scores_and_ranks_take_negative_values_as_they_are(board):
    rows = {row.key.method: row for row in board.rows}
    assert board.scales[AMOUNT].floor == pytest.approx(-0.2)
    for key in (FINDINGS, AMOUNT):
        assert rows["viewmaker"].cells[key].normalised == pytest.approx(0.5)
    assert rows["viewmaker"].score == pytest.approx(0.5)
    assert rows["handcrafted"].cells[AMOUNT].normalised == pytest.approx(-0.25)
    order = sorted(rows, key=lambda method: rows[method].rank)
    assert order == ["supervised", "viewmaker", "random-init", "handcrafted"]
    assert not any("no better" in note for note in board.notes)


def test_every_renderer_shows_them(board, tmp_path):
    shown = {c.key: c for c in board_columns(board)}[str(AMOUNT)]
    lowest = next(row for row in board.rows if row.key.method == "handcrafted")
    assert shown.produce(lowest).text.startswith("-0.400")
    assert "-0.400" in html([board])
    draw([board], {}, tmp_path)  # on the scale of scores
    (bare,) = build_boards([run for run in runs() if run.method != "supervised"])
    texts = [path.read_text() for path in draw([bare], {}, tmp_path)]  # each task in its metric
    assert any("test pearson (-1 to 1)" in text for text in texts)
    assert any("test auroc (0 to 1)" in text for text in texts)
