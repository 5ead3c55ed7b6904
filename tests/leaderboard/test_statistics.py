"""Each figure against a closed form, or against an oracle that spells it out by brute force."""

from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from vmbench_leaderboard.statistics.comparison import (
    compare,
    holm,
    probability_of_improvement,
)
from vmbench_leaderboard.statistics.critical_difference import (
    critical_difference,
    critical_distance,
)
from vmbench_leaderboard.statistics.ranks import mean_ranks, ordered, rank_intervals, ranks_of
from vmbench_leaderboard.statistics.sampling import Estimates, Sample, Term
from vmbench_leaderboard.statistics.scores import Scaled, gain_error, iqm_weights, score

RNG = np.random.default_rng(5)


def equal(units):
    """A sample of rows (K, S, G) on G equal test units."""
    units = np.asarray(units, dtype=float)
    return Sample(units.mean(2), units, np.full(units.shape[2], 1 / units.shape[2]))


def rows_of(sample, domain="d", task="t"):
    return Estimates([Term(domain, task, sample, np.eye(len(sample.values)))])


def squares(noise):
    return (noise**2).sum(tuple(range(1, noise.ndim)))


# Contributions


@pytest.mark.parametrize("n", [2, 3, 5])
def test_seed_contributions_square_to_an_unbiased_variance(n):
    """Over all sign patterns of independent seed effects of variance 1, the mean is 1 / n."""
    found = [
        squares(Sample(np.array([signs], dtype=float)).of_seeds)[0]
        for signs in product([-1, 1], repeat=n)
    ]
    assert np.mean(found) == pytest.approx(1 / n)


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.2, 0.3, 0.5], [0.1, 0.1, 0.1, 0.7]])
def test_unit_contributions_square_to_an_unbiased_variance(shares):
    """Over all sign patterns of unit effects of variance 1: that of the weighted mean."""
    shares = np.array(shares)
    found = []
    for signs in product([-1.0, 1.0], repeat=len(shares)):
        units = np.array(signs)[None, None]
        found.append(squares(Sample(units @ shares, units, shares).of_units)[0])
    assert np.mean(found) == pytest.approx((shares**2).sum())


def test_what_is_counted_twice_is_unbiased_and_in_both_others():
    """Independent noise of variance 1 on each seed and unit: all three expect W / S."""
    shares = np.array([0.2, 0.3, 0.5])
    found = []
    for signs in product([-1.0, 1.0], repeat=6):
        units = np.reshape(signs, (1, 2, 3))
        sample = Sample(units @ shares, units, shares)
        parts = (sample.of_seeds, sample.of_units, sample.of_both)
        found.append([squares(part)[0] for part in parts])
    assert np.mean(found, axis=0) == pytest.approx([(shares**2).sum() / 2] * 3)


def test_degrees_of_units_are_their_effective_number_less_one():
    assert equal(np.zeros((1, 1, 7))).unit_degrees == pytest.approx(6)
    sample = Sample(np.zeros((1, 1)), np.zeros((1, 1, 3)), np.array([0.5, 0.25, 0.25]))
    assert sample.unit_degrees == pytest.approx(1 / (0.25 + 2 / 16) - 1)
    # Never below one: a t of less has no quantile that anybody could read.
    lopsided = Sample(np.zeros((1, 1)), np.zeros((1, 1, 2)), np.array([0.99, 0.01]))
    assert lopsided.unit_degrees == 1


# Intervals


@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_over_seeds_alone_the_interval_is_students(n):
    values = RNG.normal(0.8, 0.02, (3, n))
    sample = Sample(values)
    for row, interval in zip(values, rows_of(sample).intervals(sample.means), strict=True):
        expected = stats.t.interval(0.95, n - 1, row.mean(), stats.sem(row))
        assert (interval.low, interval.high) == pytest.approx(expected, rel=1e-3)
    assert rows_of(sample).covers == ["seeds"] * 3


