"""The linear models that read frozen features, one per kind of task.

Each minimises a mean loss plus half the penalty times the squared weights, so that a penalty means
the same at every number of examples; the intercept is free.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from vmbench.dataset import Kind
from vmbench.labels import Labels, varies
from vmbench.metrics import Predictions, mean_auroc, pearson

Features = npt.NDArray[np.float32]
Weights = npt.NDArray[np.float64]
Value = tuple[float, float]  # the headline on val, and what tells equals apart; greater is better


class LinearModel(ABC):
    """A linear model of the labels of one kind of task.

    Args:
        labels: those that it will be fitted to; their classes or scale are part of the model.
    """

    def __init__(self, labels: Labels) -> None:
        self.labels = labels

    @abstractmethod
    def start(self, features: int) -> Weights:
        """Weights to start from, all zero: a row per output, the intercept in the last column."""

    @abstractmethod
    def fit(self, x: Features, penalty: float, max_iter: int, start: Weights) -> Weights:
        """Fit to standardised features (N, D) of the labels; ``start`` as in :meth:`start`."""

    @abstractmethod
    def predict(self, x: Features, weights: Weights) -> Predictions:
        """Predictions for standardised features (N, D)."""

    @abstractmethod
    def value(self, x: Features, weights: Weights, labels: Labels) -> Value:
        """How good the predictions for ``x`` are, on val."""


class Softmax(LinearModel):
    """Multinomial logistic regression; ties in accuracy go to the lower log-loss."""

    def __init__(self, labels: Labels) -> None:
        super().__init__(labels)
        self.classes, self.codes = np.unique(labels, return_inverse=True)

    def start(self, features: int) -> Weights:
        """A row per class."""
        return np.zeros((len(self.classes), features + 1))

    def fit(self, x: Features, penalty: float, max_iter: int, start: Weights) -> Weights:
        """:func:`fit_softmax`."""
        return fit_softmax(x, self.codes, penalty, max_iter, start)

    def predict(self, x: Features, weights: Weights) -> Predictions:
        """Class indices (N,)."""
        predictions: Predictions = self.classes[self._probabilities(x, weights).argmax(1)]
        return predictions

    def value(self, x: Features, weights: Weights, labels: Labels) -> Value:
        """Accuracy, and minus the log-loss to tell equals apart.

        Among penalties that all get val right, the strongest has margins so small that the class
        frequencies decide on test.
        """
        probabilities = self._probabilities(x, weights)
        accuracy = float((self.classes[probabilities.argmax(1)] == labels).mean())
        known = (labels[:, None] == self.classes) * probabilities
        return accuracy, float(np.log(known.sum(1).clip(1e-12)).mean())

    @staticmethod
    def _probabilities(x: Features, weights: Weights) -> Weights:
        """(N, K) of features (N, D) and weights (K, D + 1)."""
        return torch.softmax(_outputs(x, weights), dim=0).T.numpy()


class OneVsRest(LinearModel):
    """A logistic regression per class, under one penalty.

    Val judges by the mean AUROC of the classes that both val and the fitted labels have and lack;
    where there are none (a few-shot draw) the log-loss alone decides.
    """

    def start(self, features: int) -> Weights:
        """A row per class."""
        return np.zeros((self.labels.shape[1], features + 1))

    def fit(self, x: Features, penalty: float, max_iter: int, start: Weights) -> Weights:
        """:func:`fit_one_vs_rest`."""
        return fit_one_vs_rest(x, self.labels, penalty, max_iter, start)

    def predict(self, x: Features, weights: Weights) -> Predictions:
        """Log-odds (N, K)."""
        return _outputs(x, weights).T.numpy()

    def value(self, x: Features, weights: Weights, labels: Labels) -> Value:
        """Macro AUROC, and minus the mean log-loss."""
        logits = _outputs(x, weights).T
        target = torch.from_numpy(labels).double()
        loss = binary_cross_entropy_with_logits(logits, target).item()
        counted = varies(labels) & varies(self.labels)
        return mean_auroc(logits.numpy(), labels, counted), -loss


class Ridge(LinearModel):
    """Ridge regression on the standardised target, in closed form; ties go to the lower error."""

    def __init__(self, labels: Labels) -> None:
        super().__init__(labels)
        self.mean, self.std = target_scale(labels)

    def start(self, features: int) -> Weights:
        """One row."""
        return np.zeros((1, features + 1))

    def fit(self, x: Features, penalty: float, max_iter: int, start: Weights) -> Weights:
        """:func:`fit_ridge`; exact, so that it needs neither iterations nor a start."""
        target = (np.asarray(self.labels, np.float64) - self.mean) / self.std
        return fit_ridge(x, target, penalty)

    def predict(self, x: Features, weights: Weights) -> Predictions:
        """Values (N,) in the target's unit."""
        values: Weights = _outputs(x, weights)[0].numpy() * self.std + self.mean
        return values

    def value(self, x: Features, weights: Weights, labels: Labels) -> Value:
        """Pearson's correlation, and minus the mean squared error."""
        values = self.predict(x, weights)
        return pearson(values, labels), -float(np.square(values - labels).mean())


