"""How much of the linear probe's test value is left when the test inputs are corrupted."""

from functools import partial
from statistics import fmean
from zlib import crc32

import numpy as np
import torch

from vmbench.evaluation.base import Change, Evaluation, Problem, Score
from vmbench.evaluation.corruptions import SEVERITIES, Clean, Corruption, corruptions
from vmbench.evaluation.influence import Contributions
from vmbench.evaluation.metrics import Predictions
from vmbench.evaluation.probe import ProbeSettings
from vmbench.evaluation.readouts import Reading
from vmbench.views.context import view_context


class RobustnessEvaluation(Evaluation):
    """The linear probe of clean features, tested under named corruptions at five severities.

    The value is the mean accuracy (macro AUROC, correlation) over corruptions and severities;
    beside it stand the clean metrics and the mean per corruption. Every method meets the same
    corrupted inputs.
    """

    name = "robustness"
    summary = "the linear probe on corrupted test inputs"
    settings_class = ProbeSettings
    settings: ProbeSettings
    paper = "Hendrycks and Dietterich 2019, arXiv 1903.12261"

    def score(self, problem: Problem) -> Score:
        """Mean value under corruption; the probe sees clean train and val only."""
        with Reading(problem, problem.indices) as reading:
            search = reading.penalty_search(problem.split_labels(), self.settings)
            choice = reading.choose(search, search.screen)
            readout = choice.best.readout
            probe = search.fit(reading.features(readout), choice.best.found)
        clean = Clean.of(view_context(problem.examples, problem.indices["train"]))
        test = problem.indices["test"]

        def predict(change: Change | None = None) -> Predictions:
            with problem.reading(test, [readout], change) as store:
                return probe.predict(store.read(readout))

        metrics = problem.metrics(predict())
        given: list[Contributions] = []

        def value(corruption: Corruption, severity: int) -> float:
            generator = torch.Generator().manual_seed(crc32(corruption.name.encode()))
            corrupt = partial(corruption, severity=severity, clean=clean, generator=generator)
            predictions = predict(corrupt)
            given.append(problem.contributions(predictions))
            return problem.value(predictions, "test")

        means = {
            f"{problem.headline}_{corruption.name}": fmean(value(corruption, s) for s in SEVERITIES)
            for corruption in corruptions(problem.examples.spec)
        }
        mean = f"mean_corruption_{problem.headline}"
        metrics |= {mean: fmean(means.values()), **means}
        return Score(
            metrics,
            probe.val_value,
            np.mean(given, axis=0),
            chosen=choice.chosen,
            metric=mean,
            gradient_norm=probe.gradient_norm,
            converged=probe.converged,
            readouts=choice.records,
            tried=choice.tried,
        )
