"""What each example contributes to a metric that is judged on many.

The contributions' mean is the metric, and the variance of their mean is, to first order, that of
the metric (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 22). Two models on
the same examples are compared pair by pair.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from vmbench.data.dataset import Kind
from vmbench.data.labels import Labels, Mask
from vmbench.evaluation.metrics import Predictions, pearson

Contributions = npt.NDArray[np.float64]


def contributions(
    kind: Kind, predictions: Predictions, labels: Labels, counted: Mask | None
) -> Contributions:
    """(N,): 1 or 0 of a correct or wrong class; else the metric plus the example's influence on it.

    Args:
        kind: of the task, which names the metric: accuracy, macro AUROC, Pearson's correlation.
        predictions: class indices (N,), scores (N, K) or values (N,).
        labels: of the same examples.
        counted: (K,) the classes that a macro AUROC averages, one at least; None otherwise.

    >>> contributions("multiclass", np.array([0, 2]), np.array([0, 1]), None).tolist()
    [1.0, 0.0]
    """
    if kind == "multiclass":
        correct: Contributions = (predictions == labels).astype(np.float64)
        return correct
    if kind == "regression":
        return _of_pearson(np.asarray(predictions, np.float64), np.asarray(labels, np.float64))
    assert counted is not None
    columns = np.flatnonzero(counted)
    each = [_of_auroc(predictions[:, k], labels[:, k] == 1) for k in columns]
    mean: Contributions = np.mean(each, axis=0)
    return mean


def _of_auroc(scores: npt.NDArray[np.generic], positive: Mask) -> Contributions:
    """DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44, 837-845), equation 4.

    Of a positive V is the share of negatives below it, of a negative the share of positives above;
    equals count half. An example's influence is V less the AUROC, over its side's share of all.
    """
    found = np.empty(len(scores))
    ranks = rankdata(scores)
    for side, above in ((positive, True), (~positive, False)):
        others = len(scores) - side.sum()
        below = (ranks[side] - rankdata(scores[side])) / others
        v = below if above else 1 - below
        found[side] = v.mean() + (v - v.mean()) / side.mean()
    return found


def _of_pearson(x: Contributions, y: Contributions) -> Contributions:
    """Devlin, Gnanadesikan and Kettenring 1975 (Biometrika 62, 531-545).

    The influence is ``z_x z_y - r / 2 (z_x^2 + z_y^2)``; 0 where either side never changes.
    """
    r = pearson(x, y)
    found = np.full(len(x), r)
    if (x != x[0]).any() and (y != y[0]).any():
        zx, zy = _standard(x), _standard(y)
        found += zx * zy - r / 2 * (zx**2 + zy**2)
    return found


def _standard(x: Contributions) -> Contributions:
    level = x - x.mean()
    level /= np.abs(level).max()  # no sum of squares is then too small or too large
    z: Contributions = level / level.std()
    return z
