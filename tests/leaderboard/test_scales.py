"""What a score is measured against, which tasks count, and what intervals cover."""

import numpy as np
import pytest
from leaderboard.factory import result, study
from scipy import stats

from vmbench.errors import UserError
from vmbench_leaderboard.board import Board, build_boards
from vmbench_leaderboard.cells import TaskKey
from vmbench_leaderboard.columns import board_columns
from vmbench_leaderboard.contrasts import TOO_FEW, contrast

DIGIT = TaskKey("audio", "fsdd", "digit")
SPEAKER = TaskKey("audio", "fsdd", "speaker")


def board(results) -> Board:
    return build_boards(results)[0]


def row(of, method):
    (found,) = [r for r in of.rows if r.key.method == method]
    return found


def runs(method, values, **fields):
    return [result(method, seed, {"fsdd/digit": v}, **fields) for seed, v in enumerate(values)]


def with_units(method, by_seed, **fields):
    """Runs of given means of test units on fsdd/digit, one list a seed."""
    return [
        result(
            method,
            seed,
            {"fsdd/digit": float(np.mean(units))},
            units={"fsdd/digit": units},
            **fields,
        )
        for seed, units in enumerate(by_seed)
    ]


# Intervals


def test_one_seed_with_test_units_has_an_interval_of_test_data_and_says_so():
    units = [0.6, 0.7, 0.8]
    found = board(with_units("viewmaker", [units], unit="group"))
    cell = row(found, "viewmaker").cells[DIGIT]
    assert cell.covers == "test"
    expected = stats.t.ppf(0.975, 2) * stats.sem(units)
    assert cell.interval.half_width == pytest.approx(expected, rel=1e-3)
    texts = [column.produce(row(found, "viewmaker")).text for column in board_columns(found)]
    assert "0.700 ±0.248*" in texts
    assert any("the sampling of test data, and not what another seed" in n for n in found.notes)
    assert "Test examples come from few independent groups: audio:fsdd/digit (3)." in found.notes


def test_several_seeds_with_test_units_cover_both():
    found = board(study(domains={"audio": ["fsdd/digit"]}, groups=6))
    ours = row(found, "viewmaker")
    assert (ours.cells[DIGIT].covers, ours.score_covers) == ("seeds and test",) * 2
    values = [run.value for run in ours.cells[DIGIT].runs]
    seeds_alone = stats.t.ppf(0.975, 4) * stats.sem(values)
    assert ours.cells[DIGIT].interval.half_width > seeds_alone


def test_results_of_schema_1_beside_others_leave_intervals_to_seeds_alone():
    new = with_units("viewmaker", [[0.6, 0.7, 0.8], [0.65, 0.7, 0.9]])
    found = board([*new, *runs("handcrafted", [0.6, 0.7])])
    assert {cell.covers for r in found.rows for cell in r.cells.values()} == {"seeds"}
    assert any("over seeds alone, not test data" in n and str(DIGIT) in n for n in found.notes)
    assert not any("seeds alone" in note for note in board(new).notes)


def test_a_single_test_group_tells_no_noise_and_is_named():
    found = board(with_units("viewmaker", [[0.6], [0.7]], unit="group"))
    assert row(found, "viewmaker").cells[DIGIT].covers == "seeds"
    assert any(n.startswith("Test examples come from one group") for n in found.notes)


def test_other_test_units_are_refused():
    one, other = with_units("viewmaker", [[0.6, 0.8]]), with_units("b", [[0.6, 0.7, 0.8]])
    with pytest.raises(UserError, match="audio:fsdd/digit on other groups of examples"):
        board([*one, *other])


# The zero


def test_the_zero_is_the_stronger_floor_on_val_task_by_task():
    def both(method, seed, digit, speaker):
        tasks = {"fsdd/digit": digit, "fsdd/speaker": speaker}
        return [
            result(method, seed, {task: value}, val=val, run_id=f"{method}-{seed}-{task}")
            for task, (value, val) in tasks.items()
        ]

    results = []
    for seed in range(2):
        # On digit the one as built is better on val, and worse on test, which nobody asks.
        results += both("random-init", seed, (0.3, 0.6), (0.5, 0.4))
        results += both("random-init-calibrated", seed, (0.4, 0.5), (0.6, 0.5))
        results += both("supervised", seed, (0.9, 0.9), (0.9, 0.9))
    found = board(results)
    zeros = {key: scale.floor_row.method for key, scale in found.scales.items()}
    assert zeros == {DIGIT: "random-init", SPEAKER: "random-init-calibrated"}
    assert found.scales[DIGIT].floor == pytest.approx(0.3)
    assert (
        "Zero of the score, the stronger on val: random-init on audio:fsdd/digit; "
        "random-init-calibrated on audio:fsdd/speaker."
    ) in found.notes
    assert all(r.yardstick for r in found.rows)
    # The floor that is not the zero of a task is measured against the one that is.
    assert row(found, "random-init-calibrated").cells[DIGIT].normalised == pytest.approx(1 / 6)


