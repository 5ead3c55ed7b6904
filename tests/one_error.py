"""The one-standard-error rule, by the jackknife: it knows nothing of influence functions."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import stats

Metric = Callable[[Any, Any], float]  # of labels and predictions


def strongest_within_one_error(
    predictions: Sequence[Any], labels: Any, metric: Metric, losses: Sequence[Any]
) -> int:
    """Position of the first of ``predictions`` that is within one standard error of the best.

    The standard error of the paired difference: of ``metric`` on all examples but one, each in
    turn (Efron and Tibshirani 1993, equation 11.5). And so for the mean of the ``losses`` (n,).
    """
    n = len(labels)
    values = [metric(labels, each) for each in predictions]
    best = max(range(len(values)), key=lambda i: (values[i], -np.mean(losses[i])))
    left_out = [
        np.array([metric(np.delete(labels, i, 0), np.delete(each, i, 0)) for i in range(n)])
        for each in predictions
    ]
    for position, value in enumerate(values):
        difference = left_out[best] - left_out[position]
        error = np.sqrt((n - 1) / n * np.square(difference - difference.mean()).sum())
        lost = stats.ttest_rel(losses[position], losses[best])
        worse = position != best and np.any(losses[position] != losses[best]) and lost.statistic > 1
        if values[best] - value <= error + 1e-12 and not worse:
            return position
    raise AssertionError
