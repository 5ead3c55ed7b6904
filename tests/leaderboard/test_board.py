"""The pure step: coherence, cells, scores, ranks, coverage, filters."""

import random

import numpy as np
import pytest
from leaderboard.factory import DOMAINS, LEVELS, result, study
from scipy import stats

from vmbench_leaderboard.board import Board, build_boards
from vmbench_leaderboard.cells import RowKey, TaskKey
from vmbench_leaderboard.columns import board_columns, datasets_of, missing_cells, overview_columns
from vmbench_leaderboard.filters import Filters

DIGIT = TaskKey("audio", "fsdd", "digit")
SPEAKER = TaskKey("audio", "fsdd", "speaker")


def board(results, **filters) -> Board:
    return build_boards(results, Filters(**filters))[0]


def row(of, method, settings=""):
    (found,) = [r for r in of.rows if r.key.method == method and r.key.settings == settings]
    return found


def runs(method, values_by_seed, task="fsdd/digit", **fields):
    return [
        result(method, seed, {task: value}, **fields) for seed, value in enumerate(values_by_seed)
    ]


# Steady yardsticks: the ceiling is far above the floor.
YARDSTICKS = [*runs("random-init", [0.49, 0.51]), *runs("supervised", [0.99, 1.01])]


# Cells and scores


def test_cell_is_the_mean_over_seeds_and_its_place_between_the_yardsticks():
    found = board([*YARDSTICKS, *runs("viewmaker", [0.7, 0.8])])
    cell = row(found, "viewmaker").cells[DIGIT]
    assert cell.mean == pytest.approx(0.75)
    assert cell.normalised == pytest.approx((0.75 - 0.5) / (1.0 - 0.5))
    assert cell.seeds == (0, 1)
    assert cell.interval is not None
    # Two seeds: Student's t with one degree of freedom.
    assert cell.interval.half_width == pytest.approx(stats.t.ppf(0.975, 1) * 0.05, rel=1e-3)
    assert cell.covers == "seeds"


def test_the_score_is_the_interquartile_mean_over_tasks_of_means_over_seeds():
    tasks = ("fsdd/digit", "fsdd/speaker", "speech/word", "speech/noise")
    placed = dict(zip(tasks, (0.5, 0.6, 0.9, 0.2), strict=True))
    results = []
    for method, by_task in (
        ("random-init", dict.fromkeys(tasks, 0.0)),
        ("supervised", dict.fromkeys(tasks, 1.0)),
        ("viewmaker", placed),
    ):
        for seed, off in enumerate((-0.01, 0.01)):
            results.append(result(method, seed, {t: v + off for t, v in by_task.items()}))
    found = board(results)
    # The middle two of four.
    assert row(found, "viewmaker").score == pytest.approx(0.55)
    assert row(found, "random-init").score == 0
    assert row(found, "supervised").score == 1
    assert row(found, "supervised").score_interval is None


def test_a_metric_where_less_is_better_is_turned_round():
    less = {"metric": "error", "higher_is_better": False}
    found = board(
        [
            *runs("random-init", [0.5], **less),
            *runs("supervised", [0.1], **less),
            *runs("viewmaker", [0.2], **less),
            *runs("handcrafted", [0.4], **less),
        ]
    )
    assert row(found, "viewmaker").score == pytest.approx(0.75)
    assert [r.key.method for r in found.rows][:3] == ["supervised", "viewmaker", "handcrafted"]


def test_one_seed_never_has_an_interval():
    found = board([*YARDSTICKS, *runs("viewmaker", [0.7])])
    one = row(found, "viewmaker")
    assert one.cells[DIGIT].interval is None
    assert one.score_interval is None
    assert one.rank_interval is None
    assert one.rank == 2
    texts = [column.produce(one).text for column in board_columns(found)]
    assert "0.700*" in texts
    assert any("single seed (*): no interval" in note for note in found.notes)


