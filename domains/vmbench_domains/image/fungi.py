"""FGVCx Fungi, 2018: ``{train,val}.json`` in COCO's format, and ``images/``."""

import json
from collections.abc import Iterator
from pathlib import Path

from vmbench.data.dataset import Card, Split, Task
from vmbench_domains.download import Download
from vmbench_domains.image.coco import read_categories, read_entries
from vmbench_domains.image.photos import Photo, Photos, val_from_train
from vmbench_domains.image.samples import write_noise

PARTS: tuple[tuple[str, Split], ...] = (("train", "train"), ("val", "test"))


class Fungi(Photos):
    """89,760 photographs of 1,394 species of fungi."""

    name = "fungi"
    revision = "2"
    places = ("fungi", "fgvcx-fungi", ".")
    files = ("train.json", "val.json", "images/*/*.*")
    downloads = tuple(
        Download(f"https://labs.gbif.org/fgvcx/2018/{name}.tgz", "fungi", f"md5:{md5}", unpack=True)
        for name, md5 in (
            ("fungi_train_val", "df2b2980835668ed1d9a0e286e4bdadd"),
            ("train_val_annotations", "c3c0f1b8a8d0b60619c43d9c89bdbc7e"),
        )
    )
    split_rule = (
        "the publisher's val is test, its test having no public labels; 10% of each species of its "
        "train held out for val"
    )
    card = Card(
        licence="for non-commercial research; the photographers keep their rights",
        citation="Schroeder, Cui 2018, FGVCx Fungi classification challenge; photographs of the "
        "Danish Svampe Atlas",
        homepage="https://github.com/visipedia/fgvcx_fungi_comp",
        notes="Who downloads it agrees to the terms of use on that page.",
    )

    def inspect(self, target: str | None) -> None:
        """The species are the classes."""
        super().inspect(target)
        found = read_categories(self.root / "train.json")
        self.species = {number: code for code, number in enumerate(found)}
        self.tasks = (Task("species", tuple(found.values()), self.split_rule),)

    def photos(self) -> Iterator[Photo]:
        """Train and then test, in the order of the annotations."""
        found: list[tuple[str, int, Split]] = []
        for part, side in PARTS:
            path = self.root / f"{part}.json"
            names = {e["id"]: e["file_name"] for e in read_entries(path, "images")}
            found += [
                (names[e["image_id"]], self.species[e["category_id"]], side)
                for e in read_entries(path, "annotations")
            ]
        sides = val_from_train([side for *_, side in found], [code for _, code, _ in found])
        for (name, code, _), side in zip(found, sides, strict=True):
            yield Photo(self.root / name, {"species": code}, {"species": side})

    def write_files(self, root: Path) -> None:
        """Three images of each of two species, and one of each for test."""
        species = ("Xylaria hypoxylon", "Boletus edulis")
        for part, numbers in (("train", range(6)), ("val", range(6, 8))):
            names = {i: f"images/{i % 2}_{species[i % 2]}/{i}.JPG" for i in numbers}
            content = {
                "images": [{"id": i, "file_name": name} for i, name in names.items()],
                "annotations": [{"id": i, "image_id": i, "category_id": i % 2} for i in numbers],
                "categories": [{"id": i, "name": name} for i, name in enumerate(species)],
            }
            (root / f"{part}.json").write_text(json.dumps(content))
            for seed, name in names.items():
                write_noise(root / name, seed=seed)
