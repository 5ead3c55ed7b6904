"""One task's evaluation: features of every split once, the probe, the metrics."""

import time
from collections.abc import Callable

import numpy as np
from torch import Tensor

from vmbench.config import Config
from vmbench.dataset import SPLITS, Split, Task
from vmbench.examples import Examples, Indices
from vmbench.metrics import classification_metrics
from vmbench.probe import Features, linear_probe
from vmbench.results import Probe, TaskResult

FEATURE_BATCH = 256


def limit(indices: Indices, size: int | None) -> Indices:
    """At most ``size`` of the ``indices``, the same ones every time, in their order."""
    if size is None or len(indices) <= size:
        return indices
    return np.sort(np.random.default_rng(0).permutation(indices)[:size])


def hide(x: Tensor, task: Task) -> Tensor:
    """``x`` with the columns that hold the task's label set to zero, the training mean."""
    if not task.hidden:
        return x
    x = x.clone()
    for start, stop in task.hidden:
        x[:, start:stop] = 0
    return x


def evaluate(
    examples: Examples, task: Task, features_of: Callable[[Tensor], Tensor], config: Config
) -> TaskResult:
    """Probe ``features_of`` on ``task``; test is read once, after everything is chosen.

    Args:
        examples: the dataset of the task.
        task: whose labels and split are used.
        features_of: (B, *spec.shape) normalised -> (B, D).
        config: size of the penalty grid, cap on the training examples.
    """
    started = time.perf_counter()
    indices: dict[Split, Indices] = {split: examples.split(task, split) for split in SPLITS}
    indices["train"] = limit(indices["train"], config.max_examples)
    features: dict[Split, Features] = {}
    for split in SPLITS:
        batches = examples.batches(indices[split], FEATURE_BATCH)
        features[split] = np.concatenate([features_of(hide(x, task)).numpy() for x in batches])
    labels = {split: examples.labels(task, indices[split]) for split in SPLITS}
    report = linear_probe(
        features, labels, penalties=config.probe_penalties, max_iter=config.probe_max_iter
    )
    metrics = classification_metrics(report.predictions, labels["test"], len(task.classes))
    return TaskResult(
        dataset=examples.dataset.name,
        task=task.name,
        metric="accuracy",
        higher_is_better=True,
        value=metrics["accuracy"],
        metrics=metrics,
        n_train=len(indices["train"]),
        n_val=len(indices["val"]),
        n_test=len(indices["test"]),
        n_classes=len(task.classes),
        split_rule=task.split_rule,
        probe=Probe(kind="linear", penalty=report.penalty, val_value=report.val_accuracy),
        seconds=time.perf_counter() - started,
    )
