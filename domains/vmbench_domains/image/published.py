"""What the image sets share that come in the publisher's files, or else from the hub."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Dataset, Example, Split
from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench_domains.hub import Hub
from vmbench_domains.image.pixels import to_grid
from vmbench_domains.rows import stratified_shares
from vmbench_domains.source import FileDataset

VAL_SHARE = 0.1  # of the publisher's train, which has no val of its own
PARTS = ("train", "test")

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


class PublishedImages(FileDataset):
    """Images of 32x32 in 0..1, with the publisher's test and a val drawn from its train.

    Without ``--data-dir`` they come from :attr:`hub`.
    """

    spec = Grid(3, 32, 32)
    value_range = (0.0, 1.0)
    hub: ClassVar[Hub]

    def inspect(self, target: str | None) -> None:
        """Find the files; without a folder the hub's revision stands for them."""
        if self.data_dir is not None:
            super().inspect(target)
        else:
            Dataset.inspect(self, target)
            self.fingerprint = f"{self.hub.repository}@{self.hub.revision}"

    @abstractmethod
    def read_labels(self, part: str) -> Mapping[str, Labels]:
        """Per task the class indices (N,) of ``"train"`` or ``"test"``; they fit in memory."""

    @abstractmethod
    def read_images(self, part: str) -> Iterator[Pixels]:
        """Yield the images (channels, height, width) of ``"train"`` or ``"test"`` one by one."""

    def examples(self) -> Iterator[Example]:
        """Yield the publisher's train and then its test."""
        for part in PARTS:
            labels, images = self._part(part)
            first = labels[self.tasks[0].name]
            sides: list[Split] = ["test"] * len(first)
            if part == "train":
                sides = stratified_shares(first.tolist(), val=VAL_SHARE, test=0)
            count = 0
            for image in images:
                row = {task: int(codes[count]) for task, codes in labels.items()}
                yield Example(to_grid(image, self.spec), row, dict.fromkeys(row, sides[count]))
                count += 1
            if count != len(first):
                raise UserError(
                    f"dataset '{self.name}': {part} has {count} images and {len(first)} labels; "
                    f"a file in {self.data_dir} is cut short"
                )

    def _part(self, part: str) -> tuple[Mapping[str, Labels], Iterator[Pixels]]:
        if self.data_dir is not None:
            return self.read_labels(part), self.read_images(part)
        instead = f"get it from {self.card.homepage} and use --data-dir DIR, so that "
        table = self.hub.load(part, instead + self.wanted())
        labels = {
            task: np.array(table[column], np.int64) for task, column in self.hub.labels.items()
        }
        return labels, (_channels_first(row[self.hub.example]) for row in table)


def _channels_first(image: Any) -> Pixels:
    """A PIL image as (channels, height, width)."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
