"""What each test example contributes to a value, summed per independent unit of the test split.

With the values of the units a board resamples test data without having them. Accuracy is a mean
over examples already. An AUROC and a correlation are not: there an example contributes the value
plus its influence, so that the mean of the contributions is the value and, to first order, their
mean over a resample is the value on the resample (Efron and Tibshirani 1993, chapter 22).
"""

from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from vmbench.dataset import Kind
from vmbench.examples import ABSENT, Indices
from vmbench.labels import Labels, Mask
from vmbench.metrics import Predictions, pearson
from vmbench.results import MOST_UNITS, TestUnits

Contributions = npt.NDArray[np.float64]
DIGITS = 6  # of a stored total, after the point


def contributions(
    kind: Kind, predictions: Predictions, labels: Labels, counted: Mask | None
) -> Contributions:
    """What each test example contributes to the headline metric: (N,), with it as their mean.

    Args:
        kind: of the task.
        predictions: as a probe gives them.
        labels: of the same examples.
        counted: (K,) the classes that a macro AUROC averages; None for the other kinds.
    """
    if kind == "multiclass":
        correct: Contributions = (predictions == labels).astype(np.float64)
        return correct
    if kind == "regression":
        return _pearson(predictions.astype(np.float64), labels.astype(np.float64))
    assert counted is not None
    scores = predictions.astype(np.float64)
    classes = np.flatnonzero(counted)
    mean: Contributions = np.mean([_auroc(scores[:, k], labels[:, k] == 1) for k in classes], 0)
    return mean


def _auroc(scores: Contributions, positive: Mask) -> Contributions:
    """The AUROC A plus the influence of each example on it.

    That of a positive is (V - A) / p with V the share of the negatives that it outranks and p the
    share of positives, that of a negative likewise: the components of DeLong et al. 1988
    (Biometrics 44, 837-845). Equals count half.
    """
    ranks = rankdata(scores)
    found = np.empty(len(scores))
    for side, sign in ((positive, 1), (~positive, -1)):
        own, others = side.sum(), (~side).sum()
        below = (ranks[side] - rankdata(scores[side])) / others
        outranked = below if sign == 1 else 1 - below
        area = outranked.mean()
        found[side] = area + (outranked - area) * len(scores) / own
    return found


def _pearson(x: Contributions, y: Contributions) -> Contributions:
    """The correlation r plus the influence of each example on it.

    The influence is ``z_x z_y - r / 2 (z_x^2 + z_y^2)`` of the standardised values (Devlin et al.
    1975, Biometrika 62, 531-545); none where either never changes.
    """
    r = pearson(x, y)
    if (x == x[0]).all() or (y == y[0]).all():
        return np.full(len(x), r)
    zx, zy = _standard(x), _standard(y)
    found: Contributions = r + zx * zy - r / 2 * (zx**2 + zy**2)
    return found


def _standard(x: Contributions) -> Contributions:
    level = x - x.mean()
    level /= np.abs(level).max()  # no sum of squares is then too small or too large
    z: Contributions = level / level.std()
    return z


def test_units(values: Contributions, groups: Indices, seed_text: str) -> TestUnits:
    """Contributions summed per unit.

    Args:
        values: (N,) of the test examples.
        groups: (N,) codes of their groups, -1 where an example has none and is its own unit.
        seed_text: names the task. It and the number of units alone decide which units are pooled
            where there are more than 256 of them, so that all methods store the same.
    """
    named = groups != ABSENT
    # An example without a group is its own, with a code that no group has.
    codes = np.where(named, groups, groups.max(initial=0) + 1 + np.arange(len(groups)))
    _, units = np.unique(codes, return_inverse=True)
    count = int(units.max()) + 1
    stored = min(count, MOST_UNITS)
    if count > stored:
        order = np.random.default_rng([crc32(seed_text.encode()), count]).permutation(count)
        units = (order % stored)[units]
    totals = np.bincount(units, weights=values, minlength=stored)
    return TestUnits(
        unit="group" if named.any() else "example",
        count=count,
        sizes=np.bincount(units, minlength=stored).tolist(),
        totals=[round(float(total), DIGITS) for total in totals],
    )
