"""What each example contributes to a metric that is judged on many.

The contributions' mean is the metric, and the variance of their mean is, to first order, that of
the metric (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 22). Two models on
the same examples are compared pair by pair.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from vmbench.data.labels import Labels, Mask
from vmbench.evaluation.metrics import Predictions, pearson

Contributions = npt.NDArray[np.float64]


def of_accuracy(predictions: Predictions, labels: Labels) -> Contributions:
    """1 of a correct class and 0 of a wrong one; both arguments are class indices (N,).

    >>> of_accuracy(np.array([0, 2]), np.array([0, 1])).tolist()
    [1.0, 0.0]
    """
    correct: Contributions = (predictions == labels).astype(np.float64)
    return correct


def of_auroc(scores: Predictions, labels: Labels, counted: Mask) -> Contributions:
    """The macro AUROC plus each example's influence on it.

    Args:
        scores: (N, K).
        labels: (N, K), 0 or 1.
        counted: (K,) the classes that are averaged, one at least.
    """
    columns = np.flatnonzero(counted)
    each = [_of_one_auroc(scores[:, k], labels[:, k] == 1) for k in columns]
    mean: Contributions = np.mean(each, axis=0)
    return mean


def _of_one_auroc(scores: npt.NDArray[np.generic], positive: Mask) -> Contributions:
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


def of_pearson(predictions: Predictions, targets: Labels) -> Contributions:
    """Pearson's correlation of (N,) with (N,) plus each example's influence on it.

    Devlin, Gnanadesikan and Kettenring 1975 (Biometrika 62, 531-545): the influence is
    ``z_x z_y - r / 2 (z_x^2 + z_y^2)``; 0 where either side never changes.
    """
    x, y = np.asarray(predictions, np.float64), np.asarray(targets, np.float64)
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
