"""Base against head, and the alarm: exact cases, then its rates by simulation."""

from math import sqrt
from statistics import variance

import numpy as np
import pytest
from leaderboard.factory import result, study
from scipy import stats

from vmbench.errors import UserError
from vmbench_leaderboard.check import judge, stride
from vmbench_leaderboard.compare import compare, pooled_spread
from vmbench_leaderboard.filters import Filters
from vmbench_leaderboard.render.changes import by_severity, rests_on, verdict


def runs(values, method="viewmaker", seeds=None, **fields):
    seeds = range(len(values)) if seeds is None else seeds
    return [
        result(method, seed, {"fsdd/digit": value}, **fields)
        for seed, value in zip(seeds, values, strict=True)
    ]


def only(changes):
    (change,) = changes
    return change


def test_change_is_over_shared_seeds_alone():
    base = runs([0.5, 0.6, 0.9], seeds=[0, 1, 7])
    head = runs([0.55, 0.61, 0.1], seeds=[0, 1, 8])
    change = only(compare(base, head).changes)
    assert change.presence == "both"
    assert change.differences == pytest.approx((0.05, 0.01))
    assert change.change == pytest.approx(0.03)
    assert (change.base, change.head) == pytest.approx((0.55, 0.58))
    assert (change.base_seeds, change.head_seeds) == (3, 3)
    assert change.spread == pytest.approx(variance([0.05, 0.01]))


def test_a_drop_is_a_rise_where_less_is_better():
    less = {"metric": "error", "higher_is_better": False}
    change = only(compare(runs([0.1], **less), runs([0.3], **less)).changes)
    assert change.drop == pytest.approx(0.2)
    assert only(judge([change])).outcome == "worse"


def test_cells_of_one_side_and_seeds_in_common():
    base = [*runs([0.5]), *runs([0.5], method="gone"), *runs([0.5], method="apart")]
    head = [*runs([0.5]), *runs([0.5], method="fresh"), *runs([0.5], method="apart", seeds=[9])]
    found = {c.row.method: c.presence for c in compare(base, head).changes}
    assert found == {
        "viewmaker": "both",
        "gone": "base only",
        "fresh": "head only",
        "apart": "no shared seed",
    }
    outcomes = {j.change.row.method: j.outcome for j in judge(compare(base, head).changes)}
    assert outcomes == {
        "viewmaker": "same",
        "gone": "missing",
        "fresh": "new",
        "apart": "missing",
    }


def test_rows_of_a_sweep_are_paired_by_their_settings():
    base = [
        *runs([0.5], settings={"epsilon": 0.05}),
        *runs([0.9], settings={"epsilon": 0.5}),
    ]
    head = runs([0.9], settings={"epsilon": 0.5})
    found = {c.row.settings: c.presence for c in compare(base, head).changes}
    assert found == {"epsilon=0.05": "base only", "epsilon=0.5": "both"}


def test_a_changed_setting_is_paired_and_said():
    comparison = compare(
        [*runs([0.5]), *runs([0.5], method="handcrafted")],
        [*runs([0.4], settings={"epochs": 3}), *runs([0.5], method="handcrafted")],
    )
    assert {c.presence for c in comparison.changes} == {"both"}
    (note,) = comparison.notes
    assert (
        note == "viewmaker (simclr) has other settings in head: epochs=3; in base: the usual ones."
    )
    assert {c.row.settings for c in comparison.changes} == {""}


def test_filters_apply_to_both_and_other_presets_are_refused():
    base = [*runs([0.5]), *runs([0.5], preset="smoke")]
    with pytest.raises(UserError, match="mix presets"):
        compare(base, runs([0.5]))
    found = compare(base, runs([0.5]), Filters(presets=("small",)))
    assert only(found.changes).base_seeds == 1
    with pytest.raises(UserError, match="unknown preset in these results 'papr'"):
        compare(base, base, Filters(presets=("papr",)))


# The rule


def test_a_drop_of_the_tolerance_is_allowed_and_more_is_not():
    assert only(judge(compare(runs([0.5]), runs([0.49])).changes, 0.01)).outcome == "same"
    assert only(judge(compare(runs([0.5]), runs([0.489])).changes, 0.01)).outcome == "worse"
    assert only(judge(compare(runs([0.5]), runs([0.52])).changes, 0.01)).outcome == "better"