@pytest.mark.parametrize("absent", ["random-init", "supervised"])
def test_without_a_yardstick_there_is_no_score_and_the_reason_is_said(absent):
    kept = [r for r in YARDSTICKS if r.method != absent]
    found = board([*kept, *runs("viewmaker", [0.7, 0.8]), *runs("handcrafted", [0.6, 0.7])])
    assert row(found, "viewmaker").score is None
    assert row(found, "viewmaker").cells[DIGIT].normalised is None
    assert found.ranked_by == "mean rank"
    assert row(found, "viewmaker").rank < row(found, "handcrafted").rank
    floors = "random-init and random-init-calibrated have"
    said = floors if absent == "random-init" else f"{absent} has"
    assert any(f"{said} no run on audio:fsdd/digit" in note for note in found.notes)


def test_a_yardstick_with_two_settings_defines_no_scale():
    again = runs("supervised", [0.99, 1.01], settings={"epochs": 3})
    found = board([*YARDSTICKS, *again, *runs("viewmaker", [0.7, 0.8])])
    assert found.scales == {}
    assert any("supervised has 2 settings on audio:fsdd/digit" in n for n in found.notes)


def test_equal_yardsticks_define_no_scale():
    found = board([*runs("random-init", [0.5, 0.5]), *runs("supervised", [0.5, 0.5])])
    assert found.ranked_by == "mean rank"
    assert any("is no better than" in note for note in found.notes)


def test_the_mean_rank_speaks_where_no_task_counts():
    """a is 1st, 2nd, 2nd, b is 2nd, 1st, 1st: mean ranks 5/3 and 4/3."""
    results = []
    levels = {"a": (0.9, 0.5, 0.5), "b": (0.6, 0.6, 0.6), "c": (0.1, 0.1, 0.1)}
    for method, values in levels.items():
        for seed in range(3):
            names = ("fsdd/digit", "fsdd/speaker", "speech/word")
            off = [value + seed / 1000 for value in values]
            results.append(result(method, seed, dict(zip(names, off, strict=True))))
    found = board(results)
    assert found.ranked_by == "mean rank"
    assert [(r.key.method, r.rank, r.score) for r in found.rows] == [
        ("b", 1, None),
        ("a", 2, None),
        ("c", 3, None),
    ]
    assert row(found, "c").rank_interval == (3, 3)


def test_scales_belong_to_their_domain():
    results = study(seeds=range(2), noise=0)
    for task in board(results).tasks:
        scale = board(results).scales[task.key]
        offset = 0.04 * list(DOMAINS[task.key.domain]).index(f"{task.key.dataset}/{task.key.task}")
        assert scale.floor == pytest.approx(LEVELS["random-init"] - offset)
        assert scale.ceiling == pytest.approx(LEVELS["supervised"] - offset)


# Coverage


def test_incomplete_rows_are_unranked_and_name_what_they_lack():
    results = study(seeds=range(3))
    results = [r for r in results if (r.method, r.domain) != ("handcrafted", "sensor")]
    partial = [
        r.model_copy(update={"tasks": r.tasks[:2]})
        if r.method == "gaussian-noise" and r.domain == "audio"
        else r
        for r in results
    ]
    boards = build_boards(partial)
    found = boards[0]
    assert [r.key.method for r in found.incomplete] == ["gaussian-noise", "handcrafted"]
    assert found.rows == (*found.ranked, *found.incomplete)
    assert all(r.rank is None and r.score is None for r in found.incomplete)
    assert {str(r.key): names for r, names in missing_cells(found)} == {
        "gaussian-noise (simclr)": "audio:speech/keyword",
        "handcrafted (simclr)": "all 2 tasks of sensor",
    }
    # In the domain where it is complete it is ranked.
    audio = next(b for b in boards if b.domains == ("audio",))
    assert row(audio, "handcrafted").rank == 4
    coverage = {
        r.key.method: c.produce(r).text
        for r in found.rows
        for c in board_columns(found)
        if c.key == "coverage"
    }
    assert coverage["handcrafted"] == "3/5"
    assert coverage["viewmaker"] == "5/5"


