"""Test metrics of a task, by torchmetrics."""

from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vmbench.data.dataset import Kind
from vmbench.data.labels import Labels, Mask

# Class indices (N,), or a score per class (N, K), or values in the target's unit (N,).
Predictions = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Array = npt.NDArray[Any]

# The metric that a task of each kind is chosen by on val and reported by on test.
HEADLINES: dict[Kind, str] = {
    "multiclass": "accuracy",
    "multilabel": "auroc",
    "regression": "pearson",
}


def classification_metrics(
    predictions: Predictions, labels: Labels, classes: int
) -> dict[str, float]:
    """Accuracy, balanced accuracy (mean recall) and macro-F1, each in 0..1.

    Args:
        predictions: (N,) class indices.
        labels: (N,) class indices.
        classes: how many classes the task has; those that occur neither in ``predictions`` nor in
            ``labels`` are left out of the macro averages.

    >>> classification_metrics(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)["balanced_accuracy"]
    0.75
    """
    from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score

    predicted, target = torch.from_numpy(predictions), torch.from_numpy(labels)
    # torchmetrics wants two classes at least; an unused one changes nothing.
    classes = max(classes, 2)
    return {
        "accuracy": multiclass_accuracy(predicted, target, classes, average="micro").item(),
        "balanced_accuracy": _balanced(predicted, target, classes),
        "macro_f1": multiclass_f1_score(predicted, target, classes, average="macro").item(),
    }


def _balanced(predicted: torch.Tensor, target: torch.Tensor, classes: int) -> float:
    from torchmetrics.functional.classification import multiclass_recall

    recalls = multiclass_recall(predicted, target, classes, average="none")
    return recalls[torch.bincount(target, minlength=classes) > 0].mean().item()


def multilabel_metrics(scores: Array, labels: Array, counted: Mask) -> dict[str, float]:
    """Macro and micro AUROC and mean average precision, each in 0..1, of the ``counted`` classes.

    Args:
        scores: (N, K), greater where a class is likelier; of any scale that all classes share.
        labels: (N, K), 0 or 1.
        counted: (K,) the classes that are averaged; both values must occur in ``labels``.

    >>> scores, labels = np.array([[0.1], [0.8], [0.6]]), np.array([[0], [1], [0]])
    >>> multilabel_metrics(scores, labels, np.array([True]))["auroc"]
    1.0
    """
    from torchmetrics.functional.classification import binary_auroc, binary_average_precision

    ranks, target = _ranks(scores[:, counted]), torch.from_numpy(labels[:, counted])
    pairs = list(zip(ranks.T, target.T, strict=True))
    return {
        "auroc": fmean(binary_auroc(*pair).item() for pair in pairs),
        "micro_auroc": binary_auroc(ranks.flatten(), target.flatten()).item(),
        "mean_average_precision": fmean(binary_average_precision(*pair).item() for pair in pairs),
    }


def headline(kind: Kind, predictions: Predictions, labels: Labels, counted: Mask | None) -> float:
    """Accuracy, macro AUROC or Pearson's correlation, as the kind of task has it.

    Args:
        kind: of the task.
        predictions: as a probe gives them.
        labels: of the same examples.
        counted: (K,) the classes that a macro AUROC averages; None for the other kinds.
    """
    if kind == "multiclass":
        return float((predictions == labels).mean())
    if kind == "regression":
        return pearson(predictions, labels)
    assert counted is not None
    return mean_auroc(predictions, labels, counted)


def mean_auroc(scores: Array, labels: Array, counted: Mask) -> float:
    """The macro AUROC of :func:`multilabel_metrics`; 0.5, that of guessing, if none is counted."""
    from torchmetrics.functional.classification import binary_auroc

    if not counted.any():
        return 0.5
    ranks, target = _ranks(scores[:, counted]), torch.from_numpy(labels[:, counted])
    return fmean(binary_auroc(*pair).item() for pair in zip(ranks.T, target.T, strict=True))


def regression_metrics(predictions: Array, targets: Array) -> dict[str, float]:
    """Pearson's and Spearman's correlation, R^2, and the mean absolute error.

    The correlations are in -1..1, R^2 at most 1, the error in the target's unit.

    Args:
        predictions: (N,).
        targets: (N,), not all equal. A prediction that never changes correlates with nothing: 0.

    >>> found = regression_metrics(np.array([1.0, 2.0, 4.0]), np.array([10.0, 20.0, 40.0]))
    >>> round(found["pearson"], 6), found["mae"]
    (1.0, 21.0)
    """
    from torchmetrics.functional import mean_absolute_error, r2_score, spearman_corrcoef

    predicted, target = _float64(predictions), _float64(targets)
    constant = bool((predicted == predicted[0]).all())
    # At the target's own scale no sum of squares is too small for torchmetrics to divide by.
    level, scale = target.mean(), target.std()
    return {
        "pearson": pearson(predictions, targets),
        "spearman": 0.0 if constant else spearman_corrcoef(predicted, target).item(),
        "r2": r2_score((predicted - level) / scale, (target - level) / scale).item(),
        "mae": mean_absolute_error(predicted, target).item(),
    }


def pearson(predictions: Array, targets: Array) -> float:
    """Pearson's correlation of (N,) with (N,); 0 where either never changes."""
    from torchmetrics.functional import pearson_corrcoef

    predicted, target = _float64(predictions), _float64(targets)
    if (predicted == predicted[0]).all() or (target == target[0]).all():
        return 0.0
    # It is the same at every scale; at scale 1 no sum of squares is too small or too large.
    return pearson_corrcoef(*(_standard(each) for each in (predicted, target))).item()


def _standard(x: torch.Tensor) -> torch.Tensor:
    return (x - x.mean()) / x.std()


def _float64(x: Array) -> torch.Tensor:
    return torch.from_numpy(np.asarray(x, np.float64))


def _ranks(scores: Array) -> torch.Tensor:
    """Scores in any scale -> equally ordered ones in 0..1, which torchmetrics takes as they are.

    A sigmoid would make equal what is far out and different.
    """
    _, ranks = np.unique(scores, return_inverse=True)
    return torch.from_numpy(ranks.reshape(scores.shape) / max(1, int(ranks.max())))
