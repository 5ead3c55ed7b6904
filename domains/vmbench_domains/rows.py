"""Splits of independent rows. Rows that belong together use :class:`vmbench.dataset.HeldOut`."""

import numpy as np
import numpy.typing as npt

from vmbench.dataset import Split


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
