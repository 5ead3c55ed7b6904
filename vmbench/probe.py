"""The frozen-feature probe: a linear model of the labels.

Multinomial logistic regression by L-BFGS; of a multilabel task one logistic regression per class;
of a regression, ridge (:mod:`vmbench.linear_models`). Features are standardised by the training
examples; the L2 penalty is the best of a log grid on val, by accuracy, macro AUROC or Pearson's
correlation (ties go to the lower loss); the model is refit on train and val, and test is read once
(Kornblith et al. 2019, arXiv 1805.08974, appendix A.4; Ericsson et al. 2021, arXiv 2011.13377).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from vmbench.dataset import Kind, Split
from vmbench.labels import Labels
from vmbench.linear_models import MODELS, Features, Value
from vmbench.metrics import Predictions

# On the mean loss, so that a penalty means the same at every number of examples. Below, L-BFGS
# does not converge; above, only the majority is left.
PENALTY_RANGE = (1e-6, 1e1)


@dataclass(frozen=True)
class FittedProbe:
    """A fitted model.

    Attributes:
        predict: features (N, D), not standardised -> class indices (N,); of a multilabel task
            scores (N, K), log-odds; of a regression values (N,) in the target's unit.
        penalty: the one that val chose.
        val_value: accuracy, macro AUROC or Pearson's correlation on val at that penalty.
    """

    predict: Callable[[Features], Predictions]
    penalty: float
    val_value: float


@dataclass(frozen=True)
class ProbeReport:
    """Predictions on test, the penalty that val chose, and the value it had on val."""

    predictions: Predictions
    penalty: float
    val_value: float


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
    kind: Kind = "multiclass",
) -> ProbeReport:
    """Choose the penalty on val, refit on train and val, predict test.

    Args:
        features: (N, D) per split, not standardised.
        labels: per split, as :meth:`~vmbench.examples.Examples.labels` gives them.
        penalties: size of the log grid.
        max_iter: L-BFGS iterations per penalty.
        kind: of the task.
    """
    probe = fit_probe(features, labels, penalties=penalties, max_iter=max_iter, kind=kind)
    return ProbeReport(probe.predict(features["test"]), probe.penalty, probe.val_value)


def fit_probe(
    features: Mapping[Split, Features],
    labels: Mapping[Split, Labels],
    *,
    penalties: int,
    max_iter: int,
    refit: bool = True,
    kind: Kind = "multiclass",
) -> FittedProbe:
    """:func:`linear_probe` without its last step: the model itself, and no test is needed.

    Args:
        features: (N, D) of train and val, not standardised.
        labels: of train and val, as :meth:`~vmbench.examples.Examples.labels` gives them.
        penalties: size of the log grid.
        max_iter: L-BFGS iterations per penalty.
        refit: on train and val with the chosen penalty; otherwise on train alone.
        kind: of the task.
    """
    model = MODELS[kind](labels["train"])
    scale = _Scale(features["train"])
    train, val = scale(features["train"]), scale(features["val"])
    weights = model.start(train.shape[1])
    values: list[Value] = []
    grid = penalty_grid(penalties)
    for penalty in grid:  # from strong to weak, each from the one before
        weights = model.fit(train, penalty, max_iter, weights)
        values.append(model.value(val, weights, labels["val"]))
    best = values.index(max(values))
    splits: tuple[Split, ...] = ("train", "val") if refit else ("train",)
    learned = np.concatenate([features[split] for split in splits])
    final_scale = _Scale(learned)
    final_model = MODELS[kind](np.concatenate([labels[split] for split in splits]))
    start = final_model.start(learned.shape[1])
    final = final_model.fit(final_scale(learned), grid[best], max_iter, start)

    def predict(x: Features) -> Predictions:
        return final_model.predict(final_scale(x), final)

    return FittedProbe(predict, grid[best], values[best][0])


class _Scale:
    """Standardisation; a constant feature is left at zero."""

    def __init__(self, x: Features) -> None:
        self.mean = x.mean(0, dtype=np.float64).astype(np.float32)
        std = x.std(0, dtype=np.float64).astype(np.float32)
        self.std = np.where(std > 1e-6 * np.maximum(1, np.abs(self.mean)), std, np.float32(1))

    def __call__(self, x: Features) -> Features:
        scaled: Features = (x - self.mean) / self.std
        return scaled
