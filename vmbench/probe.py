"""The frozen-feature probe: multinomial logistic regression by L-BFGS.

Features are standardised by the training examples; the L2 penalty is the best of a log grid on
val (ties in accuracy go to the lower log-loss); the model is refit on train and val, and test is
read once (Kornblith et al. 2019, arXiv 1805.08974, appendix A.4; Ericsson et al. 2021, arXiv
2011.13377).
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmbench.dataset import Split

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

# Penalties on the mean loss: below, L-BFGS does not converge; above, only the majority is left.
PENALTY_RANGE = (1e-6, 1e1)


@dataclass(frozen=True)
class FittedProbe:
    """A fitted model: features (N, D), not standardised -> class indices (N,)."""

    predict: Callable[[Features], Labels]
    penalty: float
    val_accuracy: float


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
    probe = fit_probe(features, labels, penalties=penalties, max_iter=max_iter)
    return ProbeReport(probe.predict(features["test"]), probe.penalty, probe.val_accuracy)


def fit_probe(
    features: Mapping[Split, Features],
    labels: Mapping[Split, Labels],
    *,
    penalties: int,
    max_iter: int,
    refit: bool = True,
) -> FittedProbe:
    """:func:`linear_probe` without its last step: the model itself, and no test is needed.

    Args:
        features: (N, D) of train and val, not standardised.
        labels: (N,) class indices of train and val.
        penalties: size of the log grid.
        max_iter: L-BFGS iterations per penalty.
        refit: on train and val with the chosen penalty; otherwise on train alone.
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
    splits: tuple[Split, ...] = ("train", "val") if refit else ("train",)
    learned = np.concatenate([features[split] for split in splits])
    final_scale = _Scale(learned)
    final = _model(max_iter, warm=False)
    _fit(final, final_scale(learned), np.concatenate([labels[s] for s in splits]), grid[best])

    def predict(x: Features) -> Labels:
        predictions: Labels = final.predict(final_scale(x)).astype(np.int64)
        return predictions

    return FittedProbe(predict, grid[best], scores[best][0])


def _score(
    probabilities: npt.NDArray[np.floating], labels: Labels, classes: Labels
) -> tuple[float, float]:
    """Accuracy, and minus the log-loss to tell equals apart: among penalties that all get val
    right, the strongest has margins so small that class frequencies decide test.
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
