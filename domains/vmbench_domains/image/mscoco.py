"""MSCOCO 2017: ``annotations/instances_{train,val}2017.json`` and the two folders of images."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, HeldOut, Split, Task
from vmbench_domains.download import Download
from vmbench_domains.image.coco import read_categories, read_entries
from vmbench_domains.image.photos import REFERENCE, VAL_SHARE, Photo, Photos
from vmbench_domains.image.pixels import Box
from vmbench_domains.image.samples import write_noise

ARCHIVES = "http://images.cocodataset.org"
PARTS = ("train2017", "val2017")
SIDES = ("left", "top", "width", "height")
BOX = np.dtype(
    [("image", np.int64), ("category", np.int64), *((side, np.float32) for side in SIDES)]
)


class Mscoco(Photos):
    """Objects of 80 kinds, each cut out of its photograph by its annotated box.

    Boxes of a shorter side under 32 pixels, and those of crowds, are left out.

    Class attributes:
        shortest: pixels of a box's shorter side; smaller ones are left out.
        crowds: whether a box around many objects counts.
    """

    name = "mscoco"
    revision = "1"
    noun = "boxes"
    shortest: ClassVar[float] = 32  # smaller ones would be enlarged
    crowds: ClassVar[bool] = False
    places = ("coco", "COCO", "mscoco", ".")
    files = tuple(f for p in PARTS for f in (f"annotations/instances_{p}.json", f"{p}/*.jpg"))
    downloads = (
        *(Download(f"{ARCHIVES}/zips/{part}.zip", "coco", unpack=True) for part in PARTS),
        Download(
            f"{ARCHIVES}/annotations/annotations_trainval2017.zip",
            "coco",
            unpack=True,
            only=("annotations/instances_*.json",),
        ),
    )
    split_rule = (
        "the publisher's val is test, its test having no public labels; 10% of the photographs of "
        "its train held out for val, so that all boxes of one are on one side"
    )
    card = Card(
        licence="CC BY 4.0 for the annotations; each photograph has its own, on Flickr",
        citation="Lin et al. 2014, Microsoft COCO: common objects in context, ECCV",
        homepage="https://cocodataset.org/#download",
        notes="As in Meta-Dataset (Triantafillou et al. 2020), boxes are examples. Tamkin et al. "
        "2021 enlarge them by a fifth and leave out none: mscoco-reference.",
    )

    def inspect(self, target: str | None) -> None:
        """The categories are the classes."""
        super().inspect(target)
        found = read_categories(self._json("val2017"))
        self.categories = {number: code for code, number in enumerate(found)}
        self.tasks = (Task("object", tuple(found.values()), self.split_rule),)

    def _json(self, part: str) -> Path:
        return self.root / "annotations" / f"instances_{part}.json"

    @cached_property
    def boxes(self) -> dict[str, npt.NDArray[np.void]]:
        """Part -> image, category and box, 32 bytes each, in the order of images."""
        made = {}
        for part in PARTS:
            rows = (
                (entry["image_id"], self.categories[entry["category_id"]], *entry["bbox"])
                for entry in read_entries(self._json(part), "annotations")
                if (self.crowds or not entry["iscrowd"]) and min(entry["bbox"][2:]) >= self.shortest
            )
            found = np.fromiter(rows, BOX)
            made[part] = found[np.argsort(found["image"], kind="stable")]
        return made

    def photos(self) -> Iterator[Photo]:
        """Train and then test, photograph by photograph."""
        for part in PARTS:
            images = np.unique(self.boxes[part]["image"]).tolist()
            count = max(1, round(VAL_SHARE * len(images))) if part == "train2017" else 0
            held_out = HeldOut.draw(images, val=count, test=0, seed=0)
            for image, category, left, top, width, height in map(np.void.item, self.boxes[part]):
                side: Split = held_out.split(image) if count else "test"
                path = self.root / part / f"{image:012}.jpg"
                box = self.cut(left, top, width, height)
                yield Photo(path, {"object": category}, {"object": side}, box, str(image))

    def cut(self, left: float, top: float, width: float, height: float) -> Box:
        """What is cut out for an annotated box."""
        return left, top, left + width, top + height

    def write_files(self, root: Path) -> None:
        """Six photographs and two of test, each with two objects, a small one and a crowd."""
        (root / "annotations").mkdir()
        categories = [{"id": 1, "name": "person"}, {"id": 90, "name": "toothbrush"}]
        places = [(1, [2.5, 3, 60, 50], 0), (90, [40, 20, 50, 40.2], 0), (1, [1, 1, 9, 60], 0),
                  (1, [0, 0, 80, 70], 1)]  # fmt: skip
        for part, numbers in zip(PARTS, (range(1, 7), range(7, 9)), strict=True):
            entries = [
                {"id": 10 * image + i, "image_id": image, "category_id": category, "bbox": box,
                 "iscrowd": crowd, "segmentation": [[1.5, 2, 3, 4, 5, 6]]}
                for i, (category, box, crowd) in enumerate(places)
                for image in numbers
            ]  # fmt: skip
            images = [{"id": image, "file_name": f"{image:012}.jpg"} for image in numbers]
            content = {"info": {"description": "a sample"}, "licenses": [], "images": images,
                       "annotations": entries, "categories": categories}  # fmt: skip
            path = root / "annotations" / f"instances_{part}.json"
            path.write_text(json.dumps(content))
            for image in numbers:
                write_noise(root / part / f"{image:012}.jpg", seed=image, height=80, width=100)


class MscocoReference(Mscoco):
    """The same, every box enlarged by a fifth around its centre; small ones and crowds count."""

    name = "mscoco-reference"
    shortest = 0
    crowds = True
    scale: ClassVar[float] = 1.2
    card = replace(
        Mscoco.card,
        notes=REFERENCE.format(
            "every annotated box, times 1.2 around its centre",
            "mscoco leaves out boxes under 32 "
            "pixels, which are enlarged here, down to one pixel, and crowds.",
        ),
    )

    def cut(self, left: float, top: float, width: float, height: float) -> Box:
        """In whole pixels as the authors count them: the last pixel that is touched belongs."""
        left, top = (
            side - (self.scale - 1) / 2 * length for side, length in ((left, width), (top, height))
        )
        right, bottom = left + self.scale * width, top + self.scale * height
        return round(left - 0.5), round(top - 0.5), round(right - 0.5) + 1, round(bottom - 0.5) + 1