def test_the_bar_is_k_standard_errors_where_that_is_more_than_the_tolerance():
    base, head = [0.50, 0.52, 0.54, 0.50], [0.46, 0.50, 0.47, 0.49]
    judged = only(judge(compare(runs(base), runs(head)).changes, tolerance=0.01, k=2))
    assert judged.basis == "seeds"
    differences = [b - a for a, b in zip(base, head, strict=True)]
    error = sqrt(variance(differences) / 4)
    assert judged.error == pytest.approx(error)
    # Two errors of a normal, and as much tail in a t with 3 degrees of freedom.
    width = stats.t.isf(stats.norm.sf(2), 3)
    assert judged.allowed == pytest.approx(width * error)
    assert judged.outcome == "same"
    assert only(judge(compare(runs(base), runs(head)).changes, 0.01, k=1)).outcome == "worse"


def test_variance_is_pooled_over_the_rows_of_a_task_and_never_below_the_cells_own():
    base = [*runs([0.5, 0.5, 0.5]), *runs([0.5, 0.5], method="noisy")]
    head = [*runs([0.5, 0.5, 0.5]), *runs([0.4, 0.6], method="noisy")]
    changes = compare(base, head).changes
    (pooled,) = pooled_spread(changes).values()
    assert pooled.degrees == 3
    assert pooled.variance == pytest.approx((2 * 0 + 1 * 0.02) / 3)
    errors = {j.change.row.method: j.error for j in judge(changes)}
    assert errors["viewmaker"] == pytest.approx(sqrt(0.02 / 3 / 3))
    assert errors["noisy"] == pytest.approx(sqrt(0.02 / 2))


def test_one_shared_seed_borrows_the_noise_of_its_task_or_has_the_tolerance_alone():
    alone = only(judge(compare(runs([0.5]), runs([0.45])).changes))
    assert (alone.error, alone.allowed, alone.outcome) == (None, 0.01, "worse")
    assert alone.basis == "tolerance"
    base = [*runs([0.5]), *runs([0.5] * 6, method="noisy")]
    head = [*runs([0.45]), *runs([0.4, 0.6] * 3, method="noisy")]
    borrowed = {j.change.row.method: j for j in judge(compare(base, head).changes)}["viewmaker"]
    assert borrowed.error == pytest.approx(sqrt(variance([-0.1, 0.1] * 3)))
    assert borrowed.outcome == "same"


def answers(values, seeds):
    """Runs of given accuracy on 200 examples, wrong on the first ones."""
    rights = [round(200 * value) for value in values]
    return [
        result(
            "viewmaker",
            seed,
            {"fsdd/digit": right / 200},
            units={"fsdd/digit": [0.0] * (200 - right) + [1.0] * right},
            n_test=200,
        )
        for seed, right in zip(seeds, rights, strict=True)
    ]


def test_one_seed_rests_on_the_test_units_and_says_so():
    """McNemar's question: 20 answers turned wrong and none right is no accident, 4 may be."""
    found = only(judge(compare(answers([0.9], [0]), answers([0.8], [0])).changes))
    assert found.basis == "test units"
    # The variance of a mean of 200 differences, 20 of which are -1.
    gaps = np.array([-1.0] * 20 + [0.0] * 180)
    assert found.error == pytest.approx(stats.sem(gaps))
    assert found.outcome == "worse"
    assert "1 shared seed, noise from test units" in found.text
    few = only(judge(compare(answers([0.9], [0]), answers([0.88], [0])).changes))
    assert (few.basis, few.outcome) == ("test units", "same")
    said = rests_on([found, few])
    assert said == [
        "Too few seeds in 2 cells: the noise is that of test data alone, not of what another seed "
        "does."
    ]


def test_two_seeds_that_agree_are_not_taken_at_their_word():
    """Both fell by exactly 0.02: a variance of nothing, which tells nothing."""
    found = only(judge(compare(answers([0.9, 0.8], [0, 1]), answers([0.88, 0.78], [0, 1])).changes))
    assert (found.basis, found.outcome) == ("test units", "same")
    bare = only(judge(compare(runs([0.9, 0.8]), runs([0.88, 0.78])).changes))
    assert (bare.basis, bare.error, bare.outcome) == ("tolerance", None, "worse")
    assert "the tolerance alone decides" in rests_on([bare])[0]


