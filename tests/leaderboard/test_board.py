"""The pure step: coherence, cells, scores, ranks, coverage, filters."""

import random
import typing

import numpy as np
import pytest
from leaderboard.factory import DOMAINS, LEVELS, result, study

from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_leaderboard.board import Board, build_boards
from vmbench_leaderboard.cells import RowKey, TaskKey, ViewKind
from vmbench_leaderboard.columns import board_columns, missing_cells, overview_columns
from vmbench_leaderboard.contrasts import contrast
from vmbench_leaderboard.filters import Filters
from vmbench_leaderboard.statistics.aggregate import aggregate_interval, replicates
from vmbench_leaderboard.views import registered_views

DIGIT = TaskKey("audio", "fsdd", "digit")
SPEAKER = TaskKey("audio", "fsdd", "speaker")


def unknown(_method):
    return "unknown"


def board(results, **filters) -> Board:
    return build_boards(results, Filters(**filters), unknown)[0]


def row(of, method, settings=""):
    (found,) = [r for r in of.rows if r.key.method == method and r.key.settings == settings]
    return found


def runs(method, values_by_seed, task="fsdd/digit", **fields):
    return [
        result(method, seed, {task: value}, **fields) for seed, value in enumerate(values_by_seed)
    ]


YARDSTICKS = [*runs("random-init", [0.4, 0.6]), *runs("supervised", [0.9, 1.1])]


# Cells and scores


def test_cell_is_the_mean_over_seeds_and_its_place_between_the_yardsticks():
    found = board([*YARDSTICKS, *runs("viewmaker", [0.7, 0.8])])
    cell = row(found, "viewmaker").cells[DIGIT]
    assert cell.mean == pytest.approx(0.75)
    assert cell.normalised == pytest.approx((0.75 - 0.5) / (1.0 - 0.5))
    assert cell.seeds == (0, 1)
    assert cell.interval is not None
    assert (cell.interval.low, cell.interval.high) == (0.7, 0.8)  # two seeds: the range


def test_score_of_one_task_is_the_iqm_of_normalised_seeds():
    found = board([*YARDSTICKS, *runs("viewmaker", [0.5, 0.6, 0.7, 0.9])])
    # The middle two of four: 0.6 and 0.7.
    assert row(found, "viewmaker").score == pytest.approx((0.65 - 0.5) / 0.5)
    assert row(found, "random-init").score == pytest.approx(0)
    assert row(found, "supervised").score == pytest.approx(1)


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
    assert "0.700 (1 seed)" in texts
    assert any("single seed" in note for note in found.notes)


@pytest.mark.parametrize("absent", ["random-init", "supervised"])
def test_without_a_yardstick_there_is_no_score_and_the_reason_is_said(absent):
    kept = [r for r in YARDSTICKS if r.method != absent]
    found = board([*kept, *runs("viewmaker", [0.7, 0.8]), *runs("handcrafted", [0.6, 0.7])])
    assert row(found, "viewmaker").score is None
    assert row(found, "viewmaker").cells[DIGIT].normalised is None
    assert found.ranked_by == "mean rank"
    assert row(found, "viewmaker").rank < row(found, "handcrafted").rank
    assert any(f"{absent} has no run on audio:fsdd/digit" in note for note in found.notes)


def test_a_yardstick_with_two_settings_defines_no_scale():
    again = runs("supervised", [0.9, 1.1], settings={"epochs": 3})
    found = board([*YARDSTICKS, *again, *runs("viewmaker", [0.7, 0.8])])
    assert found.scales == {}
    assert any("supervised has 2 settings on audio:fsdd/digit" in n for n in found.notes)


def test_tasks_of_different_runs_are_drawn_apart():
    """Six seeds each, but not the same six: the interval is that of two strata."""
    yardsticks = [
        result(method, 0, {"fsdd/digit": value, "fsdd/speaker": value})
        for method, value in (("random-init", 0.0), ("supervised", 1.0))
    ]
    digit, speaker = [0.5, 0.6, 0.9, 0.3, 0.75, 0.2], [0.4, 0.7, 0.8, 0.35, 0.6, 0.1]
    results = [
        *yardsticks,
        *runs("viewmaker", digit),
        *[result("viewmaker", 6 + i, {"fsdd/speaker": v}) for i, v in enumerate(speaker)],
    ]
    found = row(board(results), "viewmaker")
    strata = [np.array([digit]), np.array([speaker])]
    assert found.score_interval == aggregate_interval(strata, replicates(strata, str(found.key)))
    together = [np.array([digit, speaker])]
    assert found.score_interval != aggregate_interval(
        together, replicates(together, str(found.key))
    )