@pytest.mark.parametrize("groups", [2, 3, 20])
def test_of_one_seed_the_interval_is_students_over_equal_groups(groups):
    units = RNG.normal(0.8, 0.05, (2, 1, groups))
    sample = equal(units)
    for row, interval in zip(units, rows_of(sample).intervals(sample.means), strict=True):
        expected = stats.t.interval(0.95, groups - 1, row.mean(), stats.sem(row[0]))
        assert (interval.low, interval.high) == pytest.approx(expected, rel=1e-3)
    assert rows_of(sample).covers == ["test"] * 2


def test_seeds_and_units_add_up_in_squares_less_what_both_count():
    """Two-way analysis of variance, written out for one row of 4 seeds on 5 groups."""
    y = RNG.normal(0.8, 0.05, (4, 5)) + RNG.normal(0, 0.1, (4, 1)) + RNG.normal(0, 0.1, 5)
    mean, by_seed, by_group = y.mean(), y.mean(1), y.mean(0)
    seeds = sum((v - mean) ** 2 for v in by_seed) / 3 / 4
    groups = sum((v - mean) ** 2 for v in by_group) / 4 / 5
    rest = sum((y[s, g] - by_seed[s] - by_group[g] + mean) ** 2 for s in range(4) for g in range(5))
    both = rest / (3 * 4) / (4 * 5)
    of_seeds = seeds - both * stats.chi2.ppf(0.25, 3) / 3
    assert of_seeds > 0
    sample = equal(y[None])
    (interval,) = rows_of(sample).intervals(sample.means)
    half = sqrt(stats.t.ppf(0.975, 3) ** 2 * of_seeds + stats.t.ppf(0.975, 4) ** 2 * groups)
    assert interval.half_width == pytest.approx(half, rel=1e-4)
    assert rows_of(sample).errors()[0][0] == pytest.approx(sqrt(of_seeds + groups))


def test_tasks_of_one_domain_share_their_seeds_and_others_do_not():
    sample = Sample(RNG.normal(0, 1, (1, 5)))
    half = np.full((1, 1), 0.5)
    (alone,), _ = rows_of(sample).errors()
    together = Estimates([Term("d", "a", sample, half), Term("d", "b", sample, half)])
    assert together.errors()[0][0] == pytest.approx(alone)
    apart = Estimates([Term("d", "a", sample, half), Term("e", "b", sample, half)])
    assert apart.errors()[0][0] == pytest.approx(alone / sqrt(2))
    # Satterthwaite: two equal variances with 4 degrees each have 8 together.
    assert together.errors()[1][0] == pytest.approx(4, rel=1e-3)
    assert apart.errors()[1][0] == pytest.approx(8, rel=1e-3)


def test_a_difference_is_paired_over_what_both_rows_share():
    base = RNG.normal(0.8, 0.05, (5, 6))
    own = RNG.normal(0.1, 0.01, (5, 6))
    pair = equal(np.stack([base, base + own]))
    (error, _), alone = rows_of(pair).errors_of_differences(), equal(own[None])
    assert error[0, 1] == pytest.approx(rows_of(alone).errors()[0][0])
    assert error[0, 1] < rows_of(pair).errors()[0][0] / 2
    shifted = equal(np.stack([base, base + 0.1]))
    assert rows_of(shifted).errors_of_differences()[0][0, 1] == pytest.approx(0, abs=1e-9)


def test_without_a_common_seed_the_variances_of_two_rows_add_up():
    values = np.full((2, 7), np.nan)
    values[0, :3], values[1, 3:] = RNG.normal(0, 1, 3), RNG.normal(0, 1, 4)
    errors, degrees = rows_of(Sample(values)).errors_of_differences()
    expected = stats.sem(values[0, :3]) ** 2 + stats.sem(values[1, 3:]) ** 2
    assert errors[0, 1] ** 2 == pytest.approx(expected)
    assert degrees[0, 1] == pytest.approx(2, rel=1e-3)


def test_what_an_interval_covers():
    one_seed = np.array([[0.5, np.nan], [0.5, 0.6]])
    assert rows_of(Sample(one_seed)).covers == [None, "seeds"]
    assert rows_of(Sample(one_seed)).intervals(np.zeros(2))[0] is None
    units = np.stack([one_seed, one_seed + 0.1], axis=2)
    sample = Sample(one_seed + 0.05, units, np.array([0.5, 0.5]))
    assert rows_of(sample).covers == ["test", "seeds and test"]
    nothing = Estimates([Term("d", "t", sample, np.zeros((1, 2)))])
    assert nothing.covers == [None]


