"""The frozen-feature probe: multinomial logistic regression by L-BFGS.

Features are standardised by the training examples; the L2 penalty is the best of a log grid on
val (ties in accuracy go to the lower log-loss); the model is refit on train and val, and test is
read once (Kornblith et al. 2019, arXiv 1805.08974, appendix A.4; Ericsson et al. 2021, arXiv
2011.13377).
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmbench.dataset import Split

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

# Penalties on the mean loss: below, L-BFGS does not converge; above, only the majority is left.
PENALTY_RANGE = (1e-6, 1e1)


@dataclass(frozen=True)
class ProbeReport:
    """Predictions on test, the penalty that val chose, and the accuracy it had on val."""

    predictions: Labels
    penalty: float
    val_accuracy: float


def penalty_grid(size: int) -> list[float]:
    """``size`` penalties, evenly spaced in the logarithm, strongest first.

    >>> [f"{p:.0e}" for p in penalty_grid(8)][:3]
    ['1e+01', '1e+00', '1e-01']
    """
    low, high = np.log10(PENALTY_RANGE)
    return [float(p) for p in np.logspace(high, low, size)]


def linear_probe(
    features: Mapping[Split, Features],
    labels: Mapping[Split, Labels],
    *,
    penalties: int,
    max_iter: int,
) -> ProbeReport:
    """Choose the penalty on val, refit on train and val, predict test.

    Args:
        features: (N, D) per split, not standardised.
        labels: (N,) class indices per split.
        penalties: size of the log grid.
        max_iter: L-BFGS iterations per penalty.
    """
    scale = _Scale(features["train"])
    train, val = scale(features["train"]), scale(features["val"])
    scores: list[tuple[float, float]] = []
    model = _model(max_iter, warm=True)
    grid = penalty_grid(penalties)
    for penalty in grid:
        _fit(model, train, labels["train"], penalty)
        scores.append(_score(model.predict_proba(val), labels["val"], model.classes_))
    best = scores.index(max(scores))
    both = np.concatenate([features["train"], features["val"]])
    scale = _Scale(both)
    final = _model(max_iter, warm=False)
    _fit(final, scale(both), np.concatenate([labels["train"], labels["val"]]), grid[best])
    predictions = final.predict(scale(features["test"])).astype(np.int64)
    return ProbeReport(predictions, grid[best], scores[best][0])


def _score(
    probabilities: npt.NDArray[np.floating], labels: Labels, classes: Labels
) -> tuple[float, float]:
    """Accuracy, and minus the log-loss to tell equals apart.

    Among penalties that all get val right, the strongest has margins so small that the class
    frequencies decide on test.
    """
    accuracy = float((classes[probabilities.argmax(1)] == labels).mean())
    known = (labels[:, None] == classes) * probabilities
    return accuracy, float(np.log(known.sum(1).clip(1e-12)).mean())


class _Scale:
    """Standardisation; a constant feature is left at zero."""

    def __init__(self, x: Features) -> None:
        self.mean = x.mean(0, dtype=np.float64).astype(np.float32)
        std = x.std(0, dtype=np.float64).astype(np.float32)
        self.std = np.where(std > 1e-6 * np.maximum(1, np.abs(self.mean)), std, np.float32(1))

    def __call__(self, x: Features) -> Features:
        scaled: Features = (x - self.mean) / self.std
        return scaled


def _model(max_iter: int, *, warm: bool):  # type: ignore[no-untyped-def]
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(solver="lbfgs", max_iter=max_iter, warm_start=warm, tol=1e-4)


def _fit(model, x: Features, y: Labels, penalty: float) -> None:  # type: ignore[no-untyped-def]
    # scikit-learn's C weighs the summed loss; ours weighs the mean, so that it means the same at
    # every number of examples.
    model.C = 1 / (penalty * len(x))
    with warnings.catch_warnings():
        # At the weakest penalties the iteration limit is the regulariser; val judges the outcome.
        warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
        model.fit(x, y)
