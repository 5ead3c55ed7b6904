"""What every dataset of single labelled images shares."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Dataset, Example
from vmbench.data.specs import Grid
from vmbench_domains.rows import stratified_split

DIGIT_NAMES = tuple("0123456789")
SPLIT_SEED = 0


class LabelledImages(Dataset):
    """Grey images of 32x32 in 0..1 with one label, split by stratified rows.

    Class attributes:
        held_out: how many rows are held out for ``(val, test)``.
    """

    spec = Grid(1, 32, 32)
    value_range = (0.0, 1.0)
    held_out: ClassVar[tuple[int, int]]

    @abstractmethod
    def images(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """All images (N, 1, 32, 32) in 0..1, and their labels (N,)."""

    def examples(self) -> Iterator[Example]:
        """Yield every image, in the order of the package."""
        images, labels = self.images()
        val, test = self.held_out
        sides = stratified_split(labels, val=val, test=test, seed=SPLIT_SEED)
        (task,) = self.tasks
        for image, label, side in zip(images, labels, sides, strict=True):
            yield Example(image, {task.name: int(label)}, {task.name: side})
