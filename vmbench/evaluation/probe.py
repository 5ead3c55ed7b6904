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
from vmbench.evaluation.linear_models import Features, Fitted, Judgement, least_squares
from vmbench.evaluation.metrics import Predictions
from vmbench.evaluation.newton import GAP
from vmbench.settings import Settings

# On the mean loss, so that a penalty means the same at every number of examples. Below, nothing
# is left to regularise; above, only the majority is left.
PENALTY_RANGE = (1e-6, 1e1)
PAST = 2  # penalties in a row that are worse than the best before end the search
# Penalties of the least squares that readouts are screened by.
SCREENING = (1e1, 1e0, 1e-1, 1e-2, 1e-3)


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
    search = PenaltySearch(labels, penalties, max_iter, kind)
    return search.fit(features, search(features), refit=refit)


@dataclass(frozen=True)
class Penalty:
    """What val chose for one set of features.

    Attributes:
        penalty: of the grid.
        index: its position there.
        judgement: of the fit to train, on val.
        fitted: that fit.
        gap: how near its objective is to the least.
    """

    penalty: float
    index: int
    judgement: Judgement
    fitted: Fitted
    gap: float

    @property
    def chosen(self) -> dict[str, float | int | str]:
        """By name."""
        return {"penalty": self.penalty}


@dataclass(frozen=True)
class Screened:
    """How good some features are on val by least squares; nothing is chosen from it but them."""

    judgement: Judgement

    @property
    def chosen(self) -> dict[str, float | int | str]:
        """Nothing."""
        return {}


@dataclass(frozen=True)
class PenaltySearch:
    """The search for a penalty, for features of the same examples.

    Attributes:
        labels: of train and val.
        penalties: size of the log grid.
        max_iter: Newton steps per penalty at most.
        kind: of the task.
        gap: how near to the least the objective of a fit is that only helps to choose.
    """

    labels: Mapping[Split, Labels]
    penalties: int
    max_iter: int
    kind: str
    gap: float = GAP

    def __call__(self, features: Mapping[Split, Features]) -> Penalty:
        """Fit to train at every penalty, from strong to weak; val chooses.

        It ends where val tells that the best penalty lies behind (:func:`is_past`).
        """
        model = scoring(self.kind).model(self.labels["train"])
        scale = _Scale(features["train"])
        train, val = scale(features["train"]), scale(features["val"])
        grid = penalty_grid(self.penalties)
        fits, judged = [], []
        for fit in model.path(train, grid, self.max_iter, self.gap):
            fits.append(fit)
            judged.append(model.judge(val, fit.weights, self.labels["val"]))
            if is_past(judged):
                break
        best = choose(judged)
        return Penalty(grid[best], best, judged[best], fits[best], self.gap)

    def screen(self, features: Mapping[Split, Features]) -> Screened:
        """Least squares instead: quick, and the same for every readout that is compared by it."""
        model = scoring(self.kind).model(self.labels["train"])
        scale = _Scale(features["train"])
        train, val = scale(features["train"]), scale(features["val"])
        fits = least_squares(train, model.targets(), SCREENING)
        judged = [model.judge(val, weights, self.labels["val"]) for weights in fits]
        return Screened(max(judged, key=lambda each: (each.value, -each.losses.mean())))

    def fit(
        self, features: Mapping[Split, Features], found: Penalty, *, refit: bool = True
    ) -> FittedProbe:
        """The converged model at the penalty ``found`` for the same ``features``.

        Args:
            features: (N, D) of train and val.
            found: by the search.
            refit: on train and val; otherwise on train alone.
        """
        build, grid = scoring(self.kind).model, penalty_grid(self.penalties)
        x, y = features["train"], self.labels["train"]
        if refit:
            x = np.concatenate([x, features["val"]])
            y = np.concatenate([y, self.labels["val"]])
        model, scale, final = build(y), _Scale(x), found.fitted
        if refit or found.gap > GAP:
            # From strong to weak again: with examples that it has not seen, the fit to train is a
            # start as bad as none. Every second penalty is near enough to the next.
            steps = grid[found.index % 2 : found.index + 1 : 2]
            *_, final = model.path(scale(x), steps, self.max_iter)

        def predict(new: Features) -> Predictions:
            return model.predict(scale(new), final.weights)

        return FittedProbe(
            predict,
            found.penalty,
            found.judgement.value,
            final.gradient_norm,
            final.converged,
        )


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
        values, losses = best.contributions - each.contributions, each.losses - best.losses
        if within_one_error(values) and within_one_error(losses):
            return index
    raise AssertionError("the best is within any error of itself")


def is_past(judged: Sequence[Judgement]) -> bool:
    """Whether val tells that no penalty weaker than these, strongest first, needs a fit.

    It does once the last two are each worse than the best before them by more than one standard
    error of the paired difference, in value and in loss alike: a plateau of either is walked on.
    """
    before, last = judged[:-PAST], judged[-PAST:]
    if not before:
        return False
    best = max(before, key=lambda each: (each.value, -each.losses.mean()))
    return not any(
        within_one_error(best.contributions - each.contributions)
        or within_one_error(each.losses - best.losses)
        for each in last
    )


def within_one_error(worse: Contributions) -> bool:
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
