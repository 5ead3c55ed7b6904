"""The linear models that read frozen features, one per kind of task.

Each minimises a mean loss plus half the penalty times the squared weights, so that a penalty means
the same at every number of examples; the intercept is free.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from vmbench.data.labels import Labels, target_scale, varies
from vmbench.evaluation.influence import Contributions, of_accuracy, of_auroc, of_pearson
from vmbench.evaluation.metrics import Predictions, mean_auroc, pearson
from vmbench.evaluation.newton import GAP, Loss, Newton, SigmoidLoss, SoftmaxLoss

Features = npt.NDArray[np.float32]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """Weights (outputs, D + 1), the intercepts in the last column.

    ``gradient_norm`` and ``converged`` are those of :class:`~vmbench.evaluation.newton.Solution`;
    None where the weights are exact.
    """

    weights: Weights
    gradient_norm: float | None = None
    converged: bool | None = None


@dataclass(frozen=True)
class Judgement:
    """How good predictions are on val.

    Attributes:
        value: accuracy, macro AUROC or Pearson's correlation.
        contributions: (n,) what each example contributes; their mean is the value, or minus the
            loss where there is no value to judge by.
        losses: (n,) of the examples; their mean tells equal values apart, smaller is better.
    """

    value: float
    contributions: Contributions
    losses: Contributions


class LinearModel(ABC):
    """A linear model of the labels of one kind of task.

    Args:
        labels: those that it will be fitted to; their classes or scale are part of the model.
    """

    def __init__(self, labels: Labels) -> None:
        self.labels = labels

    @abstractmethod
    def path(
        self, x: Features, penalties: Sequence[float], max_iter: int, gap: float = GAP
    ) -> Iterator[Fitted]:
        """Fit to standardised features (N, D) of the labels, penalty by penalty.

        Each fit starts from the one before; that saves time and does not change where it ends: with
        an objective within ``gap`` of its least.
        """

    @abstractmethod
    def targets(self) -> Weights:
        """The labels as numbers (N, outputs), for least squares."""

    @abstractmethod
    def predict(self, x: Features, weights: Weights) -> Predictions:
        """Predictions for standardised features (N, D)."""

    @abstractmethod
    def judge(self, x: Features, weights: Weights, labels: Labels) -> Judgement:
        """How good the predictions for ``x`` are, on val."""


class Softmax(LinearModel):
    """Multinomial logistic regression; equal accuracies are told apart by the log-loss."""

    def __init__(self, labels: Labels) -> None:
        super().__init__(labels)
        self.classes, self.codes = np.unique(labels, return_inverse=True)

    def path(
        self, x: Features, penalties: Sequence[float], max_iter: int, gap: float = GAP
    ) -> Iterator[Fitted]:
        """A row per class: ``mean_i -log softmax(x_i W + b)[y_i] + penalty / 2 |W|^2``."""
        loss = SoftmaxLoss(torch.from_numpy(self.codes))
        return _path(x, loss, len(self.classes), penalties, max_iter, gap)

    def targets(self) -> Weights:
        """1 for an example's class, else 0."""
        return np.eye(len(self.classes))[self.codes]

    def predict(self, x: Features, weights: Weights) -> Predictions:
        """Class indices (N,)."""
        predictions: Predictions = self.classes[self._probabilities(x, weights).argmax(1)]
        return predictions

    def judge(self, x: Features, weights: Weights, labels: Labels) -> Judgement:
        """By accuracy, and the log-loss."""
        probabilities = self._probabilities(x, weights)
        predictions = self.classes[probabilities.argmax(1)]
        known = (labels[:, None] == self.classes) * probabilities
        losses: Contributions = -np.log(known.sum(1).clip(1e-12))
        correct = of_accuracy(predictions, labels)
        return Judgement(float(correct.mean()), correct, losses)

    @staticmethod
    def _probabilities(x: Features, weights: Weights) -> Weights:
        """(N, K) of features (N, D) and weights (K, D + 1)."""
        return torch.softmax(_outputs(x, weights), dim=0).T.numpy()


