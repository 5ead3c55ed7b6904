"""How the columns of a table become the features of a Vector."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt


def one_hot(codes: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float32]:
    """Category codes (N,) -> (N, classes) of zeros and a one.

    >>> one_hot(np.array([1, 0]), 3).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    return np.eye(classes, dtype=np.float32)[codes]


def one_hot_spans(
    categories: Mapping[str, Sequence[str]], start: int
) -> dict[str, tuple[int, int]]:
    """Where each category's one-hot block lies, if the blocks follow each other from ``start``.

    >>> one_hot_spans({"cut": ("Fair", "Good"), "color": ("D", "E", "F")}, start=7)
    {'cut': (7, 9), 'color': (9, 12)}
    """
    spans = {}
    for name, classes in categories.items():
        spans[name] = (start, start + len(classes))
        start += len(classes)
    return spans