def test_draws_scatter_as_the_errors_say_and_together_as_rows_share():
    base = RNG.normal(0.8, 0.05, 2000)
    values = np.stack([base, base + RNG.normal(0, 0.02, 2000)])
    estimates = rows_of(Sample(values))
    draws = estimates.draws(np.array([1.0, 2.0]), 20_000)
    errors, _ = estimates.errors()
    assert draws.mean(1) == pytest.approx([1, 2], abs=1e-3)
    assert draws.std(1) == pytest.approx(errors, rel=0.03)
    gap = estimates.errors_of_differences()[0][0, 1]
    assert (draws[0] - draws[1]).std() == pytest.approx(gap, rel=0.03)
    # Of three seeds, the quartiles of a t with two degrees.
    few = rows_of(Sample(RNG.normal(0, 1, (1, 3))))
    spread = few.draws(np.zeros(1), 20_000) / few.errors()[0]
    assert np.quantile(spread, [0.1, 0.9]) == pytest.approx(stats.t.ppf([0.1, 0.9], 2), rel=0.06)


# Scores


def test_iqm_is_scipys_trimmed_mean_where_a_quarter_is_a_whole_number():
    values = RNG.normal(size=(3, 40))
    found = (iqm_weights(values) * values).sum(1)
    assert found == pytest.approx(stats.trim_mean(values, 0.25, axis=1))


def test_iqm_of_five_in_closed_form():
    # A quarter of five is 1.25 values: 0.75 of the second and fourth remain, and the third.
    values = np.array([[100.0, 2, 1, 40, 3]])
    expected = (0.75 * 2 + 3 + 0.75 * 40) / 2.5
    assert (iqm_weights(values) * values).sum() == pytest.approx(expected)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=9))
def test_iqm_is_the_trimmed_mean_of_four_copies(values):
    values = np.array([values], dtype=float)
    expected = stats.trim_mean(np.repeat(values[0], 4), 0.25)
    assert (iqm_weights(values) * values).sum() == pytest.approx(expected, abs=1e-9)


def scaled(samples):
    return [
        Scaled("d", f"t{place}", sample, [0, 1, 2, 3], 0, 1) for place, sample in enumerate(samples)
    ]


def test_the_noise_of_a_score_is_its_change_to_first_order():
    """Two seeds a little apart: the standard error is half the difference of their own scores."""
    tasks = [
        np.array([[0.3], [0.9], [0.5], [0.8]]),
        np.array([[0.8], [0.2], [0.6], [0.1]]),
        np.array([[0.1], [0.6], [0.5], [0.7]]),
    ]
    moved = [task + RNG.normal(0, 1e-6, task.shape) for task in tasks]
    both = [Sample(np.hstack(pair)) for pair in zip(tasks, moved, strict=True)]
    points, estimates = score(scaled(both))
    before, after = (score(scaled(map(Sample, one)))[0] for one in (tasks, moved))
    assert points == pytest.approx((before + after) / 2)
    assert estimates.errors()[0] == pytest.approx(np.abs(after - before) / 2, rel=1e-3, abs=1e-15)
    assert points[:2].tolist() == [0, 1]
    assert estimates.errors()[0][:2].tolist() == [0, 0]
    assert estimates.covers == [None, None, "seeds", "seeds"]


def test_the_error_of_a_gain_is_that_of_paired_differences():
    values = RNG.normal([[0.4], [0.8]], 0.05, (2, 5))
    expected = stats.sem(values[1] - values[0])
    assert gain_error(Sample(values), 0, 1) == pytest.approx(expected)
    assert gain_error(Sample(values[:, :1]), 0, 1) is None


# Ranks


def test_ranks_share_the_better_place_and_mean_ranks_the_average():
    scores = np.array([0.5, 0.9, 0.9, 0.1])
    assert ranks_of(scores).tolist() == [3, 1, 1, 4]
    assert mean_ranks(scores[:, None]).tolist() == [3, 1.5, 1.5, 4]


