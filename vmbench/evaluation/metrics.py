"""Test metrics of a task, by torchmetrics; where that is wrong, by scikit-learn.

torchmetrics 1.9 takes scores outside 0..1 for logits and sends them through a sigmoid, which makes
equal what is far out (AUROC, average precision); its R^2 takes the small sum of squares of a target
in a small unit for none, and is 1.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vmbench.data.labels import Labels, Mask

# Class indices (N,), or a score per class (N, K), or values in the target's unit (N,).
Predictions = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Array = npt.NDArray[Any]


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
    from sklearn.metrics import average_precision_score, roc_auc_score

    pair = labels[:, counted], scores[:, counted]
    return {
        "auroc": float(roc_auc_score(*pair, average="macro")),
        "micro_auroc": float(roc_auc_score(*pair, average="micro")),
        "mean_average_precision": float(average_precision_score(*pair, average="macro")),
    }


def mean_auroc(scores: Array, labels: Array, counted: Mask) -> float:
    """The macro AUROC of :func:`multilabel_metrics`; 0.5, that of guessing, if none is counted."""
    from sklearn.metrics import roc_auc_score

    if not counted.any():
        return 0.5
    return float(roc_auc_score(labels[:, counted], scores[:, counted], average="macro"))


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
    from sklearn.metrics import r2_score
    from torchmetrics.functional import mean_absolute_error, spearman_corrcoef

    predicted, target = _float64(predictions), _float64(targets)
    constant = bool((predicted == predicted[0]).all())
    return {
        "pearson": pearson(predictions, targets),
        "spearman": 0.0 if constant else spearman_corrcoef(predicted, target).item(),
        "r2": float(r2_score(targets, predictions)),
        "mae": mean_absolute_error(predicted, target).item(),
    }


def pearson(predictions: Array, targets: Array) -> float:
    """Pearson's correlation of (N,) with (N,); 0 where either never changes."""
    from torchmetrics.functional import pearson_corrcoef

    if (predictions == predictions[0]).all() or (targets == targets[0]).all():
        return 0.0
    return pearson_corrcoef(_float64(predictions), _float64(targets)).item()


def _float64(x: Array) -> torch.Tensor:
    return torch.from_numpy(np.asarray(x, np.float64))
