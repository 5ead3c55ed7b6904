"""Several classes at once, each there or not."""

from collections.abc import Iterable, Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from vmbench.data.balance import left_out
from vmbench.data.kinds.base import ABSENT, TaskKind
from vmbench.data.labels import NONE_JUDGED, Label, Labels, Mask, Sides, judged


class Multilabel(TaskKind):
    """A label is a tuple of 0 or 1 per class."""

    name = "multilabel"
    fewest_classes = 1
    scoring = "vmbench.evaluation.kinds.multilabel:MultilabelScoring"
    loss = "vmbench.objectives.binary_cross_entropy:BinaryCrossEntropy"

    def accepts(self, label: object) -> bool:
        """A sequence of as many 0 and 1 as there are classes."""
        return (
            isinstance(label, Sequence)
            and len(label) == len(self.classes)
            and all(isinstance(each, Integral) and each in (0, 1) for each in label)
        )

    @property
    def wanted(self) -> str:
        """The length of the tuple."""
        return f"a tuple of {len(self.classes)} numbers, 0 or 1"

    @property
    def summary(self) -> str:
        """How many labels."""
        return f"{len(self.classes)} labels"

    def feature(self) -> Any:
        """A list of int8."""
        import datasets

        return datasets.List(datasets.Value("int8"), length=len(self.classes))

    def encode(self, labels: Sequence[Label | None]) -> Any:
        """Rows of 0 and 1, of fixed length."""
        import pyarrow as pa

        size = len(self.classes)
        absent = (ABSENT,) * size
        rows = np.array([absent if y is None else y for y in labels], np.int8)
        return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), size)

    def decode(self, column: Any) -> Labels:
        """(N, K) int64."""
        flat = column.flatten().to_numpy(zero_copy_only=False)
        rows: Labels = flat.astype(np.int64).reshape(-1, len(self.classes))
        return rows

    def present(self, label: Any) -> Iterable[float]:
        """The classes at 1."""
        return tuple(position for position, there in enumerate(label) if there)

    def class_counts(self, labels: Labels) -> dict[str, int]:
        """From 0 and 1, (N, K)."""
        return dict(zip(self.classes, map(int, labels.sum(0)), strict=True))

    def problems(self, labels: Sides) -> Iterator[str]:
        """An empty split; no class that is there and not there on both sides."""
        empty = list(super().problems(labels))
        yield from empty
        if not empty and not judged(labels).any():
            yield NONE_JUDGED

    def counted(self, labels: Sides) -> Mask:
        """Those that train and test have and lack (:func:`~vmbench.data.labels.judged`)."""
        return judged(labels)

    def floor(self, labels: Sides, counted: Mask | None) -> dict[str, float]:
        """``prevalence``: mean share of the ``counted`` classes, a guess's average precision.

        (The AUROC of a guess is 0.5.)
        """
        return {"prevalence": float(labels["test"][:, counted].mean())}

    def remarks(self, labels: Sides) -> Iterator[str]:
        """Also which classes the averages leave out, and why."""
        yield from super().remarks(labels)
        yield from left_out(self.classes, labels)

    def notable(self, labels: Sides) -> Iterator[str]:
        """Also which classes the averages leave out, and why."""
        yield from super().notable(labels)
        yield from left_out(self.classes, labels)