def test_rank_interval_is_the_percentile_of_counted_ranks():
    draws = RNG.normal([[1.0], [0.9], [0.0]], 0.1, (3, 1000))
    found = rank_intervals(np.array([1.0, 0.9, 0.0]), draws)
    for row, interval in enumerate(found):
        counted = sorted(1 + int((draws[:, b] > draws[row, b]).sum()) for b in range(1000))
        assert interval == (counted[24], counted[974])
    assert found == [(1, 2), (1, 2), (3, 3)]


def test_rank_intervals_of_many_rows_alike_leave_out_a_fortieth_on_each_side():
    """Ranks that take every value, so that another quantile is another rank."""
    draws = np.random.default_rng(0).normal(size=(40, 999))
    found = rank_intervals(-np.arange(40.0), draws)
    for row, interval in enumerate(found):
        counted = sorted(1 + int((draws[:, b] > draws[row, b]).sum()) for b in range(999))
        assert interval == (min(counted[24], row + 1), max(counted[974], row + 1))


def test_one_draw_in_thirty_nine_is_more_than_a_fortieth():
    """The percentile is a rank that was drawn, none between two."""
    draws = np.tile([[0.0], [1.0], [2.0]], (1, 39))
    draws[0, 7] = 3
    assert rank_intervals(np.array([0.0, 1.0, 2.0]), draws) == [(1, 3), (2, 3), (1, 2)]


def test_mean_ranks_of_draws_are_those_of_each_draw():
    scores = RNG.normal(size=(4, 3, 6))
    found = mean_ranks(scores)
    for draw in range(6):
        assert found[:, draw].tolist() == pytest.approx(mean_ranks(scores[:, :, draw]).tolist())


def test_rows_are_ordered_from_the_highest_score_and_equals_stay():
    scores = np.array([0.3, 0.9, 0.5, 0.9])
    assert ordered([0, 3, 2, 1], scores) == [3, 1, 2, 0]
    assert ordered([2, 0], scores) == [2, 0]


def test_a_rank_is_always_inside_its_interval():
    # Replicates that contradict the point estimate, as a skewed statistic's may.
    assert rank_intervals(np.array([2.0, 1.0]), np.array([[0.0] * 50, [1.0] * 50])) == [
        (1, 2),
        (1, 2),
    ]


# Comparisons


def test_probability_of_improvement_of_single_runs_is_who_wins():
    found = probability_of_improvement([np.array([[1.0], [2.0], [2.0]])])
    assert found.tolist() == [[0.5, 0, 0], [1, 0.5, 0.5], [1, 0.5, 0.5]]


def test_probability_of_improvement_counts_all_pairs_of_runs():
    samples = [
        np.array([[0.1, 0.5, 0.5, np.nan], [0.5, 0.2, 0.7, 0.9]]),
        np.array([[3.0, 3.0, np.nan, np.nan], [1.0, 2.0, 3.0, np.nan]]),
    ]
    expected = []
    for task in samples:
        one, two = (row[~np.isnan(row)] for row in task)
        wins = sum((a > b) + (a == b) / 2 for a in one for b in two)
        expected.append(wins / (len(one) * len(two)))
        u = stats.mannwhitneyu(one, two).statistic
        assert wins == u
    found = probability_of_improvement(samples)
    assert found[0, 1] == pytest.approx(np.mean(expected))
    assert found[0, 1] + found[1, 0] == pytest.approx(1)
    assert np.diag(found).tolist() == [0.5, 0.5]


def test_p_values_are_scipys_over_shared_seeds():
    values = RNG.normal([[0.5], [0.52], [0.9]], 0.02, (3, 6))
    found = compare(values.mean(1), rows_of(Sample(values)), np.full((3, 3), 6.0), 3)
    for i, j in [(0, 1), (0, 2), (1, 2)]:
        expected = stats.ttest_rel(values[i], values[j])
        assert found.p[i, j] == pytest.approx(expected.pvalue, rel=1e-2)
        assert found.error[i, j] == pytest.approx(stats.sem(values[i] - values[j]))
    pairs = np.array([found.p[0, 1], found.p[0, 2], found.p[1, 2]])
    adjusted = [found.p_holm[0, 1], found.p_holm[0, 2], found.p_holm[1, 2]]
    assert adjusted == holm(pairs).tolist()


