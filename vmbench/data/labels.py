"""What the labels of a task say before anything is learned: which classes can be judged at all."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Kind, Split
from vmbench.errors import UserError

# Class indices (N,), or 0 and 1 per class (N, K), or real targets (N,), by the task's kind.
Labels = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def judged(labels: Mapping[Split, Labels]) -> Mask:
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
        raise UserError(
            f"{where}: no class is there in some and not in other examples of both train and "
            f"test: use more examples (--set max_examples=N) or another split"
        )


def floor(kind: Kind, labels: Mapping[Split, Labels], counted: Mask | None) -> dict[str, float]:
    """What a prediction that ignores the input gets on test.

    ``majority_accuracy``: the accuracy of the class that is most frequent in train;
    ``prevalence``: the mean share of the ``counted`` classes, the average precision of a guess (its
    AUROC is 0.5); ``median_mae``: the mean absolute error of the median of train.

    >>> sides = {"train": np.array([0, 1, 1]), "test": np.array([0, 0, 0, 1])}
    >>> floor("multiclass", sides, None)
    {'majority_accuracy': 0.25}
    """
    train, test = labels["train"], labels["test"]
    if kind == "multiclass":
        most = np.bincount(train.astype(np.int64)).argmax()
        return {"majority_accuracy": float((test == most).mean())}
    if kind == "regression":
        return {"median_mae": float(np.abs(test - np.median(train)).mean())}
    return {"prevalence": float(test[:, counted].mean())}
