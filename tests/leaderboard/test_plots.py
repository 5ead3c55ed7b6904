"""Plots say the same as the numbers: positions are checked against the axes' own marks."""

import pytest
from leaderboard.factory import result, study

from vmbench_leaderboard.board import build_boards
from vmbench_leaderboard.columns import board_columns
from vmbench_leaderboard.render.plots import score_plot, time_plot, whiskers


def board_of(results):
    return build_boards(results)[0]


def read(ticks, position):
    """The value at a position, from two ticks of a linear axis."""
    (a, b) = ticks[0], ticks[-1]
    return float(a.text) + (position - a.at) / (b.at - a.at) * (float(b.text) - float(a.text))


def test_scores_and_intervals_stand_where_the_axis_says():
    board = board_of(study())
    plot = score_plot(board)
    assert plot is not None
    assert [mark.row for mark in plot.marks] == list(board.ranked)
    assert [mark.y for mark in plot.marks] == sorted(mark.y for mark in plot.marks)
    for mark in plot.marks:
        assert read(plot.x_ticks, mark.x) == pytest.approx(mark.row.score, abs=0.002)
        interval = mark.row.score_interval
        if interval is None:  # the zero and the one of the scale have no noise of their own
            assert mark.row.score in (0, 1)
            assert mark.low is None
        else:
            assert read(plot.x_ticks, mark.low) == pytest.approx(interval.low, abs=0.002)
            assert plot.left <= mark.low <= mark.x <= mark.high <= plot.right
        assert plot.top < mark.y < plot.bottom


def test_higher_scores_stand_higher_and_slower_rows_to_the_right():
    board = board_of(study())
    plot = time_plot(board)
    assert plot is not None
    by_score = sorted(plot.marks, key=lambda mark: mark.row.score)
    assert [mark.y for mark in by_score] == sorted((m.y for m in plot.marks), reverse=True)
    by_time = sorted(plot.marks, key=lambda mark: mark.row.seconds)
    assert [mark.x for mark in by_time] == sorted(mark.x for mark in plot.marks)
    for mark in plot.marks:
        assert read(plot.y_ticks, mark.y) == pytest.approx(mark.row.score, abs=0.005)


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [
        (30, ["1 s", "10 s", "1 min"]),
        (7200, ["1 s", "10 s", "1 min", "10 min", "1 h", "10 h"]),
        (9e9, ["1 s", "10 s", "1 min", "10 min", "1 h", "10 h", "100 h", "1000 h"]),
    ],
)
def test_time_axis_has_round_marks_around_the_data(seconds, ticks):
    results = [
        result("random-init", 0, {"a/b": 0.1}),
        result("supervised", 0, {"a/b": 0.9}, seconds=seconds),
    ]
    plot = time_plot(board_of(results))
    assert plot is not None
    assert [tick.text for tick in plot.x_ticks] == ticks


def test_a_collapsed_method_does_not_make_a_thousand_ticks():
    results = [
        result("random-init", 0, {"a/b": 0.50}),
        result("supervised", 0, {"a/b": 0.51}),
        result("collapsed", 0, {"a/b": 0.01}),
    ]
    plot = score_plot(board_of(results))
    assert plot is not None
    assert 3 <= len(plot.x_ticks) <= 13
    assert read(plot.x_ticks, plot.marks[-1].x) == pytest.approx(-49, abs=0.2)
    assert plot.marks[-1].low is None  # one seed: no interval, drawn or written


def test_without_scores_there_is_no_plot():
    board = board_of([result("a"), result("b")])
    assert (score_plot(board), time_plot(board)) == (None, None)


def test_whiskers_of_a_column_share_one_scale():
    board = board_of(study())
    column = next(c for c in board_columns(board) if c.task is not None)
    drawn = whiskers(column, board.rows)
    values = [column.produce(row) for row in board.rows]
    assert min(w.low for w in drawn.values()) == 4
    assert max(w.high for w in drawn.values()) == 96
    lowest, highest = min(v.low for v in values), max(v.high for v in values)
    for place, whisker in drawn.items():
        share = (values[place].number - lowest) / (highest - lowest)
        assert whisker.at == pytest.approx(4 + 92 * share, abs=0.01)


def test_a_single_seed_has_no_whisker():
    board = board_of([*study(), result("once", 0, {"fsdd/digit": 0.5})])
    column = next(c for c in board_columns(board) if c.key == "audio:fsdd/digit")
    place = next(i for i, row in enumerate(board.rows) if row.key.method == "once")
    assert place not in whiskers(column, board.rows)
    assert len(whiskers(column, board.rows)) == len(board.rows) - 1