def test_ranks_of_complete_rows_do_not_depend_on_incomplete_ones():
    results = study(seeds=range(3))
    stray = result("stray", 0, {"fsdd/digit": 0.99})
    before, after = board(results), board([*results, stray])
    assert [r for r in after.rows if r.key.method != "stray"] == list(before.rows)


# Rows and settings


def test_a_sweep_is_a_row_for_each_setting():
    swept = [
        *runs("viewmaker", [0.7, 0.8], settings={"epsilon": 0.05}),
        *runs("viewmaker", [0.5, 0.6], settings={"epsilon": 0.5}),
    ]
    found = board([*YARDSTICKS, *swept])
    assert row(found, "viewmaker", "epsilon=0.05").cells[DIGIT].mean == pytest.approx(0.75)
    assert row(found, "viewmaker", "epsilon=0.5").cells[DIGIT].mean == pytest.approx(0.55)


def test_a_setting_in_a_section_is_named_with_its_owner():
    found = board([*YARDSTICKS, *runs("viewmaker", [0.9], settings={"byol": {"momentum": 0.99}})])
    assert row(found, "viewmaker", "byol.momentum=0.99").rank is not None


def test_a_row_with_unusual_settings_says_so():
    found = board([*YARDSTICKS, *runs("viewmaker", [0.9, 0.9], settings={"epochs": 99})])
    assert row(found, "viewmaker", "epochs=99").rank is not None


def test_what_a_preset_sets_is_no_override_and_needs_no_name():
    """Though no neighbour has it: a board depends on its results, not on what is installed."""
    ours = runs("viewmaker", [0.8, 0.9], preset_settings={"lr": 0.123, "epochs": 6})
    changed = runs("viewmaker", [0.5, 0.6], preset_settings={"lr": 0.123}, settings={"epochs": 6})
    found = board([*YARDSTICKS, *ours, *changed])
    labels = {(r.key.method, r.key.settings) for r in found.rows if r.key.objective}
    assert labels == {("viewmaker", ""), ("viewmaker", "epochs=6")}


def test_one_row_never_averages_two_configurations():
    """Another version's preset: overrides do not tell them apart, what they differ in does."""
    old = result("viewmaker", 0, preset_settings={"lr": 0.1, "width": 8, "threads": 1})
    new = result("viewmaker", 1, preset_settings={"lr": 0.2, "width": 8, "threads": 2})
    found = board([*YARDSTICKS, old, new])
    labels = [r.key.settings for r in found.rows if r.key.method == "viewmaker"]
    assert sorted(labels) == ["lr=0.1", "lr=0.2"]


def test_where_a_run_ran_is_no_setting():
    elsewhere = [
        result("viewmaker", 0, {"fsdd/digit": 0.7}, settings={"device": "cuda", "threads": 8}),
        result("viewmaker", 1, {"fsdd/digit": 0.8}),
    ]
    assert row(board([*YARDSTICKS, *elsewhere]), "viewmaker").cells[DIGIT].seeds == (0, 1)


def test_another_pretraining_dataset_is_another_row_but_not_for_yardsticks():
    results = [
        *YARDSTICKS[:-1],
        result("supervised", 1, {"fsdd/digit": 1.01}, pretrained_on="other"),
        *runs("viewmaker", [0.7, 0.8]),
        *runs("viewmaker", [0.75, 0.85], pretrained_on="other"),
    ]
    found = board(results)
    assert {str(r.key) for r in found.rows} == {
        "random-init",
        "supervised",
        "viewmaker (simclr, pretrain=fsdd)",
        "viewmaker (simclr, pretrain=other)",
    }


def test_objectives_are_rows():
    results = [
        *YARDSTICKS,
        *runs("viewmaker", [0.7, 0.8]),
        *runs("viewmaker", [0.6, 0.6], objective="byol"),
    ]
    assert {r.key for r in board(results).rows} >= {
        RowKey("viewmaker", "simclr"),
        RowKey("viewmaker", "byol"),
        RowKey("supervised", ""),
    }


