"""One of several classes: accuracy."""

from functools import partial

from vmbench.data.labels import Labels, Mask
from vmbench.evaluation.draws import SHOTS, Draw, draw, share
from vmbench.evaluation.influence import Contributions, of_accuracy
from vmbench.evaluation.kinds.base import Scoring
from vmbench.evaluation.linear_models import Features, Softmax
from vmbench.evaluation.metrics import Predictions, classification_metrics
from vmbench.evaluation.neighbours import Setting, knn_predict


class MulticlassScoring(Scoring):
    """Predictions are class indices (N,)."""

    headline = "accuracy"
    model = Softmax
    reported_draw = f"k{SHOTS[-1]}"

    def value(self, predictions: Predictions, labels: Labels, counted: Mask | None) -> float:
        """Accuracy."""
        return float((predictions == labels).mean())

    def contributions(
        self, predictions: Predictions, labels: Labels, counted: Mask | None
    ) -> Contributions:
        """1 of a correct class, 0 of a wrong one."""
        return of_accuracy(predictions, labels)

    def metrics(
        self, predictions: Predictions, labels: Labels, classes: int, counted: Mask | None
    ) -> dict[str, float]:
        """Accuracy, balanced accuracy and macro-F1."""
        return classification_metrics(predictions, labels, classes)

    def draws(self) -> dict[str, Draw]:
        """1, 5, 10 and 1% of the examples of each class."""
        each: dict[str, Draw] = {f"k{k}": partial(draw, size=partial(min, k)) for k in SHOTS}
        return {**each, "1pct": partial(draw, size=share)}

    def neighbours(
        self, bank: Features, labels: Labels, queries: Features, settings: list[Setting]
    ) -> list[Predictions]:
        """They vote for their class."""
        return knn_predict(bank, labels, queries, settings)
