"""Which examples are pretrained on, and which each task trains on and is judged by."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vmbench.data.kinds.base import ABSENT
from vmbench.data.labels import SPLITS, Mask, Split

Indices = npt.NDArray[np.int64]


def limit(indices: Indices, size: int | None) -> Indices:
    """At most ``size`` of the ``indices``, the same ones every time, in their order."""
    if size is None or len(indices) <= size:
        return indices
    return np.sort(np.random.default_rng(0).permutation(indices)[:size])


class Roster:
    """The sides and groups of a dataset's examples, and what follows from them.

    Args:
        sides: task -> the position in ``SPLITS`` of each example's side (N,), or ``ABSENT``.
        groups: code (N,) of each example's group, or ``ABSENT``.
    """

    def __init__(self, sides: Mapping[str, Indices], groups: Indices) -> None:
        self.sides, self.groups = sides, groups

    def split(self, task: str, split: Split) -> Indices:
        """Positions of the examples on one side of a task's split."""
        return np.flatnonzero(self.sides[task] == SPLITS.index(split))

    def training(self, *, unlabelled: bool) -> Indices:
        """Examples that no task holds out: train in every task that uses them, or in no task.

        One that no task uses (it has no label) is left out where any task holds out examples of
        its group: it would show what is to be met for the first time.
        """
        labelled, gained, _ = self.roles
        return np.flatnonzero(labelled | gained if unlabelled else labelled)

    @cached_property
    def roles(self) -> tuple[Mask, Mask, Mask]:
        """Which examples are train, which are without a label, and which of these stay out."""
        codes = np.array([*self.sides.values()], np.int64).reshape(
            len(self.sides), len(self.groups)
        )
        unused = (codes == ABSENT).all(0)
        held_out = ~np.isin(codes, (SPLITS.index("train"), ABSENT)).all(0)
        known = np.isin(self.groups, self.groups[held_out]) & (self.groups != ABSENT)
        return ~held_out & ~unused, unused & ~known, unused & known

    def used(self, tasks: Sequence[str], most: int, *, unlabelled: bool) -> Indices:
        """What a run reads that takes at most ``most`` training examples.

        Args:
            tasks: that it judges: their val and test are read whole.
            most: of the pretraining, and of each task.
            unlabelled: whether those without a label are pretrained on.
        """
        read = [limit(self.training(unlabelled=unlabelled), most)]
        for task in tasks:
            read.append(limit(self.split(task, "train"), most))
            read += [self.split(task, side) for side in SPLITS if side != "train"]
        return np.unique(np.concatenate(read))