def test_the_newer_of_two_equal_runs_counts_and_the_order_of_files_does_not():
    old = result("viewmaker", 0, {"fsdd/digit": 0.1}, created="2025-01-01T00:00:00+00:00")
    new = result("viewmaker", 0, {"fsdd/digit": 0.7}, created="2026-01-01T00:00:00+00:00")
    for order in ([old, new], [new, old]):
        found = board([*YARDSTICKS, *order])
        assert row(found, "viewmaker").cells[DIGIT].mean == 0.7
        assert any("1 value gave way" in note for note in found.notes)


def test_results_in_any_order_make_the_same_board():
    results = study(seeds=range(3))
    shuffled = results.copy()
    random.Random(1).shuffle(shuffled)
    assert build_boards(shuffled) == build_boards(results)


def test_tasks_of_one_seed_may_come_from_several_runs():
    parts = [
        result("viewmaker", 0, {"fsdd/digit": 0.7}, run_id="a"),
        result("viewmaker", 0, {"fsdd/speaker": 0.6}, run_id="b"),
    ]
    assert row(board(parts), "viewmaker").cells.keys() == {DIGIT, SPEAKER}


def test_time_is_that_of_a_run_and_adds_up_over_domains():
    results = [
        result("viewmaker", 0, {"fsdd/digit": 0.7, "fsdd/speaker": 0.7}, seconds=100),
        result("viewmaker", 1, {"fsdd/digit": 0.7, "fsdd/speaker": 0.7}, seconds=200),
        result("viewmaker", 0, {"hapt/activity": 0.7}, seconds=50, domain="sensor"),
    ]
    # Two seconds of probing a task: (104 + 204) / 2 in audio, 52 in sensor.
    assert row(board(results), "viewmaker").seconds == pytest.approx(154 + 52)


def test_views_and_yardsticks_are_what_the_results_say():
    stranger = [
        r.model_copy(update={"views": "handcrafted", "yardstick": True})
        for r in runs("nobody's", [0.6], objective=None)
    ]
    found = board([*YARDSTICKS, *runs("viewmaker", [0.7]), *stranger])
    kinds = {r.key.method: (r.views, r.yardstick) for r in found.rows}
    assert kinds == {
        "random-init": ("none", True),
        "supervised": ("none", True),
        "viewmaker": ("learned", False),
        "nobody's": ("handcrafted", True),
    }


# Whole boards


def test_better_methods_rank_higher_and_intervals_overlap_where_noise_is_large():
    sharp, blurred = board(study(noise=0.001)), board(study(noise=0.05))
    assert [r.key.method for r in sharp.rows] == sorted(LEVELS, key=LEVELS.__getitem__)[::-1]
    assert all(r.rank_interval == (r.rank, r.rank) for r in sharp.rows)
    widths = [r.rank_interval[1] - r.rank_interval[0] for r in blurred.rows]
    assert np.mean(widths) > 1


def test_several_domains_give_an_overview_and_a_board_each():
    boards = build_boards(study(seeds=range(2)))
    assert [b.title for b in boards] == ["all domains", "audio", "sensor"]
    columns = overview_columns(boards)
    assert [c.title for c in columns] == [
        "Rank",
        "Method",
        "Objective",
        "Views",
        "Score",
        "audio",
        "sensor",
        "Seeds",
        "Time",
        "Tasks",
    ]
    audio = row(boards[1], "viewmaker")
    shown = next(c for c in columns if c.title == "audio").produce(row(boards[0], "viewmaker"))
    assert shown.number == audio.score


def test_columns_are_named_as_shortly_as_they_can_be_told_apart():
    tasks = {"fsdd/digit": 0.5, "speech/digit": 0.5, "fsdd/speaker": 0.5}
    found = board([result("viewmaker", 0, tasks)])
    titles = [column.title for column in board_columns(found) if column.task]
    assert titles == ["fsdd/digit", "speaker", "speech/digit"]
    assert datasets_of(found) == "Tasks: speaker of fsdd."