def test_two_seeds_that_agree_make_nothing_certain():
    """They had p = 0; and three that agree tell no noise either, unless there is no difference."""
    two = np.array([[0.5, 0.6], [0.4, 0.5]])
    found = compare(two.mean(1), rows_of(Sample(two)), np.full((2, 2), 2.0), 3)
    assert np.isnan(found.p).all()
    assert found.difference[0, 1] == pytest.approx(0.1)
    three = np.array([[0.5, 0.6, 0.8], [0.4, 0.5, 0.7], [0.5, 0.6, 0.8]])
    found = compare(three.mean(1), rows_of(Sample(three)), np.full((3, 3), 3.0), 3)
    assert np.isnan(found.p[0, 1])
    assert found.p[0, 2] == 1


def test_holm_by_its_definition():
    p = np.array([0.011, 0.02, 0.04, 0.02, 0.9])
    adjusted = holm(p)
    # Definition: the largest of (m - k) * p_(k) over all smaller p values, at most 1.
    order = sorted(range(5), key=lambda i: p[i])
    for place, index in enumerate(order):
        expected = min(1.0, max((5 - k) * p[order[k]] for k in range(place + 1)))
        assert adjusted[index] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rows", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)]
)
def test_critical_distance_has_the_quantiles_of_demsars_table_5(rows, q):
    assert critical_distance(rows, 30) == pytest.approx(
        q * sqrt(rows * (rows + 1) / (6 * 30)), rel=1e-3
    )


def test_critical_difference_groups_rows_that_are_close():
    # Rows 0 and 1 take turns at the top on 30 tasks, rows 2 and 3 at the bottom.
    top, bottom = np.arange(30) % 2, np.arange(30) % 2
    scores = np.array([10 + top, 11 - top, bottom, 1 - bottom], dtype=float)
    found = critical_difference(scores)
    assert found is not None
    assert found.mean_ranks.tolist() == [1.5, 1.5, 3.5, 3.5]
    assert found.p == pytest.approx(stats.friedmanchisquare(*scores).pvalue)
    assert found.groups == ((0, 1), (2, 3))


def test_a_row_below_the_others_is_no_tie():
    scores = np.ones((3, 6))
    scores[0] = 0
    found = critical_difference(scores)
    assert found is not None
    assert found.p == pytest.approx(stats.friedmanchisquare(*scores).pvalue)


def test_without_a_difference_all_rows_are_one_group():
    scores = np.random.default_rng(0).normal(size=(4, 6))
    found = critical_difference(scores)
    assert found is not None
    assert found.p > 0.05
    assert sorted(found.groups[0]) == [0, 1, 2, 3]
    tied = critical_difference(np.ones((3, 4)))
    assert tied is not None
    assert (tied.p, tied.groups) == (1.0, ((0, 1, 2),))


def test_friedman_has_the_first_word():
    """Two mean ranks further apart than the distance say nothing where the whole test is silent."""
    scores = np.random.default_rng(4).normal(size=(8, 4))
    scores[0] += 1.5
    scores[1] -= 1.5
    found = critical_difference(scores)
    assert found is not None
    assert np.ptp(found.mean_ranks) > found.distance
    assert found.p > 0.05
    assert len(found.groups) == 1


def test_overlapping_groups_are_maximal():
    # Ranks 1, 2 ... 5 on every task: with 8 tasks the distance is 2.16, so three fit in a group.
    scores = -np.tile(np.arange(5.0)[:, None], (1, 8))
    found = critical_difference(scores)
    assert found is not None
    assert 2 < found.distance < 3
    assert found.groups == ((0, 1, 2), (1, 2, 3), (2, 3, 4))


@pytest.mark.parametrize("shape", [(2, 9), (9, 1)])
def test_critical_difference_is_undefined_for_two_rows_or_one_task(shape):
    assert critical_difference(np.zeros(shape)) is None
