"""What the sets of chest X-rays share: image files with findings, and patients on one side each."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from vmbench.dataset import Example, HeldOut, Split
from vmbench.errors import UserError
from vmbench.specs import Grid
from vmbench_domains.image.pixels import read_image
from vmbench_domains.image.samples import write_image
from vmbench_domains.source import FileDataset, Skips

VAL_SEED = 0


@dataclass(frozen=True)
class Film:
    """One image: where it is, its findings (0 or 1 per class), its patient and its side."""

    path: Path
    findings: tuple[int, ...]
    patient: str
    split: Split


class ChestXrays(FileDataset):
    """Grey images in 0..1, shorter side to 64 pixels and the centre cut out; several findings each.

    At 64 pixels the heart, fluid and air are seen and small nodules hardly; the published encoders
    for speech have this size too.

    Class attributes:
        val_share: of the patients that the publisher trains on, held out for val.
    """

    revision = "1"
    spec = Grid(1, 64, 64)
    value_range = (0.0, 1.0)
    val_share: ClassVar[float] = 0.1

    @abstractmethod
    def films(self) -> list[Film]:
        """Every image that has a side, in the order of the publisher's table."""

    def examples(self, data_dir: Path | None) -> Iterator[Example]:
        """Yield every image that can be read."""
        (task,) = self.tasks
        films = self.films()
        self.require_apart(films)
        skips = Skips(self, len(films), "images")
        for film in films:
            try:
                x = read_image(film.path, self.spec)
            except (OSError, ValueError, SyntaxError) as error:  # broken PNG chunks are the last
                skips.add(film.path.relative_to(self.root), error)
                continue
            yield Example(x, {task.name: film.findings}, {task.name: film.split}, film.patient)
        skips.close()

    def val_patients(self, patients: Iterable[str]) -> HeldOut:
        """The patients of the publisher's train that are val."""
        known = set(patients)
        val = max(1, round(self.val_share * len(known)))
        return HeldOut.draw(known, val=val, test=0, seed=VAL_SEED)

    def require_apart(self, films: Sequence[Film]) -> None:
        """Raise :class:`UserError` if a patient is on two sides."""
        sides: dict[str, Split] = {}
        for film in films:
            if sides.setdefault(film.patient, film.split) != film.split:
                raise UserError(
                    f"dataset '{self.name}': patient {film.patient} is in {film.split} and in "
                    f"{sides[film.patient]}; the lists in {self.root} are not the publisher's"
                )


def write_film(path: Path, brightness: int, side: int = 80) -> None:
    """Write a synthetic grey image, for samples; the suffix of ``path`` says the format."""
    noise = np.random.default_rng(brightness).integers(0, 40, (side, side + 10))
    write_image(path, (noise + brightness % 200).astype(np.uint8))
