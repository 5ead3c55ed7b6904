"""Each figure against a closed form, or against an oracle that spells it out by brute force."""

from fractions import Fraction
from itertools import product
from math import comb, lcm, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from vmbench_leaderboard.statistics.aggregate import (
    aggregate,
    aggregate_interval,
    interquartile_mean,
    mean_replicates,
    replicates,
    widened,
)
from vmbench_leaderboard.statistics.bootstrap import mean_intervals, resamples_of, tail
from vmbench_leaderboard.statistics.comparison import (
    holm,
    paired_comparison,
    probability_of_improvement,
)
from vmbench_leaderboard.statistics.critical_difference import (
    critical_difference,
    critical_distance,
)
from vmbench_leaderboard.statistics.ranks import mean_ranks, rank_intervals, ranks_of

RNG = np.random.default_rng(5)


# The bootstrap of a mean


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_exact_resamples_are_those_of_all_n_to_the_n_draws(n):
    found = resamples_of(n)
    brute: dict[tuple[int, ...], int] = {}
    for draw in product(range(n), repeat=n):
        counts = tuple(draw.count(i) for i in range(n))
        brute[counts] = brute.get(counts, 0) + 1
    assert len(found.counts) == comb(2 * n - 1, n) == len(brute)
    for counts, probability in zip(found.counts, found.probability, strict=True):
        assert probability == pytest.approx(brute[tuple(int(c) for c in counts)] / n**n)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_mean_interval_is_the_percentile_of_all_draws(n):
    values = RNG.normal(0.8, 0.02, (4, n))
    cut = tail(n, n - 1)
    for sample, interval in zip(values, mean_intervals(values), strict=True):
        means = np.sort([np.mean(draw) for draw in product(sample, repeat=n)])
        # The smallest mean with at least `cut` of the draws at or below it.
        index = int(np.ceil(cut * len(means) - 1e-9)) - 1
        assert interval.low == pytest.approx(means[max(index, 0)])
        assert interval.high == pytest.approx(means[::-1][max(index, 0)])


@pytest.mark.parametrize("n", [6, 8, 20])
def test_mean_interval_agrees_with_scipy_at_the_expanded_level(n):
    values = RNG.normal(0.8, 0.02, (3, n))
    level = 1 - 2 * tail(n, n - 1)
    reference = stats.bootstrap(
        (values,),
        np.mean,
        axis=-1,
        vectorized=True,
        n_resamples=40_000,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    error = values.std(1, ddof=1) / sqrt(n)
    for i, interval in enumerate(mean_intervals(values)):
        assert interval.low == pytest.approx(reference.low[i], abs=0.2 * error[i])
        assert interval.high == pytest.approx(reference.high[i], abs=0.2 * error[i])


def test_tail_is_the_expanded_level_of_hesterberg():
    # Closed form, and the limit of many seeds: the plain 2.5%.
    assert tail(5, 4) == pytest.approx(stats.norm.cdf(-sqrt(5 / 4) * stats.t.ppf(0.975, 4)))
    assert tail(5, 4) < tail(20, 19) < 0.025
    assert tail(100_000, 99_999) == pytest.approx(0.025, abs=1e-5)


@pytest.mark.parametrize(
    ("n", "at_least", "at_most"), [(2, 0.46, 0.54), (3, 0.71, 0.79), (5, 0.88, 0.96)]
)
def test_coverage_of_the_mean_interval_is_what_the_notes_say(n, at_least, at_most):
    samples = np.random.default_rng(n).normal(0, 1, (2000, n))
    covered = np.mean([i.low <= 0 <= i.high for i in mean_intervals(samples)])
    assert at_least < covered < at_most, f"{n} seeds: the interval covers {covered:.3f}"


def test_a_constant_sample_has_an_interval_of_no_width_around_its_mean():
    value = 0.1 + 0.2
    (interval,) = mean_intervals(np.full((1, 5), value))
    assert interval.low <= value <= interval.high
    assert interval.high - interval.low < 1e-15


# The interquartile mean


def test_iqm_is_scipys_trimmed_mean_where_a_quarter_is_a_whole_number():
    values = RNG.normal(size=40)
    assert interquartile_mean(values, np.ones(40)) == pytest.approx(stats.trim_mean(values, 0.25))


def test_iqm_of_five_equal_weights_in_closed_form():
    # A quarter of five is 1.25 values: 0.75 of the second and fourth remain, and the third.
    expected = (0.75 * 2 + 3 + 0.75 * 40) / 2.5
    assert interquartile_mean(np.array([100.0, 2, 1, 40, 3]), np.ones(5)) == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 5)), min_size=1, max_size=8))
def test_weighted_iqm_is_the_trimmed_mean_of_copies(pairs):
    values = np.array([value for value, _ in pairs], dtype=float)
    weights = np.array([weight for _, weight in pairs], dtype=float)
    copies = np.repeat(values, [4 * weight for _, weight in pairs])
    assert interquartile_mean(values, weights) == pytest.approx(
        stats.trim_mean(copies, 0.25), abs=1e-9
    )