class OneVsRest(LinearModel):
    """A logistic regression per class, under one penalty.

    Val judges by the mean AUROC of the classes that both val and the fitted labels have and lack;
    where there are none (a few-shot draw) the log-loss alone decides.
    """

    def path(
        self, x: Features, penalties: Sequence[float], max_iter: int, gap: float = GAP
    ) -> Iterator[Fitted]:
        """A row per class k: ``mean_i log(1 + exp(-s_ik z_ik)) + penalty / 2 |w_k|^2``.

        ``z = x W + b``, and ``s`` is 1 where the class is there and -1 elsewhere. The classes share
        nothing but the features, so the sum over them is minimised at once.
        """
        loss = SigmoidLoss(torch.from_numpy(self.labels).double().T.contiguous())
        return _path(x, loss, self.labels.shape[1], penalties, max_iter, gap)

    def targets(self) -> Weights:
        """The labels themselves."""
        return self.labels.astype(np.float64)

    def predict(self, x: Features, weights: Weights) -> Predictions:
        """Log-odds (N, K)."""
        return _outputs(x, weights).T.numpy()

    def judge(self, x: Features, weights: Weights, labels: Labels) -> Judgement:
        """By macro AUROC, and the mean log-loss of the classes that it averages.

        Where there are none, the loss is that of the classes that the fitted labels have and lack:
        the intercept of any other has no least value.
        """
        logits = _outputs(x, weights).T
        target = torch.from_numpy(labels).double()
        losses = binary_cross_entropy_with_logits(logits, target, reduction="none").numpy()
        learned = varies(self.labels)
        counted = varies(labels) & learned
        scores = logits.numpy()
        value = mean_auroc(scores, labels, counted)
        if counted.any():
            each = of_auroc(scores, labels, counted)
            return Judgement(value, each, losses[:, counted].mean(1))
        mean = losses[:, learned | ~learned.any()].mean(1)
        return Judgement(value, -mean, mean)


class Ridge(LinearModel):
    """Ridge regression on the standardised target; equals are told apart by the squared error."""

    def __init__(self, labels: Labels) -> None:
        super().__init__(labels)
        self.mean, self.std = target_scale(labels)

    def path(
        self, x: Features, penalties: Sequence[float], max_iter: int, gap: float = GAP
    ) -> Iterator[Fitted]:
        """One row, in closed form (:func:`fit_ridge`): it needs no iterations."""
        target = self.targets()[:, 0]
        for penalty in penalties:
            yield Fitted(fit_ridge(x, target, penalty))

    def targets(self) -> Weights:
        """The target, standardised."""
        return ((np.asarray(self.labels, np.float64) - self.mean) / self.std)[:, None]

    def predict(self, x: Features, weights: Weights) -> Predictions:
        """Values (N,) in the target's unit."""
        values: Weights = _outputs(x, weights)[0].numpy() * self.std + self.mean
        return values

    def judge(self, x: Features, weights: Weights, labels: Labels) -> Judgement:
        """By Pearson's correlation, and the mean squared error."""
        values = self.predict(x, weights)
        losses: Contributions = np.square(values - labels)
        return Judgement(pearson(values, labels), of_pearson(values, labels), losses)


def _path(
    x: Features,
    loss: Loss,
    classes: int,
    penalties: Sequence[float],
    max_iter: int,
    gap: float,
) -> Iterator[Fitted]:
    problem, start = Newton(x, loss, classes), None
    for penalty in penalties:
        found = problem.solve(penalty, max_iter, start, gap)
        start = found.weights
        yield Fitted(start, found.gradient_norm, found.converged)


def fit_ridge(x: Features, y: npt.NDArray[np.float64], penalty: float) -> Weights:
    """Minimise ``mean_i (x_i w + b - y_i)^2 / 2 + penalty / 2 |w|^2``, exactly, in float64.

    Args:
        x: (N, D) features.
        y: (N,) targets.
        penalty: above 0; the intercept is free.

    Returns:
        The weights (1, D + 1); the last is b.
    """
    from sklearn.linear_model import Ridge as ScikitRidge

    # scikit-learn's penalty is on the sum of squares; Cholesky takes the smaller of both systems.
    model = ScikitRidge(alpha=penalty * len(x), solver="cholesky").fit(x.astype(np.float64), y)
    return np.append(model.coef_, model.intercept_)[None]


def least_squares(x: Features, targets: Weights, penalties: Sequence[float]) -> Iterator[Weights]:
    """Minimise ``mean_i |W x_i + b - t_i|^2 / 2 + penalty / 2 |W|^2``, penalty by penalty.

    One matrix of products, in float32, serves all penalties and outputs: with many classes a
    hundredth of the work of a logistic regression.

    Args:
        x: (N, D) features whose means are zero.
        targets: (N, K).
        penalties: above 0; the intercepts are free.

    Yields:
        The weights (K, D + 1); the last column is b.
    """
    features, centre = torch.from_numpy(x), torch.from_numpy(targets.mean(0))
    right = torch.from_numpy(targets) - centre
    wide = x.shape[1] > len(x)  # then the weights are sought in the span of the examples
    products = (features @ features.T if wide else features.T @ features).double() / len(x)
    if not wide:
        right = features.T.double() @ right
    for penalty in penalties:
        bent = products + penalty * torch.eye(len(products), dtype=torch.float64)
        found = torch.cholesky_solve(right / len(x), torch.linalg.cholesky(bent))
        weights = features.T.double() @ found if wide else found
        yield torch.cat([weights, centre[None]]).T.contiguous().numpy()


def _outputs(x: Features, weights: Weights) -> Tensor:
    """(K, N), float64, of features (N, D) and weights (K, D + 1)."""
    outputs = torch.from_numpy(weights[:, :-1]) @ torch.from_numpy(x).double().T
    return outputs + torch.from_numpy(weights[:, -1:])