def test_of_several_seeds_both_kinds_of_noise_count():
    base, head = answers([0.9, 0.8, 0.85], range(3)), answers([0.86, 0.79, 0.8], range(3))
    found = only(judge(compare(base, head).changes))
    assert found.basis == "seeds and test units"
    y = np.array(
        [
            [h - b for b, h in zip(*(t.tasks[0].units.totals for t in pair), strict=True)]
            for pair in zip(base, head, strict=True)
        ]
    )
    rest = y - y.mean(0) - y.mean(1, keepdims=True) + y.mean()
    both = (rest**2).sum() / (2 * 199) / (3 * 200)
    seeds = max(y.mean(1).var(ddof=1) / 3 - both, 0)
    assert found.error == pytest.approx(sqrt(seeds + y.mean(0).var(ddof=1) / 200))


def test_stride_is_k_for_a_known_variance_and_longer_for_few_degrees():
    assert stride(3, 10**6) == pytest.approx(3, abs=1e-3)
    assert stride(3, 4) > stride(3, 20) > 3
    assert stride(0, 4) == pytest.approx(0)


def test_the_same_results_never_alarm():
    judged = judge(compare(study(), study()).changes, tolerance=0, k=0)
    assert {one.outcome for one in judged} == {"same"}
    assert verdict(judged) == "35 cells: 35 same"


def test_worse_cells_come_first():
    head = [
        r.model_copy(update={"tasks": [t.model_copy(update={"value": 0.1}) for t in r.tasks]})
        if r.method == "viewmaker"
        else r
        for r in study()
        if r.method != "handcrafted"
    ]
    judged = judge(compare(study(), head).changes)
    assert [one.outcome for one in by_severity(judged)][:10] == ["worse"] * 5 + ["missing"] * 5
    assert verdict(judged) == "35 cells: 5 worse, 5 missing, 25 same"


# How often it cries wolf, and how often it sees one

RERUNS = 120
NOISE = 0.015


def alarm_rates(seeds, drop):
    """Shares of re-runs with an alarm anywhere, and with one in the cell that ``drop`` hit."""
    anywhere = hit = 0
    for rerun in range(RERUNS):
        base = study(seeds=range(seeds), noise=NOISE, rng=2 * rerun)
        head = study(seeds=range(seeds), noise=NOISE, rng=2 * rerun + 1)
        comparison = compare(base, head)
        changes = list(comparison.changes)
        if drop:
            target = next(i for i, c in enumerate(changes) if c.row.method == "viewmaker")
            moved = tuple(d - drop for d in changes[target].differences)
            changes[target] = type(changes[target])(
                **vars(changes[target]) | {"differences": moved}
            )
        worse = [j for j in judge(changes) if j.outcome == "worse"]
        anywhere += bool(worse)
        hit += drop > 0 and any(j.change is changes[target] for j in worse)
    return anywhere / RERUNS, hit / RERUNS


@pytest.mark.parametrize(("seeds", "drop", "power"), [(5, 0.05, 0.8), (3, 0.10, 0.9)])
def test_reruns_rarely_alarm_and_a_planted_drop_does(seeds, drop, power):
    """35 cells whose values differ between runs by sd 0.015; the default tolerance and k."""
    false, _ = alarm_rates(seeds, 0)
    _, seen = alarm_rates(seeds, drop)
    said = (
        f"{seeds} seeds, noise sd {NOISE}, {RERUNS} re-runs of 35 cells: a false alarm in "
        f"{false:.1%} of them, and a planted drop of {drop} seen in {seen:.1%}"
    )
    print(said)
    # Five percent, and three standard errors of a rate measured on so many re-runs.
    assert false <= 0.05 + 3 * sqrt(0.05 * 0.95 / RERUNS), said
    assert seen >= power, said


def test_noise_alone_is_normal_in_the_simulation():
    """The simulation's own check: its differences have the spread that it claims."""
    comparison = compare(study(noise=NOISE, rng=1), study(noise=NOISE, rng=2))
    differences = np.concatenate([c.differences for c in comparison.changes])
    assert differences.std() == pytest.approx(NOISE * sqrt(2), rel=0.15)