def test_equal_yardsticks_define_no_scale():
    found = board([*runs("random-init", [0.5, 0.5]), *runs("supervised", [0.5, 0.5])])
    assert found.ranked_by == "mean rank"
    assert any("is no better than" in note for note in found.notes)


def test_the_mean_rank_speaks_where_one_task_has_no_scale():
    """On fsdd/digit a has 1st, on two unscaled tasks b has: mean ranks 5/3 and 4/3."""
    results = []
    for method, values in {
        "a": (0.9, 0.5, 0.5),
        "b": (0.6, 0.6, 0.6),
        "random-init": (0.1, 0.1, 0.1),
        "supervised": (1.0, 0.05, 0.05),
    }.items():
        for seed in range(3):
            names = ("fsdd/digit", "fsdd/speaker", "speech/word")
            results.append(result(method, seed, dict(zip(names, values, strict=True))))
    found = board(results)
    # Ranks per task: a 2 2 2, b 3 1 1, random-init 4 3 3, supervised 1 4 4.
    assert found.ranked_by == "mean rank"
    assert [r.key.method for r in found.rows] == ["b", "a", "supervised", "random-init"]
    assert row(found, "a").score == pytest.approx((0.9 - 0.1) / 0.9)  # of the one scaled task


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
    boards = build_boards(partial, views=unknown)
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


def test_a_row_with_unusual_settings_says_so():
    found = board([*YARDSTICKS, *runs("viewmaker", [0.9, 0.9], settings={"epochs": 99})])
    assert row(found, "viewmaker", "epochs=99").rank is not None


def test_what_the_preset_sets_for_a_kind_of_views_is_usual():
    """Though no neighbour has it, and though it differs from domain to domain."""
    presets = registry("domain").load_class("audio").view_presets["small"]
    assert presets["learned"] != presets["handcrafted"]
    others = runs("handcrafted", [0.6, 0.7], settings=presets["handcrafted"])
    ours = runs("viewmaker", [0.8, 0.9], settings=presets["learned"])
    changed = runs("viewmaker", [0.5, 0.6], settings={**presets["learned"], "lr": 9.0})
    found = board([*YARDSTICKS, *others, *ours, *changed])
    labels = [(r.key.method, r.key.settings) for r in found.rows if r.key.objective]
    assert sorted(labels) == [("handcrafted", ""), ("viewmaker", ""), ("viewmaker", "lr=9.0")]
    # For another kind of views the same settings are unusual.
    (stranger,) = [
        r
        for r in board([*YARDSTICKS, *runs("mixup", [0.5], settings=presets["learned"])]).rows
        if r.key.method == "mixup"
    ]
    assert f"lr={presets['learned']['lr']}" in stranger.key.settings.split(", ")


def test_where_a_run_ran_is_no_setting():
    elsewhere = [
        result("viewmaker", 0, {"fsdd/digit": 0.7}, settings={"device": "cuda", "threads": 8}),
        result("viewmaker", 1, {"fsdd/digit": 0.8}),
    ]
    assert row(board([*YARDSTICKS, *elsewhere]), "viewmaker").cells[DIGIT].seeds == (0, 1)


def test_another_pretraining_dataset_is_another_row_but_not_for_yardsticks():
    results = [
        *YARDSTICKS[:-1],
        result("supervised", 1, {"fsdd/digit": 1.1}, pretrained_on="other"),
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
    assert build_boards(shuffled, views=unknown) == build_boards(results, views=unknown)


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


def test_views_come_from_the_caller_by_name():
    (found,) = build_boards(
        [*YARDSTICKS, *runs("viewmaker", [0.7])],
        views=lambda name: "learned" if name == "viewmaker" else "none",
    )
    assert row(found, "viewmaker").views == "learned"
    assert row(found, "supervised").views == "none"


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("viewmaker", "learned"),
        ("handcrafted", "handcrafted"),
        ("viewmaker+handcrafted", "learned"),
        ("viewmaker+nobody-s", "unknown"),
        ("nobody-s", "unknown"),
    ],
)
def test_views_of_registered_methods(method, kind):
    assert registered_views(method) == kind
    assert kind in typing.get_args(ViewKind)


# Filters and coherence


def test_filtering_computes_everything_again():
    results = study(seeds=range(3), objectives=("simclr", "byol"))
    whole = board(results)
    kept = board(results, objectives=("byol",), domains=("sensor",))
    assert len(kept.rows) == 7 < len(whole.rows)
    assert {r.key.objective for r in kept.rows} == {"byol", ""}
    assert {r.rank for r in kept.rows} == set(range(1, 8))
    assert [t.key.domain for t in kept.tasks] == ["sensor", "sensor"]
    by_hand = [r for r in results if r.domain == "sensor" and r.objective in ("byol", None)]
    assert kept == board(by_hand)


