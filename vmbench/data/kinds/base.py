"""What every kind of task says of its labels."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from vmbench.data.balance import spelt
from vmbench.data.labels import SPLITS, Label, Labels, Mask, Sides

ABSENT = -1  # stored where an example has no label, no split or no group
NAMED = 5  # classes that a problem names one by one


class TaskKind(ABC):
    """Base of the kinds: the rules for the labels of one task.

    Class attributes:
        name: as in ``Task(kind=...)``.
        fewest_classes: that make sense; 0 where labels are no classes, and a task then has none.
        exclusive: whether an example has exactly one class.
        scoring: ``module:Class`` of its :class:`~vmbench.evaluation.kinds.base.Scoring`.
        loss: ``module:Class`` of its :class:`~vmbench.objectives.labelled.LabelLoss`.

    Args:
        task: name of the task.
        classes: names of its classes.
        split_rule: its sentence.
    """

    name: ClassVar[str]
    fewest_classes: ClassVar[int]
    exclusive: ClassVar[bool] = False
    scoring: ClassVar[str]
    loss: ClassVar[str]

    def __init__(self, task: str, classes: Sequence[str] = (), split_rule: str = "") -> None:
        self.task, self.classes, self.split_rule = task, tuple(classes), split_rule

    @abstractmethod
    def accepts(self, label: object) -> bool:
        """Whether ``label`` is one of the task."""

    @property
    @abstractmethod
    def wanted(self) -> str:
        """What a label must be: "... is not WANTED"."""

    @property
    def summary(self) -> str:
        """What is predicted, e.g. ``10 classes``."""
        return f"{len(self.classes)} classes"

    @abstractmethod
    def feature(self) -> Any:
        """The type of the label's column, as ``datasets.Features`` takes it."""

    @abstractmethod
    def encode(self, labels: Sequence[Label | None]) -> Any:
        """Accepted labels, None where an example has none -> an Arrow array of :meth:`feature`."""

    @abstractmethod
    def decode(self, column: Any) -> Labels:
        """The Arrow array that :meth:`encode` made -> labels (N,) or (N, K), as arrays.

        What stands for no label is :data:`ABSENT` where labels are whole numbers, else NaN.
        """

    @abstractmethod
    def present(self, label: Any) -> Iterable[float]:
        """Positions of the classes that a label says are there; without classes, the label."""

    def class_counts(self, labels: Labels) -> dict[str, int]:
        """Class -> how many of the examples have it; empty where there are no classes."""
        return {}

    def problems(self, labels: Sides) -> Iterator[str]:
        """Why the task cannot be learned or judged, a line each; usually nothing.

        Args:
            labels: of every split, as :meth:`decode` gives them; a split may be empty.
        """
        for split in SPLITS:
            if not len(labels[split]):
                yield f"the {split} split is empty; see its split rule: {self.split_rule}"

    def counted(self, labels: Sides) -> Mask | None:
        """The classes (K,) that averages over classes take in; None without such averages."""
        return None

    @abstractmethod
    def floor(self, labels: Sides, counted: Mask | None) -> dict[str, float]:
        """What a prediction that ignores the input gets on test, by name of the metric.

        Args:
            labels: of train and of test.
            counted: as :meth:`counted` gives it.
        """

    def remarks(self, labels: Sides) -> Iterator[str]:
        """What a user should know of the labels before reading the task's value.

        Counts per split, and what the value is distorted by. ``labels`` are of every split, and
        none is empty.
        """
        yield "; ".join(
            f"{split} {len(labels[split])}{spelt(self.class_counts(labels[split]))}"
            for split in SPLITS
        )

    def notable(self, labels: Sides) -> Iterator[str]:
        """What a run says of the labels: one short line, and what its value is distorted by."""
        sizes = ", ".join(f"{len(labels[split])} {split}" for split in SPLITS)
        yield f"{self.summary}; {sizes}"
