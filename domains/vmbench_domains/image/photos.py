"""Photographs in files, whole or a box of each: what every such set shares."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from vmbench.dataset import Example, Split
from vmbench.specs import Grid
from vmbench_domains.image.pixels import Box, read_image
from vmbench_domains.rows import stratified_shares
from vmbench_domains.source import FileDataset, Skips

VAL_SHARE = 0.1  # of the publisher's train, where it names no val


@dataclass(frozen=True, slots=True)
class Photo:
    """One file, or a box in it, with class index and split per task.

    Attributes:
        path: the file.
        labels: task -> class index.
        splits: task -> side.
        box: left, top, right and bottom in pixels, the last two excluded; None for all of it.
        group: what it shares with others that must be on its side: a track, a picture.
    """

    path: Path
    labels: Mapping[str, int]
    splits: Mapping[str, Split]
    box: Box | None = None
    group: str | None = None


class Photos(FileDataset):
    """RGB in 0..1: the box cut out, its shorter side to 32 pixels, and the centre of that.

    Files that pillow cannot read, and boxes that lie outside, are skipped and counted.
    """

    spec: Grid = Grid(3, 32, 32)
    value_range = (0.0, 1.0)
    noun: ClassVar[str] = "images"

    @abstractmethod
    def photos(self) -> Iterable[Photo]:
        """Every image, in an order that never changes; no image is opened. Called twice."""

    def examples(self, data_dir: Path | None) -> Iterator[Example]:
        """Yield every image that can be read."""
        skips = Skips(self, sum(1 for _ in self.photos()), self.noun)
        for photo in self.photos():
            try:
                x = read_image(photo.path, self.spec, photo.box)
            except (OSError, ValueError, SyntaxError) as error:  # broken PNG chunks are the last
                skips.add(photo.path.relative_to(self.root), error)
                continue
            yield Example(x, photo.labels, photo.splits, photo.group)
        skips.close()


def val_from_train(sides: Iterable[Split], labels: Iterable[int]) -> list[Split]:
    """Hold out a tenth of each class of train for val, where the publisher names no val.

    Args:
        sides: ``"train"`` or ``"test"`` for each image.
        labels: its class index.
    """
    drawn = list(sides)
    train = [(row, label) for row, (side, label) in enumerate(zip(drawn, labels, strict=True))
             if side == "train"]  # fmt: skip
    shares = stratified_shares([label for _, label in train], val=VAL_SHARE, test=0)
    for (row, _), side in zip(train, shares, strict=True):
        drawn[row] = side
    return drawn
