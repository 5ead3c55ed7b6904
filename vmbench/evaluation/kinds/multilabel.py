"""Several classes at once: the mean AUROC of the classes."""

from functools import partial

from vmbench.data.labels import Labels, Mask
from vmbench.evaluation.draws import SHOTS, Draw, draw_any, draw_per_label
from vmbench.evaluation.influence import Contributions, of_auroc
from vmbench.evaluation.kinds.base import Scoring
from vmbench.evaluation.linear_models import Features, OneVsRest
from vmbench.evaluation.metrics import Predictions, mean_auroc, multilabel_metrics
from vmbench.evaluation.neighbours import Setting, knn_mean


class MultilabelScoring(Scoring):
    """Predictions are scores (N, K), greater where a class is likelier."""

    headline = "auroc"
    model = OneVsRest
    reported_draw = f"k{SHOTS[-1]}"

    def value(self, predictions: Predictions, labels: Labels, counted: Mask | None) -> float:
        """Macro AUROC of the ``counted`` classes."""
        assert counted is not None
        return mean_auroc(predictions, labels, counted)

    def contributions(
        self, predictions: Predictions, labels: Labels, counted: Mask | None
    ) -> Contributions:
        """The AUROC plus the example's influence on it."""
        assert counted is not None
        return of_auroc(predictions, labels, counted)

    def metrics(
        self, predictions: Predictions, labels: Labels, classes: int, counted: Mask | None
    ) -> dict[str, float]:
        """Macro and micro AUROC and mean average precision."""
        assert counted is not None
        return multilabel_metrics(predictions, labels, counted)

    def draws(self) -> dict[str, Draw]:
        """1, 5, 10 with and without each class, and 1% of all examples."""
        return {**{f"k{k}": partial(draw_per_label, k) for k in SHOTS}, "1pct": draw_any}

    def neighbours(
        self, bank: Features, labels: Labels, queries: Features, settings: list[Setting]
    ) -> list[Predictions]:
        """The weighted mean of their labels."""
        return knn_mean(bank, labels, queries, settings)
