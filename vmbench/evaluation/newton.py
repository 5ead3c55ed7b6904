"""Logistic regression to convergence: a truncated Newton method.

Minimises ``mean loss(W x + b) + penalty / 2 |W|^2``, which is strictly convex in ``W``. Each Newton
system is solved by conjugate gradients (Nocedal and Wright 2006, Numerical Optimization,
algorithm 7.1). Their preconditioner is the inverse of the mean of the Hessian's blocks of the
classes, and, once that takes as many steps as they cost, of each class's own. Sums that decide when
to stop are float64; products inside conjugate gradients are float32, for they only set how good a
step is, until a step takes long: then its penalty is below what float32 can tell from nothing.

Where there are fewer examples than features, weights are sought in the span of the examples, in
which the least ones lie (the representer theorem): the features are rotated, once, to as many
coordinates as there are examples, and lengths stay.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

# By strong convexity in W, the objective is within gradient^2 / (2 penalty) of its least value:
# the gradient norm that is asked for follows from how near the mean loss is to be. The intercepts,
# which no penalty holds, bend it as far as the classes' shares do: BENT stands for that.
GAP, BENT = 1e-9, 1e-2
FORCING = 0.1  # a Newton system is solved to this share of the gradient at least
SHORT = 0.01  # of a Newton step: less is taken as a sign that the system was misleading
STEPS = 500  # conjugate gradients per Newton system
STRIPES = 4  # that a triangle is computed in
MOST_NUMBERS = 2**27  # in the blocks of all classes, above which the classes share one


class Loss(ABC):
    """A mean loss of logits (K, N), float64; classes come first throughout.

    Few rows times many columns is several times as fast as many rows times few columns.
    """

    @abstractmethod
    def value(self, logits: Tensor) -> tuple[float, Tensor]:
        """The mean loss, and the probabilities (K, N)."""

    @abstractmethod
    def residual(self, probabilities: Tensor) -> Tensor:
        """The gradient of the mean loss at the logits, (K, N)."""

    @abstractmethod
    def curve(self, probabilities: Tensor, direction: Tensor) -> Tensor:
        """The Hessian at the logits times a direction (K, N); may overwrite the direction."""

    def project(self, weights: Tensor) -> Tensor:
        """``weights`` (K, ...) without what the loss cannot see."""
        return weights


class SoftmaxLoss(Loss):
    """``mean_i -log softmax(z_i)[y_i]`` of classes ``y`` (N,), 0 to K - 1."""

    def __init__(self, y: Tensor) -> None:
        self.y, self.columns = y, torch.arange(len(y))

    def value(self, logits: Tensor) -> tuple[float, Tensor]:
        """See :class:`Loss`."""
        log_p = torch.log_softmax(logits, dim=0)
        return -log_p[self.y, self.columns].mean().item(), log_p.exp_()

    def residual(self, probabilities: Tensor) -> Tensor:
        """See :class:`Loss`."""
        residual = probabilities.clone()
        residual[self.y, self.columns] -= 1
        return residual / len(self.y)

    def curve(self, probabilities: Tensor, direction: Tensor) -> Tensor:
        """``(diag(p) - p p') u / N``, example by example."""
        direction *= probabilities
        direction -= probabilities * direction.sum(0)
        return direction / len(self.y)

    def project(self, weights: Tensor) -> Tensor:
        """A number added to all classes changes no probability: the least weights sum to zero."""
        return weights - weights.mean(0)


class SigmoidLoss(Loss):
    """``sum_k mean_i log(1 + exp(-s_ik z_ik))``: ``s`` is 1 where ``y`` (K, N) is, else -1."""

    def __init__(self, y: Tensor) -> None:
        self.y = y

    def value(self, logits: Tensor) -> tuple[float, Tensor]:
        """See :class:`Loss`."""
        losses = functional.binary_cross_entropy_with_logits(logits, self.y, reduction="sum")
        return losses.item() / self.y.shape[1], torch.sigmoid(logits)

    def residual(self, probabilities: Tensor) -> Tensor:
        """See :class:`Loss`."""
        return (probabilities - self.y) / self.y.shape[1]

    def curve(self, probabilities: Tensor, direction: Tensor) -> Tensor:
        """``p (1 - p) u / N``."""
        return direction * (probabilities * (1 - probabilities)) / self.y.shape[1]


@dataclass(frozen=True)
class Solution:
    """Weights (K, D + 1), the last column the intercepts, and how near they are to the least.

    ``objective`` is the mean loss and the penalty; ``gradient_norm`` the Euclidean norm of its
    gradient at the weights; ``converged`` whether that is at most :func:`tolerance`.
    """

    weights: npt.NDArray[np.float64]
    objective: float
    gradient_norm: float
    converged: bool


def tolerance(penalty: float, gap: float = GAP) -> float:
    """The gradient norm at which the objective is within ``gap`` of its least value.

    >>> f"{tolerance(1e-6):.1e}"
    '4.5e-08'
    """
    return math.sqrt(2 * min(penalty, BENT) * gap)


class Newton:
    """The problem of one set of features and labels, to be solved for any number of penalties.

    Args:
        x: (N, D) standardised features.
        loss: of logits (K, N).
        classes: K.
    """

    def __init__(self, x: npt.NDArray[np.float32], loss: Loss, classes: int) -> None:
        self.loss, self.classes = loss, classes
        exact = torch.from_numpy(x).double()
        self.basis: Tensor | None = None
        if len(x) < x.shape[1]:
            self.basis, triangle = torch.linalg.qr(exact.T)  # (D, N), (N, N)
            exact = triangle.T
        # The intercept is the weight of a feature that is always one.
        self.x = torch.cat([exact, torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
        self.fast = self.x.float()
        self.classwise = False  # whether the preconditioner has a block for each class by now
        self.may_be_classwise = classes * self.x.shape[1] ** 2 <= MOST_NUMBERS
        self.inverses: Tensor | None = None
        self.used = 0  # steps of conjugate gradients since they were made

    def _worth(self, blocks: int) -> float:
        """Steps of conjugate gradients that take as long as the inverses of blocks do, measured."""
        n, d = self.x.shape
        reading = 20 if self.classwise else 2  # the inverses in a step, against arithmetic
        return blocks * d * (n + 4 * d) / (self.classes * (4 * n + reading * d))

    def solve(
        self,
        penalty: float,
        max_iter: int,
        start: npt.NDArray[np.float64] | None = None,
        gap: float = GAP,
    ) -> Solution:
        """Minimise, to :func:`tolerance`.

        Args:
            penalty: above 0; on the weights, the intercepts are free.
            max_iter: Newton steps at most.
            start: (K, D + 1), by default zero; any start leads to the same weights.
            gap: how near to its least value the objective is to be.
        """
        ridge = torch.full((self.x.shape[1],), penalty, dtype=torch.float64)
        ridge[-1] = 0
        weights = self._inside(start)
        value, p = self._value(weights, ridge)
        goal, norm, rounded, damping = tolerance(penalty, gap), math.inf, True, 0.0
        all_taken, made, stale = 0, False, self.inverses is None
        for step in range(max_iter + 1):
            gradient = self.loss.residual(p) @ self.x + ridge * weights
            norm = gradient.norm().item()
            if norm <= goal or step == max_iter:
                break
            if not self.classwise and self.may_be_classwise:
                self.classwise = all_taken >= self._worth(self.classes) / 2
                stale |= self.classwise
            if stale:
                self.inverses = self._inverses(p, ridge + damping, rounded=rounded)
                self.used, made = 0, True
            # No system is solved further than the tolerance asks for.
            enough = max(min(FORCING * norm, norm**1.5), goal / 4)
            limit = max(20, int(self._worth(self.classes))) if rounded else STEPS
            direction, taken, solved = self._newton_step(
                gradient, p, ridge + damping, enough, limit, rounded=rounded
            )
            self.used += taken
            all_taken += taken
            # Blocks of other probabilities and penalties do until new ones would have paid.
            stale = not solved or self.used >= self._worth(self.classes if self.classwise else 1)
            if not solved:  # with blocks of its own, and if need be of each class, float32 is why
                rounded = rounded and not (made and (self.classwise or not self.may_be_classwise))
                all_taken += limit
            slope = (gradient * direction).sum().item()
            length, trial = 1.0, weights + direction
            new_value, new_p = self._value(trial, ridge)
            # Armijo's rule, but for what rounding does to the value.
            while length > SHORT and new_value > value + 1e-4 * length * slope + 1e-13 * abs(value):
                length /= 2
                trial = weights + length * direction
                new_value, new_p = self._value(trial, ridge)
            if length > SHORT and slope < 0:
                weights, value, p = trial, new_value, new_p
                damping = damping / 10 if damping > penalty else 0.0
            else:  # far from the least weights, where the curvature tells nothing
                damping, stale = max(10 * damping, norm / 10), True
        return Solution(self._outside(weights), value, norm, norm <= goal)

    def _inside(self, start: npt.NDArray[np.float64] | None) -> Tensor:
        """Weights in the coordinates that are solved in."""
        if start is None:
            return torch.zeros(self.classes, self.x.shape[1], dtype=torch.float64)
        weights = torch.from_numpy(start)
        if self.basis is not None:
            weights = torch.cat([weights[:, :-1] @ self.basis, weights[:, -1:]], dim=1)
        return self.loss.project(weights)

    def _outside(self, weights: Tensor) -> npt.NDArray[np.float64]:
        if self.basis is not None:
            weights = torch.cat([weights[:, :-1] @ self.basis.T, weights[:, -1:]], dim=1)
        found: npt.NDArray[np.float64] = weights.numpy()
        return found

    def _value(self, weights: Tensor, ridge: Tensor) -> tuple[float, Tensor]:
        loss, p = self.loss.value(weights @ self.x.T)
        return loss + (ridge * weights.square()).sum().item() / 2, p

    def _newton_step(
        self,
        gradient: Tensor,
        p: Tensor,
        ridge: Tensor,
        enough: float,
        limit: int,
        *,
        rounded: bool,
    ) -> tuple[Tensor, int, bool]:
        """Conjugate gradients until the residual norm is ``enough``, or ``limit`` of them.

        They run in float32 if ``rounded``. Also how many they were, and whether they got there.
        """
        x = self.fast if rounded else self.x
        p = p.to(x.dtype)
        found = torch.zeros_like(gradient)
        residual = -gradient
        z = self._precondition(residual)
        along, fall = z, (residual * z).sum()
        for taken in range(1, limit + 1):
            bent = self.loss.curve(p, along.to(x.dtype) @ x.T) @ x
            bent = bent.double() + ridge * along
            curvature = (along * bent).sum()
            if not (fall > 0 and curvature > 0):  # what is left is rounding
                return found, taken, False
            length = fall / curvature
            found += length * along
            residual = residual - length * bent
            if residual.norm().item() <= enough:
                return found, taken, True
            z = self._precondition(residual)
            before, fall = fall, (residual * z).sum()
            along = z + fall / before * along
        return found, limit, False

    def _precondition(self, residual: Tensor) -> Tensor:
        """The residual (K, D + 1), each class's by the inverse of its block."""
        assert self.inverses is not None
        right = residual.to(self.inverses.dtype)
        if len(self.inverses) == 1:
            found = right @ self.inverses[0]
        else:  # what takes time is reading them, which a batched product does worse, measured
            found = torch.stack(
                [each @ row for each, row in zip(self.inverses, right, strict=True)]
            )
        return self.loss.project(found.double())

    def _inverses(self, p: Tensor, ridge: Tensor, *, rounded: bool) -> Tensor:
        """Inverses of the Hessian's block of each class, or of the mean of them."""
        curvature = (p * (1 - p) / p.shape[1]).float()
        if not self.classwise:
            curvature = curvature.mean(0, keepdim=True)
        kind = torch.float32 if rounded else torch.float64
        inverses = torch.empty(len(curvature), *2 * self.x.shape[1:], dtype=kind)
        for weight, inverse in zip(curvature, inverses, strict=True):
            inverse.copy_(torch.cholesky_inverse(self._factor(self._block(weight).double(), ridge)))
        return inverses

    def _block(self, weight: Tensor) -> Tensor:
        """The lower triangle of ``x' diag(weight) x``, which is symmetric, for weights (N,)."""
        scaled = self.fast * weight.sqrt()[:, None]
        size = scaled.shape[1]
        block = torch.zeros(size, size)
        for rows in torch.arange(size).chunk(STRIPES):
            start, end = int(rows[0]), int(rows[-1]) + 1
            block[start:end, :end] = scaled[:, start:end].T @ scaled[:, :end]
        return block

    @staticmethod
    def _factor(block: Tensor, ridge: Tensor) -> Tensor:
        """Cholesky factor of ``block + ridge``; only the lower triangle is read."""
        # What float32 loses must not make it indefinite.
        lost = max(1e-7 * block.diagonal().max().item(), 1e-3 * ridge.max().item())
        while True:
            factor, failed = torch.linalg.cholesky_ex(block + torch.diag(ridge + lost))
            if not failed:
                found: Tensor = factor
                return found
            lost *= 10
