"""Runs of the committed board made again, and every linear probe beside scikit-learn's.

    python benchmarks/agreement.py audio medical >> agreement.md    # or: all domains

A Markdown row per run and task: the committed test accuracy, the one that the same command gives
now, scikit-learn's at the same penalty and features (tolerance 1e-8), both gradient norms and both
times in seconds of the CPU.
"""

import sys
import time
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from vmbench.evaluation import linear
from vmbench.results import read_result
from vmbench.runs.request import RunRequest
from vmbench.runs.runner import execute

RESULTS = Path(__file__).parents[1] / "leaderboard" / "results"
BY_ACCURACY = "multiclass"


def oracle(features, labels, penalty):
    """Accuracy on test, gradient norm at the fit to train and val, and seconds of the CPU."""
    scaler = StandardScaler().fit(np.concatenate([features["train"], features["val"]]))
    x = scaler.transform(np.concatenate([features["train"], features["val"]]).astype(np.float64))
    y = np.concatenate([labels["train"], labels["val"]])
    started = time.process_time()
    model = LogisticRegression(C=1 / (len(x) * penalty), tol=1e-8, max_iter=20_000).fit(x, y)
    seconds = time.process_time() - started
    residual = (softmax(model.decision_function(x), axis=1) - (y[:, None] == model.classes_)) / len(
        x
    )
    gradient = residual.T @ x + penalty * model.coef_
    norm = np.sqrt(np.square(gradient).sum() + np.square(residual.sum(0)).sum())
    test = scaler.transform(features["test"].astype(np.float64))
    return (model.predict(test) == labels["test"]).mean(), norm, seconds


def both(found, probe, features, labels, **how):
    """The report of vmbench; the oracle's goes to ``found``."""
    started = time.process_time()
    report = probe(features, labels, **how)
    seconds = time.process_time() - started
    if how["kind"] == BY_ACCURACY:
        found.append((report, seconds, *oracle(features, labels, report.penalty)))
    return report


def rows(path: Path):
    """A row per task of a committed result, whose command is carried out again."""
    committed = read_result(path)
    words = committed.command.split()
    asked: Mapping[str, str] = dict(zip(words[2::2], words[3::2], strict=True))
    request = RunRequest(
        domain=asked["--domain"],
        method=asked["--method"],
        preset=asked["--preset"],
        seed=int(asked["--seed"]),
        objective=asked.get("--objective", "simclr"),
    )
    known = {"--domain", "--method", "--preset", "--seed", "--objective"}
    assert set(asked) <= known, committed.command
    found: list[tuple] = []
    probed = partial(both, found, linear.linear_probe)
    with TemporaryDirectory() as out, mock.patch.object(linear, "linear_probe", probed):
        result = execute(request, Path(out))
    for before, task, (report, ours, exact, norm, theirs) in zip(
        committed.tasks, result.tasks, found, strict=True
    ):
        cells = (
            f"{task.dataset}/{task.task}",
            committed.method,
            f"{report.penalty:.0e}",
            *(f"{100 * value:.2f}" for value in (before.value, task.value, exact)),
            f"{100 * (task.value - exact):+.2f}",
            f"{report.gradient_norm:.0e}, {norm:.0e}",
            f"{ours:.0f} (whole path), {theirs:.0f}",
        )
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # where scikit-learn stops, its gradient norm says so
    titles = ["task", "method", "penalty", "committed", "now", "scikit-learn"]
    titles += ["difference", "gradients", "seconds"]
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for path in sorted(RESULTS.rglob("*.json")):
        if not sys.argv[1:] or read_result(path).domain in sys.argv[1:]:
            for row in rows(path):
                print(row, flush=True)
