"""The frozen-feature probe: a linear model of the labels.

Multinomial logistic regression; of a multilabel task one logistic regression per class; of a
regression, ridge (:mod:`vmbench.evaluation.linear_models`). Features are standardised by the
training examples; val chooses the L2 penalty from a log grid (:func:`choose`), by accuracy, macro
AUROC or Pearson's correlation; the model is refit on train and val, and test is read once
(Kornblith et al. 2019, arXiv 1805.08974, appendix A.4; Ericsson et al. 2021, arXiv 2011.13377).
Every fit is converged (:mod:`vmbench.evaluation.newton`), so that a penalty means the same model
on val and on test.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from pydantic import Field

from vmbench.data.dataset import Split
from vmbench.data.labels import Labels
from vmbench.evaluation.influence import Contributions
from vmbench.evaluation.kinds import scoring
from vmbench.evaluation.linear_models import Features, Judgement
from vmbench.evaluation.metrics import Predictions
from vmbench.settings import Settings

# On the mean loss, so that a penalty means the same at every number of examples. Below, nothing
# is left to regularise; above, only the majority is left.
PENALTY_RANGE = (1e-6, 1e1)


class ProbeSettings(Settings):
    """Of every evaluation that fits a probe."""

    penalties: int = Field(
        12, ge=10, description="Size of the log grid of L2 penalties searched on val."
    )
    max_iter: int = Field(
        100, ge=10, description="Newton steps per penalty at most; a fit that needs more is named."
    )


@dataclass(frozen=True)
class FittedProbe:
    """A fitted model.

    Attributes:
        predict: features (N, D), not standardised -> class indices (N,); of a multilabel task
            scores (N, K), log-odds; of a regression values (N,) in the target's unit.
        penalty: the one that val chose.
        val_value: accuracy, macro AUROC or Pearson's correlation on val at that penalty.
        gradient_norm: of the objective at the final fit; None where that is exact.
        converged: whether it is small enough; None likewise.
    """

    predict: Callable[[Features], Predictions]
    penalty: float
    val_value: float
    gradient_norm: float | None = None
    converged: bool | None = None


@dataclass(frozen=True)
class ProbeReport:
    """Predictions on test, and the rest of :class:`FittedProbe`."""

    predictions: Predictions
    penalty: float
    val_value: float
    gradient_norm: float | None = None
    converged: bool | None = None


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
    kind: str = "multiclass",
) -> ProbeReport:
    """Choose the penalty on val, refit on train and val, predict test.

    Args:
        features: (N, D) per split, not standardised.
        labels: per split, as :meth:`~vmbench.data.examples.Examples.labels` gives them.
        penalties: size of the log grid.
        max_iter: Newton steps per penalty at most.
        kind: of the task.
    """
    probe = fit_probe(features, labels, penalties=penalties, max_iter=max_iter, kind=kind)
    return ProbeReport(
        probe.predict(features["test"]),
        probe.penalty,
        probe.val_value,
        probe.gradient_norm,
        probe.converged,
    )


def fit_probe(
    features: Mapping[Split, Features],
    labels: Mapping[Split, Labels],
    *,
    penalties: int,
    max_iter: int,
    refit: bool = True,
    kind: str = "multiclass",
) -> FittedProbe:
    """:func:`linear_probe` without its last step: the model itself, and no test is needed.

    Args:
        features: (N, D) of train and val, not standardised.
        labels: of train and val, as :meth:`~vmbench.data.examples.Examples.labels` gives them.
        penalties: size of the log grid.
        max_iter: Newton steps per penalty at most.
        refit: on train and val with the chosen penalty; otherwise on train alone.
        kind: of the task.
    """
    build = scoring(kind).model
    model = build(labels["train"])
    scale = _Scale(features["train"])
    train, val = scale(features["train"]), scale(features["val"])
    grid = penalty_grid(penalties)
    fits = list(model.path(train, grid, max_iter))  # from strong to weak
    judged = [model.judge(val, fit.weights, labels["val"]) for fit in fits]
    best = choose(judged)
    final_scale, final_model, final = scale, model, fits[best]
    if refit:
        learned = np.concatenate([features["train"], features["val"]])
        final_scale = _Scale(learned)
        final_model = build(np.concatenate([labels["train"], labels["val"]]))
        # From strong to weak again: with examples that it has not seen, the fit to train is a
        # start as bad as none. Every second penalty is near enough to the next.
        path = final_model.path(final_scale(learned), grid[best % 2 : best + 1 : 2], max_iter)
        *_, final = path

    def predict(x: Features) -> Predictions:
        return final_model.predict(final_scale(x), final.weights)

    value = judged[best].value
    return FittedProbe(predict, grid[best], value, final.gradient_norm, final.converged)


def choose(judged: Sequence[Judgement]) -> int:
    """The strongest penalty that val cannot tell from the best: one standard error is the measure.

    The rule of Breiman et al. 1984 (Classification and Regression Trees, section 3.4.3), with the
    standard error of the *difference* to the best, paired example by example: two penalties that
    differ in a few predictions share what makes val hard, and the error of the accuracy itself
    would pass a penalty that is clearly worse. A correct class counts 1, a wrong one 0; an AUROC
    and a correlation differ by the examples' influences (:mod:`vmbench.evaluation.influence`).
    Groups (subjects, voices) play no part: val holds two or three of them, and one standard error
    of two differences passes nearly everything.

    The loss must be within one standard error of the best's as well. Where every penalty gets val
    right, the strongest ones have margins so small that the class frequencies of train and val
    decide on test; their loss tells.

    So rounding that flips the order of equals changes nothing, and what is chosen errs on the side
    that has the fewer degrees of freedom.

    Args:
        judged: on val, strongest penalty first.

    Returns:
        The position.
    """
    best = max(judged, key=lambda each: (each.value, -each.losses.mean()))
    for index, each in enumerate(judged):
        if _level(best.contributions - each.contributions) and _level(each.losses - best.losses):
            return index
    raise AssertionError("the best is within any error of itself")


def _level(worse: Contributions) -> bool:
    """Whether the mean of differences (n,) is at most its standard error."""
    error = worse.std(ddof=1) / sqrt(len(worse)) if len(worse) > 1 else 0.0
    return bool(worse.mean() <= error * (1 + 1e-9))  # one example more is just one error


class _Scale:
    """Standardisation; a constant feature is left at zero."""

    def __init__(self, x: Features) -> None:
        self.mean = x.mean(0, dtype=np.float64).astype(np.float32)
        std = x.std(0, dtype=np.float64).astype(np.float32)
        self.std = np.where(std > 1e-6 * np.maximum(1, np.abs(self.mean)), std, np.float32(1))

    def __call__(self, x: Features) -> Features:
        scaled: Features = (x - self.mean) / self.std
        return scaled
