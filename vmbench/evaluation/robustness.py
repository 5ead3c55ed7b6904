"""How much of the linear probe's accuracy is left when the test inputs are corrupted."""

from functools import partial
from statistics import fmean
from zlib import crc32

import torch

from vmbench.corruptions import SEVERITIES, Clean, Corruption, corruptions
from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.probe import fit_probe

HEADLINE = "mean_corruption_accuracy"


class RobustnessEvaluation(Evaluation):
    """The linear probe of clean features, tested under named corruptions at five severities.

    The value is the mean accuracy over corruptions and severities; beside it stand the clean
    metrics and the mean accuracy per corruption. Every method meets the same corrupted inputs.
    """

    name = "robustness"
    paper = "Hendrycks and Dietterich 2019, arXiv 1903.12261"

    def score(self, problem: Problem) -> Score:
        """Mean corruption accuracy; the probe sees clean train and val only."""
        labels = problem.split_labels()
        probe = fit_probe(
            {split: problem.features(problem.indices[split]) for split in ("train", "val")},
            labels,
            penalties=problem.config.probe_penalties,
            max_iter=problem.config.probe_max_iter,
        )
        clean = Clean.of(problem.session.context(problem.examples, problem.indices["train"]))
        test = problem.indices["test"]
        metrics = problem.metrics(probe.predict(problem.features(test)))

        def accuracy(corruption: Corruption, severity: int) -> float:
            generator = torch.Generator().manual_seed(crc32(corruption.name.encode()))
            corrupt = partial(corruption, severity=severity, clean=clean, generator=generator)
            predictions = probe.predict(problem.features(test, corrupt))
            return float((predictions == labels["test"]).mean())

        means = {
            f"accuracy_{corruption.name}": fmean(accuracy(corruption, s) for s in SEVERITIES)
            for corruption in corruptions(problem.examples.spec)
        }
        metrics |= {HEADLINE: fmean(means.values()), **means}
        return Score(metrics, probe.val_accuracy, HEADLINE, penalty=probe.penalty)
