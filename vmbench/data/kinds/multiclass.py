"""One of several classes."""

from collections.abc import Iterable, Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from vmbench.data.balance import SPELT_OUT, UNEQUAL, Balance
from vmbench.data.kinds.base import ABSENT, NAMED, TaskKind
from vmbench.data.labels import SPLITS, Label, Labels, Mask, Sides, listed


class Multiclass(TaskKind):
    """A label is the index of the example's class."""

    name = "multiclass"
    fewest_classes = 2
    exclusive = True
    scoring = "vmbench.evaluation.kinds.multiclass:MulticlassScoring"
    loss = "vmbench.objectives.cross_entropy:CrossEntropy"

    def accepts(self, label: object) -> bool:
        """An integer from 0 to below the number of classes."""
        return isinstance(label, Integral) and int(label) in range(len(self.classes))

    @property
    def wanted(self) -> str:
        """The range of the indices."""
        return f"in 0..{len(self.classes) - 1}"

    def feature(self) -> Any:
        """int32."""
        import datasets

        return datasets.Value("int32")

    def encode(self, labels: Sequence[Label | None]) -> Any:
        """The indices."""
        import pyarrow as pa

        return pa.array([ABSENT if y is None else y for y in labels], pa.int32())

    def decode(self, column: Any) -> Labels:
        """(N,) int64."""
        indices: Labels = column.to_numpy(zero_copy_only=False).astype(np.int64)
        return indices

    def present(self, label: Any) -> Iterable[float]:
        """The class itself."""
        return (int(label),)

    def class_counts(self, labels: Labels) -> dict[str, int]:
        """From class indices (N,)."""
        counts = np.bincount(labels.astype(np.int64), minlength=len(self.classes))
        return dict(zip(self.classes, map(int, counts), strict=True))

    def problems(self, labels: Sides) -> Iterator[str]:
        """An empty split; a class that train lacks and others have."""
        yield from super().problems(labels)
        held_out = np.union1d(labels["val"], labels["test"])
        if len(lacking := np.setdiff1d(held_out, labels["train"])):
            names = listed((self.classes[int(label)] for label in lacking), NAMED)
            yield (
                f"train has no example of the class {names}, val or test has; change the split "
                f"or drop the class"
            )

    def floor(self, labels: Sides, counted: Mask | None) -> dict[str, float]:
        """``majority_accuracy``: the accuracy of the class that is most frequent in train.

        >>> sides = {"train": np.array([0, 1, 1]), "test": np.array([0, 0, 0, 1])}
        >>> Multiclass("coin", ("heads", "tails")).floor(sides, None)
        {'majority_accuracy': 0.25}
        """
        most = np.bincount(labels["train"].astype(np.int64)).argmax()
        return {"majority_accuracy": float((labels["test"] == most).mean())}

    def remarks(self, labels: Sides) -> Iterator[str]:
        """The majority and the imbalance ratio of train, with a warning above ``UNEQUAL``."""
        yield from super().remarks(labels)
        balance = Balance.of(self.class_counts(labels["train"]))
        yield f"train: {balance}"
        if balance.unequal:
            yield (
                f"warning: unequal classes (ratio above {UNEQUAL:g}): look at balanced_accuracy, "
                f"and compare accuracy with majority_accuracy"
            )

    def notable(self, labels: Sides) -> Iterator[str]:
        """Classes that are absent from a side, and in train an imbalance above ``UNEQUAL``."""
        yield from super().notable(labels)
        counts = {split: self.class_counts(labels[split]) for split in SPLITS}
        for split in SPLITS:
            if absent := [name for name, count in counts[split].items() if not count]:
                named = listed(absent, SPELT_OUT)
                yield f"warning: {split} has no example of {len(absent)} classes: {named}"
        balance = Balance.of(counts["train"])
        if balance.unequal:
            yield (
                f"warning: unequal classes ({balance.majority} is {balance.share:.1%} of train, "
                f"largest to smallest {balance.ratio:.1f}): read balanced_accuracy"
            )
