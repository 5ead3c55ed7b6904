"""What each test example contributes to a value, summed per independent unit of the test split.

With the values of the units a board resamples test data without having them: the mean of the
contributions (:mod:`vmbench.evaluation.influence`) over a resample is, to first order, the value
on it.
"""

from zlib import crc32

import numpy as np

from vmbench.data.examples import Indices
from vmbench.data.kinds.base import ABSENT
from vmbench.evaluation.influence import Contributions
from vmbench.results import MOST_UNITS, TestUnits

DIGITS = 6  # of a stored total, after the point


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
