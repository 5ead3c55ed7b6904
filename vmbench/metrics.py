"""Test metrics of a task, by torchmetrics."""

import numpy as np
import numpy.typing as npt
import torch

Labels = npt.NDArray[np.int64]


def classification_metrics(predictions: Labels, labels: Labels, classes: int) -> dict[str, float]:
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
