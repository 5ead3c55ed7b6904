"""What test examples contribute, against derivatives of other people's metrics."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from vmbench.evaluation.influence import of_accuracy, of_auroc, of_pearson
from vmbench.evaluation.units import test_units as sum_units

N = 60


def influence(metric, i, step=1e-4):
    """The infinitesimal jackknife: N times the derivative by the weight of example ``i``."""
    up, down = np.ones(N), np.ones(N)
    up[i] += step
    down[i] -= step
    return N * (metric(up) - metric(down)) / (2 * step)


def weighted_correlation(x, y, weights):
    covariance = np.cov(x, y, aweights=weights)
    return covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])


def test_a_right_prediction_contributes_one_and_a_wrong_one_nothing():
    found = of_accuracy(np.array([0, 2, 1]), np.array([0, 1, 1]))
    assert found.tolist() == [1, 0, 1]


def test_auroc_contributions_are_the_value_plus_its_derivative_by_each_weight():
    rng = np.random.default_rng(0)
    labels = (rng.random((N, 3)) < (0.5, 0.2, 0.6)).astype(np.int64)
    scores = np.round(rng.standard_normal((N, 3)) + labels, 1)  # with ties
    counted = np.array([True, True, False])
    found = of_auroc(scores, labels, counted)

    def macro(weights=None):
        pairs = zip(labels.T[:2], scores.T[:2], strict=True)
        return np.mean([roc_auc_score(y, s, sample_weight=weights) for y, s in pairs])

    assert found.mean() == pytest.approx(macro(), abs=1e-12)
    expected = [macro() + influence(macro, i) for i in range(N)]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_correlation_contributions_are_the_value_plus_its_derivative_by_each_weight(unit):
    rng = np.random.default_rng(1)
    x = rng.standard_normal(N)
    y = x + 0.5 * rng.standard_normal(N) + 3
    found = of_pearson(unit * x, unit * y)
    value = np.corrcoef(x, y)[0, 1]
    assert found.mean() == pytest.approx(value, abs=1e-12)
    expected = [value + influence(lambda w: weighted_correlation(x, y, w), i) for i in range(N)]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_constant_prediction_contributes_no_correlation():
    found = of_pearson(np.full(5, 2.0), np.arange(5.0))
    assert found.tolist() == [0] * 5


def test_resampled_contributions_spread_as_the_resampled_metric_does():
    """What they are for: the bootstrap of their mean stands for that of the AUROC."""
    rng = np.random.default_rng(2)
    labels = (rng.random(300) < 0.3).astype(np.int64)
    scores = rng.standard_normal(300) + labels
    each = of_auroc(scores[:, None], labels[:, None], np.array([True]))
    draws = rng.integers(300, size=(400, 300))
    metric = [roc_auc_score(labels[draw], scores[draw]) for draw in draws]
    means = each[draws].mean(1)
    assert np.std(means) == pytest.approx(np.std(metric), rel=0.05)
    assert np.corrcoef(means, metric)[0, 1] > 0.98


def test_units_are_groups_and_examples_without_one_are_their_own():
    values = np.array([1.0, 0.0, 1.0, 0.25, 0.5])
    units = sum_units(values, np.array([7, -1, 7, 3, -1]), "toy/kind")
    assert (units.unit, units.count) == ("group", 4)
    assert sorted(zip(units.sizes, units.totals, strict=True)) == [
        (1, 0.0),
        (1, 0.25),
        (1, 0.5),
        (2, 2.0),
    ]
    first = sum_units(values, np.array([-1, 0, 1, 0, 1]), "toy/kind")
    assert sorted(zip(first.sizes, first.totals, strict=True)) == [(1, 1.0), (2, 0.25), (2, 1.5)]
    alone = sum_units(values, np.full(5, -1), "toy/kind")
    assert (alone.unit, alone.count, alone.totals) == ("example", 5, values.tolist())


def test_more_than_256_units_are_pooled_by_one_draw_for_all_methods():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(600), 2)
    first, second = (rng.random(1200) for _ in range(2))
    one, other = (sum_units(each, groups, "toy/kind") for each in (first, second))
    assert (one.count, len(one.sizes)) == (600, 256)
    assert sorted(set(one.sizes)) == [4, 6]  # two or three groups of two
    assert one.sizes == other.sizes
    assert one.mean == pytest.approx(first.mean(), abs=1e-8)
    # Paired: the totals of a sum are the sums of the totals, pool by pool.
    both = sum_units(first + second, groups, "toy/kind")
    np.testing.assert_allclose(both.totals, np.add(one.totals, other.totals), atol=2e-6)
    # No group is torn: a value for each group, and each pool holds whole ones.
    codes = sum_units(2.0 ** (groups % 40), groups, "toy/kind")
    assert all(float(total / 2).is_integer() for total in codes.totals)
    assert sum_units(first, groups, "toy/other").totals != one.totals


def test_pooling_takes_units_at_random_and_not_in_file_order():
    """Neighbours in the file are alike; pools of them would not be exchangeable."""
    values = np.arange(1024.0)
    units = sum_units(values, np.full(1024, -1), "toy/kind")
    assert units.sizes == [4] * 256
    assert abs(np.corrcoef(np.arange(256), units.totals)[0, 1]) < 0.2
