"""What the evaluations ask of a kind of task."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from vmbench.data.labels import Labels, Mask
from vmbench.evaluation.draws import Draw
from vmbench.evaluation.influence import Contributions
from vmbench.evaluation.linear_models import Features, LinearModel
from vmbench.evaluation.metrics import Predictions
from vmbench.evaluation.neighbours import Setting


class Scoring(ABC):
    """Base of the scorings: predictions of one kind of task, and the models that make them.

    Predictions are what the kind's linear model gives; labels are of the same examples; ``counted``
    is :meth:`vmbench.data.kinds.base.TaskKind.counted`.

    Class attributes:
        headline: the metric that a task is chosen by on val and reported by on test.
        model: what reads frozen features.
        reported_draw: suffix of the few-shot draw whose value is reported, a key of :meth:`draws`.
    """

    headline: ClassVar[str]
    model: ClassVar[type[LinearModel]]
    reported_draw: ClassVar[str]

    @abstractmethod
    def value(self, predictions: Predictions, labels: Labels, counted: Mask | None) -> float:
        """The headline metric."""

    @abstractmethod
    def contributions(
        self, predictions: Predictions, labels: Labels, counted: Mask | None
    ) -> Contributions:
        """What each example adds to the headline, (N,) (:mod:`vmbench.evaluation.influence`)."""

    @abstractmethod
    def metrics(
        self, predictions: Predictions, labels: Labels, classes: int, counted: Mask | None
    ) -> dict[str, float]:
        """Every metric by name, the headline among them; of a task of so many classes."""

    @abstractmethod
    def draws(self) -> Mapping[str, Draw]:
        """The few-shot draws by the suffix of the metric that they give."""

    @abstractmethod
    def neighbours(
        self, bank: Features, labels: Labels, queries: Features, settings: list[Setting]
    ) -> list[Predictions]:
        """Predictions of weighted nearest neighbours (:mod:`vmbench.evaluation.neighbours`)."""
