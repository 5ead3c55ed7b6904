"""A real number: Pearson's correlation."""

from vmbench.data.labels import Labels, Mask
from vmbench.evaluation.draws import Draw, draw_any
from vmbench.evaluation.influence import Contributions, of_pearson
from vmbench.evaluation.kinds.base import Scoring
from vmbench.evaluation.linear_models import Features, Ridge
from vmbench.evaluation.metrics import Predictions, pearson, regression_metrics
from vmbench.evaluation.neighbours import Setting, knn_mean


class RegressionScoring(Scoring):
    """Predictions are values (N,) in the target's unit."""

    headline = "pearson"
    model = Ridge
    reported_draw = "1pct"

    def value(self, predictions: Predictions, labels: Labels, counted: Mask | None) -> float:
        """Pearson's correlation."""
        return pearson(predictions, labels)

    def contributions(
        self, predictions: Predictions, labels: Labels, counted: Mask | None
    ) -> Contributions:
        """The correlation plus the example's influence on it."""
        return of_pearson(predictions, labels)

    def metrics(
        self, predictions: Predictions, labels: Labels, classes: int, counted: Mask | None
    ) -> dict[str, float]:
        """Pearson's and Spearman's correlation, R^2 and the mean absolute error."""
        return regression_metrics(predictions, labels)

    def draws(self) -> dict[str, Draw]:
        """1% of the examples: a real target has no classes to draw from."""
        return {"1pct": draw_any}

    def neighbours(
        self, bank: Features, labels: Labels, queries: Features, settings: list[Setting]
    ) -> list[Predictions]:
        """The weighted mean of their targets."""
        return knn_mean(bank, labels, queries, settings)