def test_a_filter_that_names_nothing_suggests_what_is_there():
    with pytest.raises(UserError, match=r"unknown domain in these results 'audoi'.*'audio'"):
        board(study(seeds=[0]), domains=("audoi",))


def test_mixed_presets_are_refused_with_the_flag_that_mends_it():
    results = [*YARDSTICKS, *runs("viewmaker", [0.7], preset="smoke")]
    with pytest.raises(UserError, match=r"small \(4 runs\), smoke \(1 run\).*--preset small"):
        board(results)
    assert board(results, presets=("small",)).preset == "small"
    assert any("mean nothing" in note for note in board(results, presets=("smoke",)).notes)


def test_a_collapsed_run_is_named():
    (fine, *others) = results = runs("viewmaker", [0.7, 0.1, 0.1])
    assert not any("collapsed" in note for note in board([*YARDSTICKS, *results]).notes)
    for run in others:
        run.tasks[0].metrics["collapsed"] = 1.0
    notes = board([*YARDSTICKS, fine, *others]).notes
    assert "The representations collapsed in 1 row: viewmaker (simclr) on audio." in notes


def test_mixed_revisions_are_refused_with_their_values():
    results = [*YARDSTICKS, *runs("viewmaker", [0.7], revision="2")]
    with pytest.raises(UserError, match=r"revisions of audio dataset fsdd: 1 \(4 runs\), 2"):
        board(results)


def test_evaluations_are_not_mixed():
    one = result(values={"fsdd/digit": 0.7})
    task = one.tasks[0].model_copy(
        update={"probe": one.tasks[0].probe.model_copy(update={"kind": "knn"})}
    )
    with pytest.raises(UserError, match=r"in two ways: evaluation is 'logistic' and.*'knn'"):
        board([*YARDSTICKS, one.model_copy(update={"tasks": [task]})])


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("viewmaker", "learned"),
        ("handcrafted", "handcrafted"),
        ("supervised", "none"),
        ("supervised+viewmaker", "learned"),
        ("supervised+handcrafted", "handcrafted"),
        ("supervised+nobody's", "unknown"),
        ("nobody's", "unknown"),
    ],
)
def test_the_kind_of_a_methods_views(method, kind):
    assert registered_views(method) == kind


@pytest.mark.parametrize(
    ("field", "value"), [("n_test", 299), ("metric", "auroc"), ("higher_is_better", False)]
)
def test_a_task_scored_in_two_ways_is_refused(field, value):
    with pytest.raises(UserError, match=rf"audio:fsdd/digit in two ways: {field} is"):
        board([*YARDSTICKS, result(values={"fsdd/digit": 0.7}, **{field: value})])


def test_results_without_a_task_are_refused():
    with pytest.raises(UserError, match="no result has a task"):
        board([result(values={})])


# Whole boards


def test_better_methods_rank_higher_and_intervals_overlap_where_noise_is_large():
    sharp, blurred = board(study(noise=0.001)), board(study(noise=0.1))
    assert [r.key.method for r in sharp.rows] == sorted(LEVELS, key=LEVELS.__getitem__)[::-1]
    assert all(r.rank_interval == (r.rank, r.rank) for r in sharp.rows)
    widths = [r.rank_interval[1] - r.rank_interval[0] for r in blurred.rows]
    assert np.mean(widths) > 1


def test_several_domains_give_an_overview_and_a_board_each():
    boards = build_boards(study(seeds=range(2)), views=unknown)
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


def test_contrasts_follow_the_order_of_ranks_and_use_shared_seeds():
    results = [r for r in study() if not (r.method == "viewmaker" and r.seed == 4)]
    found = contrast(board(results))
    names = [key.method for key in found.rows]
    i, j = names.index("viewmaker"), names.index("gaussian-noise")
    assert found.unit == "normalised score"
    assert found.paired.seeds[i, j] == 4
    assert found.improvement[i, j] == 1
    assert found.paired.p_holm[i, j] < 0.05
    assert found.paired.difference[i, j] == pytest.approx((0.85 - 0.74) / 0.31, abs=0.05)
    assert found.critical is not None


def test_contrasts_of_a_board_without_complete_rows_are_empty():
    found = contrast(board([result("a", 0, {"x/y": 1}), result("b", 0, {"x/z": 1})]))
    assert (found.rows, found.critical) == ((), None)
