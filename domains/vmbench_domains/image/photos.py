"""Photographs in files, whole or a box of each: what every such set shares."""

import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Label, Source, Split
from vmbench.data.listed import ListedDataset, Outline, Reading, in_order
from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench_domains.image.pixels import Box, fit_image
from vmbench_domains.image.reading import ImageReader
from vmbench_domains.rows import stratified_shares
from vmbench_domains.source import FileDataset, Skips

VAL_SHARE = 0.1  # of the publisher's train, where it names no val
# Of the cards of NAME-reference, the tasks of the paper where better ones are NAME.
REFERENCE = (
    "The task as Tamkin et al. 2021 (viewmaker networks) have it, to compare with them: {}. {}"
)
RANDOM_SPLIT = "20% of each {} drawn at random are test, 10% val (a draw of our own)"


def _lies_in(root: Path, path: Path) -> bool:
    """Whether a name leads out of the folder; links that the user made are the user's."""
    return Path(os.path.abspath(path)).is_relative_to(os.path.abspath(root))


@dataclass(frozen=True, slots=True)
class Photo:
    """One file, or a box in it, with label and split per task.

    Attributes:
        path: the file.
        labels: task -> label.
        splits: task -> side.
        box: left, top, right and bottom in pixels, the last two excluded; None for all of it.
        group: what it shares with others that must be on its side: a track, a picture.
    """

    path: Path
    labels: Mapping[str, Label]
    splits: Mapping[str, Split]
    box: Box | None = None
    group: str | None = None


class Photos(FileDataset, ListedDataset):
    """RGB in 0..1: the box cut out, its shorter side to 32 pixels, and the centre of that.

    Boxes are in pixels as the file holds them, so that no EXIF orientation is looked at.

    Files that pillow cannot read, and boxes that lie outside, are skipped and counted.
    """

    spec: Grid = Grid(3, 32, 32)
    value_range = (0.0, 1.0)
    noun: ClassVar[str] = "images"

    @abstractmethod
    def photos(self) -> Iterable[Photo]:
        """Every image, in an order that never changes; no image is opened."""

    @cached_property
    def listed(self) -> list[Photo]:
        """:meth:`photos`; what is wrong with the publisher's lists is a :class:`UserError`."""
        try:
            found = list(self.photos())
        except UserError:
            raise
        except (OSError, LookupError, TypeError, ValueError) as error:
            raise UserError(
                f"dataset '{self.name}': its lists in {self.root} do not fit together or are "
                f"broken ({type(error).__name__}: {error}); fetch them again"
            ) from error
        for photo in found:
            if not _lies_in(self.root, photo.path):
                raise UserError(
                    f"dataset '{self.name}': its lists name {photo.path}, which is not in "
                    f"{self.root}: fetch them again"
                )
        return found

    def outline(self) -> list[Outline]:
        """Every image."""
        return [
            Outline(
                photo.labels,
                photo.splits,
                photo.group,
                Source(str(photo.path.relative_to(self.root))),
            )
            for photo in self.listed
        ]

    def reading(self) -> "PhotoReading":
        """Begin a pass."""
        return PhotoReading(self)

    def content(self, path: Path) -> IO[bytes] | None:
        """The bytes of an image that is no file of its own; None: ``path`` is a file."""
        return None

    def close(self) -> None:
        """After a number of images: put away what :meth:`content` has open."""

    def reader(self) -> ImageReader:
        """What reads the files; :class:`ImageReader` says how."""
        return ImageReader(self.spec)


Grids = list[npt.NDArray[np.float32] | Exception]


class PhotoReading(Reading):
    """Decodes files by all cores, each once for all of its boxes that are next to each other."""

    def __init__(self, photos: Photos) -> None:
        self.photos = photos
        self.skips = self._skips()
        self.reader = photos.reader()

    def _skips(self) -> Skips:
        return Skips(self.photos, len(self.photos.listed), self.photos.noun)

    def read(self, positions: Sequence[int]) -> Iterator[npt.NDArray[np.float32] | None]:
        """Yield images."""
        wanted = (self.photos.listed[position] for position in positions)
        files = ([*of] for _, of in groupby(wanted, lambda photo: photo.path))
        try:
            jobs = ((photos, self.photos.content(photos[0].path)) for photos in files)
            for photos, found, tally in in_order(self._decoded, jobs):
                self.reader.absorb(tally)
                for photo, x in zip(photos, found, strict=True):
                    if isinstance(x, Exception):
                        self.skips.add(photo.path.relative_to(self.photos.root), x)
                    yield None if isinstance(x, Exception) else x
        finally:
            self.photos.close()

    def _decoded(self, job: tuple[list[Photo], IO[bytes] | None]) -> tuple[list[Photo], Grids, Any]:
        """Some boxes of one file, or why there are none; called by several threads."""
        (photos, content), reader = job, self.photos.reader()
        found: Grids = []
        image = None
        for photo in photos:
            try:
                if image is None:
                    whole = all(each.box is None for each in photos)
                    image = reader.read(photo.path, content, reduced=whole)
                found.append(fit_image(image, self.photos.spec, photo.box))
            except UserError:  # pillow is missing, or values that cannot be scaled
                raise
            except (OSError, ValueError, SyntaxError) as error:  # broken PNG chunks are the last
                found.append(error)
        return photos, found, reader.tally()

    def tally(self) -> dict[str, Any]:
        """Which images were skipped, and what was seen."""
        said = {"skipped": self.skips.take(), "seen": self.reader.tally()}
        self.reader = self.photos.reader()
        return said

    def conclude(self, tallies: Iterable[dict[str, Any]]) -> Iterator[str]:
        """What was skipped, and how values were read."""
        skips, reader = self._skips(), self.photos.reader()
        for tally in tallies:
            skips.absorb(tally["skipped"])
            reader.absorb(tally["seen"])
        yield from skips.said()
        yield from reader.close(self.photos.root)


def read_lines(path: Path, columns: int) -> list[list[str]]:
    """The lines of a text file between blanks; the last of ``columns`` may hold blanks itself.

    Raises:
        UserError: a line has fewer columns, or the file is no text.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    rows = [line.split(maxsplit=columns - 1) for line in lines if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) < columns:
            raise UserError(f"{path}, row {number} has {len(row)} of {columns} columns")
    return [[*row[:-1], row[-1].strip()] for row in rows]


def drawn_at_random(photos: Iterable[Photo]) -> Iterator[Photo]:
    """The same images, 20% of each class in test and 10% in val, whatever they share.

    Args:
        photos: of one multiclass task, in an order that never changes.
    """
    listed = list(photos)
    sides = stratified_shares([*(label for p in listed for label in p.labels.values())])
    for photo, side in zip(listed, sides, strict=True):
        yield replace(photo, splits=dict.fromkeys(photo.labels, side))


def val_from_train(sides: Iterable[Split], labels: Iterable[int]) -> list[Split]:
    """Hold out a tenth of each class of train for val, where the publisher names no val.

    Args:
        sides: ``"train"`` or ``"test"`` for each image.
        labels: its class index.
    """
    drawn = list(sides)
    codes = list(labels)
    train = [row for row, side in enumerate(drawn) if side == "train"]
    shares = stratified_shares([codes[row] for row in train], val=VAL_SHARE, test=0)
    for row, side in zip(train, shares, strict=True):
        drawn[row] = side
    return drawn
