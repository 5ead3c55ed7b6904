"""The linear probe on frozen features: the default."""

from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.evaluation.probe import ProbeSettings, linear_probe


class LinearEvaluation(Evaluation):
    """A linear model of frozen, standardised features; the penalty is chosen on val.

    Multinomial logistic regression; one against the rest where several labels may hold at once;
    ridge regression of a real target. The model is refit on train and val with that penalty, and
    predicts test once (:mod:`vmbench.evaluation.probe`).
    """

    name = "linear"
    settings_class = ProbeSettings
    settings: ProbeSettings
    paper = "Kornblith et al. 2019, arXiv 1805.08974"

    def score(self, problem: Problem) -> Score:
        """Accuracy, AUROC or correlation on test."""
        report = linear_probe(
            problem.split_features(),
            problem.split_labels(),
            penalties=self.settings.penalties,
            max_iter=self.settings.max_iter,
            kind=problem.task.kind,
        )
        return Score(
            problem.metrics(report.predictions),
            report.val_value,
            problem.contributions(report.predictions),
            chosen={"penalty": report.penalty},
            gradient_norm=report.gradient_norm,
            converged=report.converged,
        )