MODELS: dict[Kind, type[LinearModel]] = {
    "multiclass": Softmax,
    "multilabel": OneVsRest,
    "regression": Ridge,
}


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

    def loss(logits: Tensor) -> tuple[Tensor, Tensor]:
        log_p = torch.log_softmax(logits, dim=0)
        residual = log_p.exp()
        residual[target, columns] -= 1
        residual /= len(x)
        return -log_p[target, columns].double().mean(), residual

    return _minimise(loss, features, penalty, max_iter, start)


def fit_one_vs_rest(
    x: Features, y: Labels, penalty: float, max_iter: int, start: Weights
) -> Weights:
    """Minimise, for each class k, ``mean_i log(1 + exp(-s_ik z_ik)) + penalty / 2 |w_k|^2``.

    ``z = x W + b``, and ``s`` is 1 where the class is there and -1 elsewhere. The classes share
    nothing but the features, so the sum over them is minimised at once, by L-BFGS as in
    :func:`fit_softmax`.

    Args:
        x: (N, D) standardised features.
        y: (N, K), 0 or 1.
        penalty: on the weights; the intercepts are free.
        max_iter: iterations of L-BFGS; at the weakest penalties this limit is the regulariser.
        start: (K, D + 1) to start from; the last column is b.

    Returns:
        The weights, (K, D + 1).
    """
    features, target = torch.from_numpy(x), torch.from_numpy(y).float().T.contiguous()

    def loss(logits: Tensor) -> tuple[Tensor, Tensor]:
        residual = (torch.sigmoid(logits) - target) / len(x)
        losses = binary_cross_entropy_with_logits(logits, target, reduction="none")
        return losses.double().sum() / len(x), residual

    return _minimise(loss, features, penalty, max_iter, start)


def fit_ridge(x: Features, y: npt.NDArray[np.float64], penalty: float) -> Weights:
    """Minimise ``mean_i (x_i w + b - y_i)^2 / 2 + penalty / 2 |w|^2``, exactly, in float64.

    Args:
        x: (N, D) features.
        y: (N,) targets.
        penalty: above 0; the intercept is free.

    Returns:
        The weights (1, D + 1); the last is b.
    """
    features = torch.from_numpy(x).double()
    target = torch.from_numpy(y)
    mean, level = features.mean(0), target.mean()
    centred, rest = features - mean, target - level
    n, d = centred.shape
    # The smaller of the two systems: (X'X / N + p) w = X'y / N, or its dual.
    if d <= n:
        gram = centred.T @ centred / n + penalty * torch.eye(d, dtype=torch.float64)
        weights = torch.linalg.solve(gram, centred.T @ rest / n)
    else:
        gram = centred @ centred.T / n + penalty * torch.eye(n, dtype=torch.float64)
        weights = centred.T @ torch.linalg.solve(gram, rest) / n
    intercept = level - mean @ weights
    return torch.cat([weights, intercept[None]])[None].numpy()


def _minimise(
    loss: Callable[[Tensor], tuple[Tensor, Tensor]],
    features: Tensor,
    penalty: float,
    max_iter: int,
    start: Weights,
) -> Weights:
    """Minimise ``loss(W x + b) + penalty / 2 |W|^2`` by L-BFGS.

    Args:
        loss: logits (K, N) -> the mean loss, and its gradient at the logits (K, N).
        features: (N, D).
        penalty: on the weights.
        max_iter: iterations.
        start: (K, D + 1); the last column is b.
    """

    def objective(flat: Weights) -> tuple[float, Weights]:
        # Classes come first throughout: few rows times many columns is several times as fast as
        # many rows times few columns.
        weights = torch.from_numpy(flat).view(start.shape)
        logits = weights[:, :-1].float() @ features.T + weights[:, -1:].float()
        mean_loss, residual = loss(logits)
        gradient = torch.cat([residual @ features, residual.sum(1, keepdim=True)], dim=1).double()
        gradient[:, :-1] += penalty * weights[:, :-1]
        norm = weights[:, :-1].square().sum()
        value = mean_loss + penalty / 2 * norm
        return value.item(), gradient.numpy().ravel()

    options: Any = {"maxiter": max_iter, "maxfun": 2 * max_iter, "gtol": 1e-4, "ftol": 1e-9}
    # The optimiser's own vector sums are tiny; OpenBLAS threads that spin for them would stand in
    # the way of torch's (measured on two cores: 12.8 s against 2.3 s for ten classes).
    with threadpool_limits(1, user_api="blas"):
        found = minimize(objective, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    solution: Weights = found.x.reshape(start.shape)
    return solution


def target_scale(labels: Labels) -> tuple[float, float]:
    """Mean and standard deviation of real targets; 1 where they are all equal."""
    std = float(labels.std())
    return float(labels.mean()), std if std > 0 else 1.0


def _outputs(x: Features, weights: Weights) -> Tensor:
    """(K, N), float64, of features (N, D) and weights (K, D + 1)."""
    outputs = torch.from_numpy(weights[:, :-1]).float() @ torch.from_numpy(x).T
    outputs += torch.from_numpy(weights[:, -1:]).float()
    return outputs.double()
