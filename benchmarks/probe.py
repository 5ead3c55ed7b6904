"""How fast and how exact the linear probe is, beside scikit-learn and a solver that stops early.

    python benchmarks/probe.py                    # synthetic: 512 to 8,192 features
    python benchmarks/probe.py features/*.npz     # x_train, x_val, x_test and y_* of each file

A Markdown row per problem and penalty: seconds of the CPU, gradient norm, and how far the objective
is above the lowest of the three. ``path`` is vmbench's solver, warm from the stronger penalties;
``early`` L-BFGS from zero, stopped after 100 iterations; the oracle scikit-learn's L-BFGS at
tolerance 1e-8. Of files also the difference in test accuracy to scikit-learn's, in points.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from vmbench.evaluation.newton import Newton, SoftmaxLoss
from vmbench.evaluation.probe import penalty_grid

GRID = penalty_grid(12)
SYNTHETIC = [(n, d, k, s) for d in (512, 2048, 8192) for n, k, s in
             [(2000, 10, 0.0), (2000, 10, 1.0), (500, 40, 1.0)]]  # fmt: skip


def synthetic(n, d, classes, separation):
    """Features whose variances fall as a power, and labels that they tell or do not."""
    rng = np.random.default_rng(0)
    y = np.concatenate([np.arange(classes), rng.integers(classes, size=n - classes)])
    x = rng.standard_normal((n, d)) * np.arange(1, d + 1) ** -0.8
    x[:, :8] += separation * rng.standard_normal((classes, 8))[y]
    x = x @ rng.standard_normal((d, d)) / np.sqrt(d)
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32), y


def read(path):
    """Standardised features of train and val, those of test, and the labels of both."""
    file = np.load(path)
    x = np.concatenate([file["x_train"], file["x_val"]]).astype(np.float64)
    mean, sd = x.mean(0), x.std(0)
    sd[sd < 1e-6 * np.maximum(1, np.abs(mean))] = 1
    classes, y = np.unique(np.concatenate([file["y_train"], file["y_val"]]), return_inverse=True)
    test = (file["x_test"] - mean) / sd, np.searchsorted(classes, file["y_test"])
    return ((x - mean) / sd).astype(np.float32), y, test


def objective(x, y, weights, penalty):
    """Value and gradient norm, float64."""
    logits = x @ weights[:, :-1].T + weights[:, -1]
    residual = (softmax(logits, axis=1) - np.eye(len(weights))[y]) / len(y)
    gradient = residual.T @ x + penalty * weights[:, :-1]
    value = -log_softmax(logits, axis=1)[np.arange(len(y)), y].mean()
    norm = np.sqrt(np.square(gradient).sum() + np.square(residual.sum(0)).sum())
    return value + penalty / 2 * np.square(weights[:, :-1]).sum(), norm


def scikit_learn(x, y, penalty, **limits):
    """Weights (K, D + 1)."""
    model = LogisticRegression(C=1 / (len(x) * penalty), **limits).fit(x, y)
    return np.column_stack([model.coef_, model.intercept_])


def rows(name, x, y, test=None):
    """One row per penalty, from strong to weak."""
    classes, exact = int(y.max()) + 1, x.astype(np.float64)
    started = time.process_time()
    solver, start = Newton(x, SoftmaxLoss(torch.from_numpy(y)), classes), None
    for penalty in GRID:
        found = solver.solve(penalty, 100, start)
        seconds, start = time.process_time() - started, found.weights
        fits = {"path": (found.weights, seconds)}
        limits = {
            "early": {"tol": 1e-4, "max_iter": 100},
            "oracle": {"tol": 1e-8, "max_iter": 5000},
        }
        for solver_name, limit in limits.items():
            started = time.process_time()
            weights = scikit_learn(exact, y, penalty, **limit)
            fits[solver_name] = weights, time.process_time() - started
        judged = {k: objective(exact, y, w, penalty) for k, (w, _) in fits.items()}
        least = min(value for value, _ in judged.values())
        cells = [
            f"{seconds:.2f} s, {judged[k][1]:.0e}, {judged[k][0] - least:.0e}"
            for k, (_, seconds) in fits.items()
        ]
        if test is not None:
            accuracy = {k: _accuracy(w, *test) for k, (w, _) in fits.items()}
            cells += [f"{100 * (accuracy[k] - accuracy['oracle']):+.2f}" for k in ("path", "early")]
        yield f"| {name} | {penalty:.0e} | {' | '.join(cells)} |"
        started = time.process_time()


def _accuracy(weights, x, y):
    return float(((x @ weights[:, :-1].T + weights[:, -1]).argmax(1) == y).mean())


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # that the early one did not converge is what is shown
    files = [Path(name) for name in sys.argv[1:]]
    print("| problem | penalty | path | early | oracle |" + (" path | early |" if files else ""))
    print("|---|---|---|---|---|" + ("---|---|" if files else ""))
    for path in files:
        print("\n".join(rows(path.stem, *read(path))), flush=True)
    for n, d, k, s in [] if files else SYNTHETIC:
        name = f"{n} x {d}, {k} classes, {'apart' if s else 'at random'}"
        print("\n".join(rows(name, *synthetic(n, d, k, s))), flush=True)
