"""Oxford 102 Flowers: ``jpg/image_*.jpg``, ``imagelabels.mat`` and ``setid.mat``."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Split, Task
from vmbench.errors import UserError
from vmbench_domains.download import Download
from vmbench_domains.image.photos import (
    RANDOM_SPLIT,
    REFERENCE,
    Photo,
    Photos,
    drawn_at_random,
)
from vmbench_domains.image.samples import write_noise

HOME = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
SETS: dict[str, Split] = {"trnid": "train", "valid": "val", "tstid": "test"}


class VggFlower(Photos):
    """8,189 photographs of 102 kinds of flowers."""

    name = "vgg-flower"
    revision = "2"
    places = ("flowers-102", "vgg-flower", "102flowers", ".")
    files = ("jpg/image_*.jpg", "imagelabels.mat", "setid.mat")
    downloads = tuple(
        Download(f"{HOME}{name}", "flowers-102", f"md5:{md5}", unpack=name.endswith(".tgz"))
        for name, md5 in (  # as torchvision states them
            ("102flowers.tgz", "52808999861908f626f3c1f4e79d11fa"),
            ("imagelabels.mat", "e0620be6f572b9609742df49c70aed4d"),
            ("setid.mat", "a5357ecc9cb78c4bef273ce3793fc85c"),
        )
    )
    tasks = (
        Task(
            "flower",
            tuple(f"flower {number}" for number in range(1, 103)),
            "the publisher's train (10 images of each flower), val (10) and test",
        ),
    )
    card = Card(
        licence="none stated by the publisher, who asks to be cited",
        citation="Nilsback, Zisserman 2008, Automated flower classification over a large number of "
        "classes, ICVGIP",
        homepage=HOME,
        notes="The publisher's files number the flowers and name none. Tamkin et al. 2021 split "
        "them at random: vgg-flower-reference.",
    )

    def photos(self) -> Iterator[Photo]:
        """Train, val and test, each by number."""
        labels = self._read("imagelabels.mat", "labels")
        for name, side in SETS.items():
            for image in np.sort(self._read("setid.mat", name)).tolist():
                label = int(labels[image - 1]) - 1
                path = self.root / "jpg" / f"image_{image:05}.jpg"
                yield Photo(path, {"flower": label}, {"flower": side})

    def _read(self, name: str, variable: str) -> npt.NDArray[np.int64]:
        """A row of whole numbers, (N,)."""
        from scipy.io.matlab import MatReadError, loadmat

        try:
            row = loadmat(self.root / name)[variable]
        except (MatReadError, NotImplementedError, OSError, ValueError, LookupError) as error:
            raise UserError(
                f"{self.root / name} cannot be read: {error}; fetch it again"
            ) from error
        return np.asarray(row, np.int64).ravel()

    def write_files(self, root: Path) -> None:
        """One image of each of two flowers for each side."""
        from scipy.io import savemat

        savemat(root / "imagelabels.mat", {"labels": np.array([[1, 102, 1, 102, 1, 102]], "u1")})
        rows = {"trnid": [[6, 5]], "valid": [[3, 4]], "tstid": [[1, 2]]}
        savemat(root / "setid.mat", {name: np.array(row, "u2") for name, row in rows.items()})
        for number in range(1, 7):
            write_noise(root / "jpg" / f"image_{number:05}.jpg", seed=number)


class VggFlowerReference(VggFlower):
    """The same photographs, split at random."""

    name = "vgg-flower-reference"
    tasks = (replace(VggFlower.tasks[0], split_rule=RANDOM_SPLIT.format("flower")),)
    card = replace(
        VggFlower.card,
        notes=REFERENCE.format(
            "split at random",
            "vgg-flower has the publisher's split, with a seventh of it in train.",
        ),
    )

    def photos(self) -> Iterator[Photo]:
        """All photographs, drawn anew."""
        return drawn_at_random(super().photos())