@pytest.mark.parametrize("present", ["random-init", "random-init-calibrated"])
def test_a_lone_floor_is_the_zero_and_the_absence_is_said(present):
    found = board([*runs(present, [0.4, 0.41]), *runs("supervised", [0.9, 0.91])])
    assert found.scales[DIGIT].floor_row.method == present
    (note,) = [note for note in found.notes if note.startswith("Zero of the score")]
    assert note.startswith(f"Zero of the score: {present}, for ")
    assert note.endswith("has no run.")


# What counts


def test_a_task_whose_ceiling_is_within_noise_of_its_floor_is_shown_and_not_averaged():
    """Four images of 400, as on digits; and a task where labels buy a lot."""
    results = []
    for method, wrong, value in (
        ("random-init", 8, 0.5),
        ("supervised", 4, 0.9),
        ("viewmaker", 6, 0.7),
    ):
        for seed in range(2):
            units = [0.0 if 0 <= at - 10 * seed < wrong else 1.0 for at in range(256)]
            values = {"digits/digit": float(np.mean(units)), "mnist/digit": value + seed / 1000}
            results.append(result(method, seed, values, units={"digits/digit": units}, n_test=256))
    found = board(results)
    small, large = (TaskKey("audio", name, "digit") for name in ("digits", "mnist"))
    assert list(found.scales) == [large]
    assert row(found, "viewmaker").cells[small].mean == pytest.approx(1 - 6 / 256)
    assert row(found, "viewmaker").cells[small].normalised is None
    assert row(found, "viewmaker").score == pytest.approx(0.5)
    assert found.ranked_by == "score"
    # Paired, the seeds' mean of ceiling minus floor is 1/2 on eight examples: four of each seed.
    gaps = np.array([0.5] * 8 + [0.0] * 248)
    assert found.uncounted[small] == (
        "supervised (0.984) is better than random-init (0.969) by less than 4 standard errors of "
        f"the difference ({gaps.std(ddof=1) / 16:.4f})"
    )
    assert any("not counted towards the score" in n and str(small) in n for n in found.notes)


def test_a_scale_of_single_seeds_is_used_and_its_doubt_is_said():
    found = board([*runs("random-init", [0.5]), *runs("supervised", [0.6])])
    assert found.scales[DIGIT].error is None
    said = [n for n in found.notes if "nothing tells whether the ceiling is above the floor" in n]
    assert len(said) == 1
    assert str(DIGIT) in said[0]


@pytest.mark.parametrize(("seeds", "counts"), [([0.89, 0.91], True), ([0.7, 1.1], False)])
def test_the_noise_of_seeds_may_take_a_task_from_the_score(seeds, counts):
    found = board([*runs("random-init", [0.5, 0.5]), *runs("supervised", seeds)])
    assert (DIGIT in found.scales) == counts


def test_the_noise_of_the_yardsticks_is_in_the_score_s_interval():
    """Three seeds each: by hand from the derivative of (v - f) / (c - f)."""
    v, f, c = [0.70, 0.72, 0.68], [0.50, 0.49, 0.52], [0.9, 0.93, 0.91]
    found = board([*runs("viewmaker", v), *runs("random-init", f), *runs("supervised", c)])
    gain = np.mean(c) - np.mean(f)
    z = (np.mean(v) - np.mean(f)) / gain
    moved = [a - (1 - z) * b - z * d for a, b, d in zip(v, f, c, strict=True)]
    half = stats.t.ppf(0.975, 2) * stats.sem(moved) / gain
    scored = row(found, "viewmaker")
    assert scored.score == pytest.approx(z)
    assert scored.score_interval.half_width == pytest.approx(half, rel=1e-3)
    assert scored.score_covers == "seeds"


def test_a_yardstick_with_one_seed_leaves_its_noise_out_and_that_is_said():
    results = [
        *with_units("random-init", [[0.1, 0.2, 0.3]]),
        *with_units("supervised", [[0.8, 0.9, 1.0]]),
        *with_units("viewmaker", [[0.4, 0.5, 0.6], [0.5, 0.5, 0.6]]),
    ]
    found = board(results)
    assert row(found, "viewmaker").score_covers == "test"
    assert any("leaves out what another seed of a yardstick" in note for note in found.notes)


# Comparisons


def test_contrasts_follow_the_order_of_ranks_and_count_shared_seeds():
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
    assert found.silence is None


@pytest.mark.parametrize(("shared", "told"), [(2, False), (3, True)])
def test_fewer_than_three_shared_seeds_have_no_p_value(shared, told):
    others = [r for r in study() if r.method != "viewmaker"]
    late = [r for r in study(seeds=range(5 - shared, 9), rng=1) if r.method == "viewmaker"]
    found = contrast(board([*others, *late]))
    names = [key.method for key in found.rows]
    i, j = names.index("viewmaker"), names.index("gaussian-noise")
    assert found.paired.seeds[i, j] == shared
    assert np.isnan(found.paired.p[i, j]) == (not told)
    assert not np.isnan(found.paired.difference[i, j])
    assert (found.critical is not None) == told
    assert found.silence == (None if told else TOO_FEW)


def test_contrasts_of_a_board_without_complete_rows_are_empty():
    found = contrast(board([result("a", 0, {"x/y": 1}), result("b", 0, {"x/z": 1})]))
    assert (found.rows, found.critical) == ((), None)
