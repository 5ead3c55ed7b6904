"""Draws of few labels from a split, each from a fixed seed; :mod:`vmbench.evaluation.fewshot`."""

from collections.abc import Callable

import numpy as np

from vmbench.data.examples import Indices
from vmbench.data.labels import Labels

SHOTS = (1, 5, 10)
FRACTION = 0.01  # of the labels of each class, at least one
LEAST = 10  # examples of a draw that looks at no labels

Size = Callable[[int], int]
Draw = Callable[..., Indices]  # labels of a split, seed=... -> positions in it


def share(available: int) -> int:
    """1% of what is there, and at least one."""
    return max(1, round(FRACTION * available))


def draw_per_label(k: int, labels: Labels, seed: int) -> Indices:
    """Of every class ``k`` examples that have it and ``k`` that have it not, of labels (N, K)."""
    return np.unique(np.concatenate([draw(y, lambda _: k, seed) for y in labels.T]))


def draw_any(labels: Labels, seed: int) -> Indices:
    """1% of all examples, and at least 10, whatever their labels."""
    order = np.random.default_rng(seed).permutation(len(labels))
    return np.sort(order[: max(LEAST, share(len(labels)))])


def draw(labels: Labels, size: Size, seed: int) -> Indices:
    """Positions in ``labels`` of a random subset, balanced by class; sorted.

    Args:
        labels: (N,) class indices.
        size: how many of a class to take, given how many there are; at most all are taken.
        seed: of the draw; with one seed a smaller subset is part of a larger one.

    >>> labels = np.array([0, 0, 1, 1, 1])
    >>> labels[draw(labels, lambda available: 1, seed=0)].tolist()
    [0, 1]
    """
    rng = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen.append(members[: size(len(members))])
    return np.sort(np.concatenate(chosen))
