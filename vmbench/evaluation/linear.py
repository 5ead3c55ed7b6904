"""The linear probe on frozen features: the default."""

from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.evaluation.probe import ProbeSettings
from vmbench.evaluation.readouts import Reading


class LinearEvaluation(Evaluation):
    """A linear model of frozen, standardised features; the penalty is chosen on val.

    Multinomial logistic regression; one against the rest where several labels may hold at once;
    ridge regression of a real target. The model is refit on train and val with that penalty, and
    predicts test once (:mod:`vmbench.evaluation.probe`). Of several readouts val chooses one, and
    the others' values on test stand beside its own (:mod:`vmbench.evaluation.readouts`).
    """

    name = "linear"
    summary = "logistic regression on frozen features (the default)"
    settings_class = ProbeSettings
    settings: ProbeSettings
    paper = "Kornblith et al. 2019, arXiv 1805.08974"

    def score(self, problem: Problem) -> Score:
        """Accuracy, AUROC or correlation on test."""
        with Reading(problem, problem.indices) as reading:
            search = reading.penalty_search(problem.split_labels(), self.settings)
            choice = reading.choose(search, search.screen)
            probes = [search.fit(reading.features(t.readout), t.found) for t in choice.finalists]
        with problem.reading(problem.indices["test"], choice.readouts) as test:
            on_test = [
                probe.predict(test.read(trial.readout))
                for probe, trial in zip(probes, choice.finalists, strict=True)
            ]
        place = choice.place
        predictions, probe = on_test[place], probes[place]
        return Score(
            problem.metrics(predictions) | choice.beside(problem, on_test),
            probe.val_value,
            problem.contributions(predictions),
            chosen=choice.chosen,
            gradient_norm=probe.gradient_norm,
            converged=probe.converged,
            readouts=choice.records,
            tried=choice.tried,
        )
