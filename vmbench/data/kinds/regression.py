"""A real number."""

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite, nan
from numbers import Real
from typing import Any

import numpy as np

from vmbench.data.kinds.base import TaskKind
from vmbench.data.labels import SPLITS, Label, Labels, Mask, Sides


class Regression(TaskKind):
    """A label is a finite number, in the unit that results are to be in."""

    name = "regression"
    fewest_classes = 0
    scoring = "vmbench.evaluation.kinds.regression:RegressionScoring"
    loss = "vmbench.objectives.squared_error:SquaredError"

    def accepts(self, label: object) -> bool:
        """Any finite real number."""
        return isinstance(label, Real) and isfinite(label)

    @property
    def wanted(self) -> str:
        """Any number."""
        return "a finite number"

    @property
    def summary(self) -> str:
        """The word itself."""
        return self.name

    def feature(self) -> Any:
        """float64."""
        import datasets

        return datasets.Value("float64")

    def encode(self, labels: Sequence[Label | None]) -> Any:
        """The targets."""
        import pyarrow as pa

        return pa.array([nan if y is None else float(y) for y in labels], pa.float64())  # type: ignore[arg-type]

    def decode(self, column: Any) -> Labels:
        """(N,) float64."""
        targets: Labels = column.to_numpy(zero_copy_only=False).astype(np.float64)
        return targets

    def present(self, label: Any) -> Iterable[float]:
        """The target."""
        return (float(label),)

    def problems(self, labels: Sides) -> Iterator[str]:
        """An empty split; a target that never changes."""
        yield from super().problems(labels)
        for split in SPLITS:
            targets = labels[split]
            if len(targets) and (targets == targets[0]).all():
                yield f"every target in {split} is {targets[0]:g}; nothing can be predicted"

    def floor(self, labels: Sides, counted: Mask | None) -> dict[str, float]:
        """``median_mae``: the mean absolute error of the median of train."""
        return {"median_mae": float(np.abs(labels["test"] - np.median(labels["train"])).mean())}

    def remarks(self, labels: Sides) -> Iterator[str]:
        """Range and mean of the targets per split."""
        yield "; ".join(
            f"{split} {len(labels[split])}: {labels[split].min():g} to {labels[split].max():g}, "
            f"mean {labels[split].mean():g}"
            for split in SPLITS
        )
