"""Caltech-UCSD Birds-200-2011: ``images/CLASS/*.jpg`` and tables by the number of the image."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from vmbench.data.dataset import Card, Split, Task
from vmbench_domains.download import Download
from vmbench_domains.image.photos import REFERENCE, Photo, Photos, read_lines, val_from_train
from vmbench_domains.image.samples import write_noise


class Cub200(Photos):
    """11,788 photographs of 200 species of birds, cut to their box.

    Class attributes:
        cropped: whether they are cut.
    """

    name = "cub-200"
    revision = "1"
    cropped: ClassVar[bool] = True
    places = ("CUB_200_2011", "cub-200", ".")
    tables = ("images", "image_class_labels", "train_test_split", "bounding_boxes")
    files = ("images/*/*.jpg", "classes.txt", *(f"{table}.txt" for table in tables))
    downloads = (
        Download(
            "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
            checksum="md5:97eceeb196236b17998738112f37df78",
            unpack=True,
        ),
    )
    split_rule = "the publisher's test; 10% of each species of its train held out for val"
    card = Card(
        licence="for non-commercial research and education",
        citation="Wah, Branson, Welinder, Perona, Belongie 2011, The Caltech-UCSD Birds-200-2011 "
        "dataset, CNS-TR-2011-001",
        homepage="https://www.vision.caltech.edu/datasets/cub_200_2011/",
        notes="Some of the photographs are in ImageNet too. Tamkin et al. 2021 do not cut them to "
        "their box: cub-200-reference.",
    )

    def inspect(self, target: str | None) -> None:
        """The species are the classes."""
        super().inspect(target)
        rows = read_lines(self.root / "classes.txt", 2)
        species = tuple(name.partition(".")[2].replace("_", " ") for _, name in rows)
        self.tasks = (Task("species", species, self.split_rule),)

    def photos(self) -> Iterator[Photo]:
        """In the order of their numbers."""
        names, labels, train, boxes = (
            {number: row for number, *row in read_lines(self.root / f"{table}.txt", width)}
            for table, width in zip(self.tables, (2, 2, 2, 5), strict=True)
        )
        codes = [int(labels[number][0]) - 1 for number in names]
        given: list[Split] = ["train" if train[n][0] == "1" else "test" for n in names]
        sides = val_from_train(given, codes)
        for (number, (name,)), code, side in zip(names.items(), codes, sides, strict=True):
            left, top, width, height = map(float, boxes[number])
            box = (left, top, left + width, top + height) if self.cropped else None
            yield Photo(self.root / "images" / name, {"species": code}, {"species": side}, box)

    def write_files(self, root: Path) -> None:
        """Three train images and one test image of each of two species."""
        species = ("001.Black_footed_Albatross", "002.Laysan_Albatross")
        names = [f"{species[i % 2]}/Bird_{i:04}_{i}.jpg" for i in range(8)]
        rows = {
            "classes": [f"{i} {name}" for i, name in enumerate(species, start=1)],
            "images": [f"{i} {name}" for i, name in enumerate(names, start=1)],
            "image_class_labels": [f"{i} {1 + (i - 1) % 2}" for i in range(1, 9)],
            "train_test_split": [f"{i} {int(i < 7)}" for i in range(1, 9)],
            "bounding_boxes": [f"{i} 2.0 4.0 44.0 34.0" for i in range(1, 9)],
        }
        for table, lines in rows.items():
            (root / f"{table}.txt").write_text("\n".join(lines) + "\n")
        for seed, name in enumerate(names):
            write_noise(root / "images" / name, seed=seed)


class Cub200Reference(Cub200):
    """The same photographs, whole."""

    name = "cub-200-reference"
    revision = "2"
    cropped = False
    card = replace(
        Cub200.card,
        notes=REFERENCE.format(
            "the photographs are not cut to their box",
            "cub-200 cuts them: at 32 pixels most of a "
            "whole one is background, which tells the species too.",
        ),
    )
