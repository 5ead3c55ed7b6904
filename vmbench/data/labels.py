"""Labels and splits, and what labels say before anything is learned: which classes can be judged.

What a label may be follows from the kind of its task: :mod:`vmbench.data.kinds`.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Literal

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
# A class index, 0 or 1 per class, or a number, by the task's kind.
Label = int | float | tuple[int, ...]
# Class indices (N,), or 0 and 1 per class (N, K), or real targets (N,), by the task's kind.
Labels = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Sides = Mapping[Split, Labels]
Mask = npt.NDArray[np.bool_]

NONE_JUDGED = (
    "no class is there in some and not in other examples of both train and test: "
    "use more examples (--set max_examples=N) or another split"
)


def judged(labels: Sides) -> Mask:
    """Which classes (K,) of a multilabel task count: both values occur in train and in test.

    A ranking of a class that is everywhere or nowhere in test has no value, and a class that is
    everywhere or nowhere in train cannot be learned.

    Args:
        labels: 0 and 1, (N, K), of train and of test.
    """
    both: Mask = varies(labels["train"]) & varies(labels["test"])
    return both


def varies(labels: Labels) -> Mask:
    """Which columns (K,) of 0 and 1, (N, K), hold both.

    >>> varies(np.array([[0, 1], [1, 1]])).tolist()
    [True, False]
    """
    both: Mask = (labels == 0).any(0) & (labels == 1).any(0)
    return both


def require_judged(classes: Mask, where: str) -> None:
    """Raise :class:`UserError` if no class of a multilabel task counts (:func:`judged`)."""
    if not classes.any():
        raise UserError(f"{where}: {NONE_JUDGED}")


def target_scale(labels: Labels) -> tuple[float, float]:
    """Mean and standard deviation of real targets; 1 where they are all equal."""
    std = float(labels.std())
    return float(labels.mean()), std if std > 0 else 1.0


def listed(names: Iterable[str], most: int) -> str:
    """At most so many names, and dots for the rest.

    >>> listed("abc", 2)
    'a, b, ...'
    """
    shown = list(islice(names, most + 1))
    return ", ".join(shown[:most]) + (", ..." if len(shown) > most else "")


def said_of_unlabelled(gained: int, kept_out: int, *, used: bool = True) -> Iterator[str]:
    """A sentence on the examples without a label, if there are any.

    Args:
        gained: that pretraining may take.
        kept_out: that it may not, as any task holds out examples of their group.
        used: whether it takes the former.
    """
    if gained or kept_out:
        does = "pretrained on" if used else "left out (unlabelled=false)"
        more = f"; {kept_out} more are of subjects that a task holds out: left out"
        yield f"{gained} examples without a label are {does}{more if kept_out else ''}"
