"""The solver: converged by a gradient computed here, and equal to scikit-learn's at tol 1e-8."""

import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from vmbench.evaluation import newton
from vmbench.evaluation.newton import Newton, SigmoidLoss, SoftmaxLoss, tolerance
from vmbench.evaluation.probe import penalty_grid

GRID = penalty_grid(12)


def problem(n, d, classes, separation, seed=0):
    """Standardised features whose variances fall like those of a network's, and labels."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(classes, size=n - classes)])
    centres = separation * rng.standard_normal((classes, 8))
    hidden = rng.standard_normal((n, d)) * np.arange(1, d + 1) ** -0.8
    hidden[:, :8] += centres[y]
    x = hidden @ (rng.standard_normal((d, d)) if d <= 1024 else np.eye(d))
    x = (x - x.mean(0)) / x.std(0)
    return x.astype(np.float32), y


def softmax_objective(x, y, weights, penalty):
    """Value and gradient norm, from the equation, in float64."""
    logits = x.astype(np.float64) @ weights[:, :-1].T + weights[:, -1]
    residual = (softmax(logits, axis=1) - np.eye(len(weights))[y]) / len(y)
    gradient = residual.T @ x.astype(np.float64) + penalty * weights[:, :-1]
    loss = -log_softmax(logits, axis=1)[np.arange(len(y)), y].mean()
    norm = np.sqrt(np.square(gradient).sum() + np.square(residual.sum(0)).sum())
    return loss + penalty / 2 * np.square(weights[:, :-1]).sum(), norm


def scikit_learn(x, y, penalty, solver):
    model = LogisticRegression(C=1 / (len(x) * penalty), tol=1e-8, max_iter=20_000, solver=solver)
    model.fit(x.astype(np.float64), y)
    return np.column_stack([model.coef_, model.intercept_])


# More examples than features and fewer, separable and not, few classes and many.
@pytest.mark.parametrize(
    ("shape", "separation", "compared"),
    [
        ((700, 512, 3), 0.3, GRID[::5]),
        ((150, 512, 3), 3.0, GRID[::5]),
        ((120, 512, 20), 1.0, GRID[:1]),
        ((60, 2048, 3), 1.0, GRID[:6:5]),
        ((40, 8192, 3), 0.0, GRID[:6:5]),
    ],
)
def test_converged_at_every_penalty_and_equal_to_scikit_learn(shape, separation, compared):
    n, d, classes = shape
    x, y = problem(n, d, classes, separation)
    solver = Newton(x, SoftmaxLoss(torch.from_numpy(y)), classes)
    start = None
    for penalty in GRID:
        found = solver.solve(penalty, 100, start)
        start = found.weights
        value, norm = softmax_objective(x, y, found.weights, penalty)
        assert found.converged
        assert norm <= 1.01 * tolerance(penalty)
        assert found.gradient_norm == pytest.approx(norm, rel=1e-3)
        assert found.objective == pytest.approx(value, rel=1e-10)
        if penalty in compared:
            oracle = scikit_learn(
                x, y, penalty, "newton-cholesky" if d == 512 and classes == 3 else "lbfgs"
            )
            assert value <= softmax_objective(x, y, oracle, penalty)[0] + 2 * newton.GAP
            ours, theirs = (x @ w[:, :-1].T + w[:, -1] for w in (found.weights, oracle))
            assert (ours.argmax(1) == theirs.argmax(1)).all()
            assert np.abs(softmax(ours, axis=1) - softmax(theirs, axis=1)).max() < 1e-3


def test_one_vs_rest_is_a_logistic_regression_per_class():
    x, y = problem(300, 40, 3, 1.0)
    labels = (y[:, None] == np.arange(3)).astype(float)
    labels[:, 2] = np.maximum(labels[:, 2], labels[:, 1])  # several may hold at once
    solver = Newton(x, SigmoidLoss(torch.from_numpy(labels.T.copy())), 3)
    for penalty in GRID:
        found = solver.solve(penalty, 100)
        assert found.converged
        for k in range(3):
            logits = x.astype(np.float64) @ found.weights[k, :-1] + found.weights[k, -1]
            residual = (expit(logits) - labels[:, k]) / len(x)
            gradient = residual @ x + penalty * found.weights[k, :-1]
            assert np.hypot(np.linalg.norm(gradient), residual.sum()) <= 1.01 * tolerance(penalty)
        if penalty in GRID[::4]:
            oracle = scikit_learn(x, labels[:, 0], penalty, "newton-cholesky")
            np.testing.assert_allclose(
                found.weights[0], oracle[0], atol=1e-3 * np.abs(oracle).max()
            )


@pytest.mark.parametrize("n", [50, 300])
def test_where_it_starts_does_not_matter(n):
    x, y = problem(n, 80, 4, 1.0)
    solver = Newton(x, SoftmaxLoss(torch.from_numpy(y)), 4)
    start = 5 * np.random.default_rng(0).standard_normal((4, 81))
    for penalty in (1e-1, 1e-5):
        cold, warm = (solver.solve(penalty, 100, s) for s in (None, start))
        assert cold.converged
        assert warm.converged
        assert warm.objective == pytest.approx(cold.objective, abs=2 * newton.GAP)
        scale = np.abs(cold.weights).max()
        np.testing.assert_allclose(warm.weights, cold.weights, atol=0.02 * scale)


@pytest.mark.parametrize("most", [0, newton.MOST_NUMBERS])
def test_blocks_shared_or_of_each_class_lead_to_the_same_weights(most, monkeypatch):
    """And so do blocks that stronger penalties left behind."""
    x, y = problem(200, 60, 5, 1.0)
    loss = SoftmaxLoss(torch.from_numpy(y))
    monkeypatch.setattr(newton, "MOST_NUMBERS", most)
    solver, start = Newton(x, loss, 5), None
    for penalty in GRID:
        along = solver.solve(penalty, 100, start)
        start = along.weights
        assert along.converged
        alone = Newton(x, loss, 5).solve(penalty, 100)
        assert along.objective == pytest.approx(alone.objective, abs=2 * newton.GAP)
    assert solver.classwise == (most > 0)


def test_too_few_steps_are_said():
    x, y = problem(200, 60, 5, 1.0)
    found = Newton(x, SoftmaxLoss(torch.from_numpy(y)), 5).solve(1e-5, 2)
    assert not found.converged
    _, norm = softmax_objective(x, y, found.weights, 1e-5)
    assert found.gradient_norm == pytest.approx(norm, rel=1e-3)
    assert norm > tolerance(1e-5)


def test_features_that_repeat_or_never_change():
    """The Hessian without the penalty is singular."""
    x, y = problem(100, 10, 3, 1.0)
    x = np.hstack([x, x, np.zeros_like(x)])
    for penalty in GRID:
        found = Newton(x, SoftmaxLoss(torch.from_numpy(y)), 3).solve(penalty, 100)
        assert found.converged
        # Where only the penalty bends the objective, the gradient bounds how far the least is.
        far = 2 * found.gradient_norm / penalty
        first, second, constant = np.split(found.weights[:, :-1], 3, axis=1)
        np.testing.assert_allclose(first, second, rtol=0, atol=far)
        np.testing.assert_allclose(constant, 0, atol=far)
