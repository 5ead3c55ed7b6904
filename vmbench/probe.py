"""The frozen-feature probe: multinomial logistic regression by L-BFGS.

Features are standardised by the training examples; the L2 penalty is the best of a log grid on
val (ties in accuracy go to the lower log-loss); the model is refit on train and val, and test is
read once (Kornblith et al. 2019, arXiv 1805.08974, appendix A.4; Ericsson et al. 2021, arXiv
2011.13377).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from vmbench.dataset import Split

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]

# On the mean loss, so that a penalty means the same at every number of examples. Below, L-BFGS
# does not converge; above, only the majority is left.
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
    classes, codes = np.unique(labels["train"], return_inverse=True)
    scale = _Scale(features["train"])
    train, val = scale(features["train"]), scale(features["val"])
    weights = np.zeros((len(classes), train.shape[1] + 1))
    scores: list[tuple[float, float]] = []
    grid = penalty_grid(penalties)
    for penalty in grid:  # from strong to weak, each from the one before
        weights = fit_softmax(train, codes, penalty, max_iter, weights)
        scores.append(_score(_probabilities(val, weights), labels["val"], classes))
    best = scores.index(max(scores))
    splits: tuple[Split, ...] = ("train", "val") if refit else ("train",)
    learned = np.concatenate([features[split] for split in splits])
    final_scale = _Scale(learned)
    final_classes, codes = np.unique(
        np.concatenate([labels[split] for split in splits]), return_inverse=True
    )
    start = np.zeros((len(final_classes), learned.shape[1] + 1))
    final = fit_softmax(final_scale(learned), codes, grid[best], max_iter, start)

    def predict(x: Features) -> Labels:
        predictions: Labels = final_classes[_probabilities(final_scale(x), final).argmax(1)]
        return predictions

    return FittedProbe(predict, grid[best], scores[best][0])


def fit_softmax(x: Features, y: Labels, penalty: float, max_iter: int, start: Weights) -> Weights:
    """Minimise ``mean_i -log softmax(x_i W + b)[y_i] + penalty / 2 |W|^2`` by L-BFGS.

    scipy's optimiser over torch's matrix products: on many classes several times as fast as
    scikit-learn's model, which the tests hold this against.

    Args:
        x: (N, D) standardised features.
        y: (N,) positions of the classes, 0 to K - 1.
        penalty: on the weights; the intercept b is free.
        max_iter: iterations of L-BFGS; at the weakest penalties this limit is the regulariser.
        start: (K, D + 1) to start from; the last column is b.

    Returns:
        The weights, (K, D + 1).
    """
    features, target = torch.from_numpy(x), torch.from_numpy(y)
    columns = torch.arange(len(x))

    def loss(flat: Weights) -> tuple[float, Weights]:
        # Classes come first throughout: few rows times many columns is several times as fast as
        # many rows times few columns.
        weights = torch.from_numpy(flat).view(start.shape)
        logits = weights[:, :-1].float() @ features.T + weights[:, -1:].float()
        log_p = torch.log_softmax(logits, dim=0)
        residual = log_p.exp()
        residual[target, columns] -= 1
        residual /= len(x)
        gradient = torch.cat([residual @ features, residual.sum(1, keepdim=True)], dim=1).double()
        gradient[:, :-1] += penalty * weights[:, :-1]
        norm = weights[:, :-1].square().sum()
        value = -log_p[target, columns].double().mean() + penalty / 2 * norm
        return value.item(), gradient.numpy().ravel()

    options: Any = {"maxiter": max_iter, "maxfun": 2 * max_iter, "gtol": 1e-4, "ftol": 1e-9}
    # The optimiser's own vector sums are tiny; OpenBLAS threads that spin for them would stand in
    # the way of torch's (measured on two cores: 12.8 s against 2.3 s for ten classes).
    with threadpool_limits(1, user_api="blas"):
        found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    solution: Weights = found.x.reshape(start.shape)
    return solution


def _probabilities(x: Features, weights: Weights) -> Weights:
    """(N, K) of features (N, D) and weights (K, D + 1)."""
    logits = torch.from_numpy(weights[:, :-1]).float() @ torch.from_numpy(x).T
    logits += torch.from_numpy(weights[:, -1:]).float()
    return torch.softmax(logits.double(), dim=0).T.numpy()


def _score(probabilities: Weights, labels: Labels, classes: Labels) -> tuple[float, float]:
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