def test_a_missing_seed_does_not_tilt_the_aggregate():
    """Task a has six seeds and task b two: each still counts for half."""
    a, b = np.array([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]]), np.array([[0.9, 1.0]])
    copies = lcm(6, 2) * 4
    pooled = np.concatenate([np.repeat(a, copies // 6), np.repeat(b, copies // 2)])
    assert aggregate([a, b]) == pytest.approx(stats.trim_mean(pooled, 0.25))
    assert aggregate([a, b]) != pytest.approx(
        stats.trim_mean(np.concatenate([a[0], b[0]]), 0.25), abs=0.05
    )


def test_aggregate_replicates_follow_the_distribution_of_all_draws():
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=(1, 2))
    exact: dict[float, Fraction] = {}
    for i in product(range(3), repeat=3):
        for j in product(range(2), repeat=2):
            value = round(aggregate([a[:, list(i)], b[:, list(j)]]), 9)
            exact[value] = exact.get(value, Fraction(0)) + Fraction(1, 27 * 4)
    draws = replicates([a, b], "row", 20_000)
    assert draws.mean() == pytest.approx(sum(v * float(p) for v, p in exact.items()), abs=0.02)
    points = sorted(exact)
    for cut in (points[len(points) // 4], points[len(points) // 2]):
        below = float(sum(p for v, p in exact.items() if v <= cut + 1e-9))
        assert np.mean(draws <= cut + 1e-8) == pytest.approx(below, abs=0.02)


def test_tasks_of_one_run_are_drawn_together():
    """Twice the same task says nothing new, so the interval must not shrink."""
    task = RNG.normal(0, 1, (1, 6))
    once = aggregate_interval([task], replicates([task], "row"))
    joint = np.vstack([task, task])
    twice = aggregate_interval([joint], replicates([joint], "row"))
    apart = aggregate_interval([task, task], replicates([task, task], "row"))
    assert once
    assert twice
    assert apart
    assert twice.half_width == pytest.approx(once.half_width, rel=0.05)
    assert apart.half_width < 0.85 * once.half_width


def test_replicates_are_the_same_each_time_and_depend_on_the_row_alone():
    values = RNG.normal(size=(3, 5))
    assert np.array_equal(replicates([values], "a"), replicates([values], "a"))
    assert not np.array_equal(replicates([values], "a"), replicates([values], "b"))


def test_a_single_seed_has_no_interval():
    values = [np.array([[0.5], [0.6]])]
    assert aggregate_interval(values, replicates(values, "row")) is None


def test_widened_replicates_have_the_standard_error_of_an_unbiased_variance():
    """Four values, whose IQM is the mean of the middle two; the factor is sqrt(4 / 3)."""
    values = [RNG.normal(size=(1, 4))]
    draws = replicates(values, "row")
    wide = widened(values, draws)
    assert np.std(wide) == pytest.approx(np.std(draws) * sqrt(4 / 3))
    assert np.argsort(wide).tolist() == np.argsort(draws).tolist()
    one = [np.array([[0.5]])]
    assert widened(one, replicates(one, "row")).tolist() == replicates(one, "row").tolist()


def test_mean_replicates_have_the_standard_error_of_the_mean():
    """Unlike the plain bootstrap, whose spread at five values is too small by sqrt(4 / 5)."""
    values = RNG.normal(0, 1, (2, 5))
    draws = mean_replicates([values], "row", 40_000)
    expected = values.std(1, ddof=1) / sqrt(5)
    assert draws.std(1) == pytest.approx(expected, rel=0.03)
    assert draws.mean(1) == pytest.approx(values.mean(1), abs=0.02)


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


def test_a_rank_is_always_inside_its_interval():
    # Replicates that contradict the point estimate, as a skewed statistic's may.
    assert rank_intervals(np.array([2.0, 1.0]), np.array([[0.0] * 50, [1.0] * 50])) == [
        (1, 2),
        (1, 2),
    ]


# Comparisons


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


def test_paired_p_values_are_scipys_over_shared_seeds():
    scores = RNG.normal([[0.5], [0.52], [0.9]], 0.02, (3, 6))
    scores[0, 5] = scores[1, 0] = np.nan
    found = paired_comparison(scores)
    for i, j in [(0, 1), (0, 2), (1, 2)]:
        shared = ~np.isnan(scores[i] + scores[j])
        expected = stats.ttest_rel(scores[i, shared], scores[j, shared])
        assert found.seeds[i, j] == shared.sum()
        assert found.p[i, j] == pytest.approx(expected.pvalue)
        assert found.difference[i, j] == pytest.approx(
            np.mean(scores[i, shared] - scores[j, shared])
        )


def test_a_seed_that_one_row_lacks_cannot_change_a_comparison():
    scores = RNG.normal(0.5, 0.02, (2, 5))
    extra = np.array([[99.0], [np.nan]])
    with_extra = paired_comparison(np.hstack([scores, extra]))
    assert with_extra.p[0, 1] == paired_comparison(scores).p[0, 1]
    assert with_extra.difference[0, 1] == paired_comparison(scores).difference[0, 1]


def test_one_shared_seed_has_no_p_value_and_no_noise_is_certain():
    one = paired_comparison(np.array([[0.5, np.nan], [0.4, 0.3]]))
    assert np.isnan(one.p[0, 1])
    assert one.difference[0, 1] == pytest.approx(0.1)
    exact = paired_comparison(np.array([[0.5, 0.6], [0.4, 0.5], [0.5, 0.6]]))
    assert exact.p[0, 1] == 0
    assert exact.p[0, 2] == 1


def test_holm_by_its_definition():
    p = np.array([0.011, 0.02, 0.04, 0.02, 0.9])
    adjusted = holm(p)
    # Definition: the largest of (m - k) * p_(k) over all smaller p values, at most 1.
    order = sorted(range(5), key=lambda i: p[i])
    for place, index in enumerate(order):
        expected = min(1.0, max((5 - k) * p[order[k]] for k in range(place + 1)))
        assert adjusted[index] == pytest.approx(expected)


def test_holm_counts_each_pair_once():
    scores = RNG.normal(0.5, 0.1, (3, 6))
    found = paired_comparison(scores)
    pairs = np.array([found.p[0, 1], found.p[0, 2], found.p[1, 2]])
    assert [found.p_holm[0, 1], found.p_holm[0, 2], found.p_holm[1, 2]] == holm(pairs).tolist()


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
