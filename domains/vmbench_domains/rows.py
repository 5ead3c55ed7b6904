"""Splits of independent rows.

Rows that belong together use :class:`vmbench.data.dataset.HeldOut`.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Split


def stratified_split(
    labels: npt.NDArray[np.int64], *, val: int, test: int, seed: int
) -> list[Split]:
    """Hold out ``val`` and ``test`` rows, each class in its proportion, drawn once from ``seed``.

    Args:
        labels: class index of each row, (N,).
        val: rows held out for val.
        test: rows held out for test.
        seed: of the draw.

    Returns:
        The side of each row, in the order of ``labels``.
    """
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(labels))
    rest, tested = train_test_split(rows, test_size=test, random_state=seed, stratify=labels)
    _, validated = train_test_split(rest, test_size=val, random_state=seed, stratify=labels[rest])
    sides: list[Split] = ["train"] * len(labels)
    for row in tested:
        sides[row] = "test"
    for row in validated:
        sides[row] = "val"
    return sides


def stratified_shares(
    labels: Sequence[object], *, val: float = 0.1, test: float = 0.2, seed: int = 0
) -> list[Split]:
    """Hold out a share of every class, however small: the first row of a class is always train.

    A class of two rows has one in test, one of three or more has one in val too.

    Args:
        labels: class of each row, anything hashable.
        val: share held out for val; 0 for none.
        test: share held out for test; 0 for none.
        seed: of the draw.

    >>> stratified_shares(["a"] * 10 + ["b"]).count("train")
    8
    """
    rng = np.random.default_rng(seed)
    rows: dict[object, list[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    sides: list[Split] = ["train"] * len(labels)
    for label in sorted(rows, key=repr):
        drawn = rng.permutation(rows[label])
        size = len(drawn)
        tested = max(round(test * size), int(size > 1)) if test else 0
        validated = max(round(val * size), int(size > 2 or (size > 1 and not test))) if val else 0
        for row in drawn[:tested]:
            sides[row] = "test"
        for row in drawn[tested : tested + validated]:
            sides[row] = "val"
    return sides
