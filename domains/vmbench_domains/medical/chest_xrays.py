"""What the sets of chest X-rays share: image files with findings, and patients on one side each."""

from abc import abstractmethod
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from vmbench.data.dataset import HeldOut, Split
from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench_domains.image.photos import Photo, Photos
from vmbench_domains.image.samples import write_image

VAL_SEED = 0


class ChestXrays(Photos):
    """Grey images in 0..1, shorter side to 64 pixels and the centre cut out; several findings each.

    At 64 pixels the heart, fluid and air are seen and small nodules hardly; the published encoders
    for speech have this size too.

    Class attributes:
        val_share: of the patients that the publisher trains on, held out for val.
    """

    revision = "1"
    spec = Grid(1, 64, 64)
    val_share: ClassVar[float] = 0.1

    @abstractmethod
    def films(self) -> list[Photo]:
        """Every image that has a side, in the order of the publisher's table; see :meth:`film`."""

    def film(self, path: Path, findings: tuple[int, ...], patient: str, side: Split) -> Photo:
        """One image: where it is, 0 or 1 for each class, whose it is, and its side."""
        (task,) = self.tasks
        return Photo(path, {task.name: findings}, {task.name: side}, group=patient)

    @cached_property
    def _films(self) -> list[Photo]:
        films = self.films()
        self._require_apart(films)
        return films

    def photos(self) -> list[Photo]:
        """:meth:`films`, every patient on one side."""
        return self._films

    def val_patients(self, patients: Iterable[str]) -> HeldOut:
        """The patients of the publisher's train that are val."""
        known = set(patients)
        val = max(1, round(self.val_share * len(known)))
        return HeldOut.draw(known, val=val, test=0, seed=VAL_SEED)

    def _require_apart(self, films: Iterable[Photo]) -> None:
        sides: dict[str | None, Split] = {}
        for film in films:
            (side,) = film.splits.values()
            if sides.setdefault(film.group, side) != side:
                raise UserError(
                    f"dataset '{self.name}': patient {film.group} is in {side} and in "
                    f"{sides[film.group]}; the lists in {self.root} are not the publisher's"
                )


def write_film(path: Path, brightness: int, side: int = 80) -> None:
    """Write a synthetic grey image, for samples; the suffix of ``path`` says the format."""
    noise = np.random.default_rng(brightness).integers(0, 40, (side, side + 10))
    write_image(path, (noise + brightness % 200).astype(np.uint8))
