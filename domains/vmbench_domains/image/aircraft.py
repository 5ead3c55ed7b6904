"""FGVC-Aircraft, release 2013b: ``data/images/*.jpg`` and text files that name them."""

from collections.abc import Iterator
from pathlib import Path

from vmbench.data.dataset import SPLITS, Card, Task
from vmbench_domains.download import Download
from vmbench_domains.image.photos import Photo, Photos, read_lines
from vmbench_domains.image.samples import write_noise


class Aircraft(Photos):
    """10,000 photographs of 100 variants of aircraft (a Boeing 737-700, say), cut to their box.

    The box also leaves out the banner that names the photographer.
    """

    name = "aircraft"
    revision = "1"
    places = ("fgvc-aircraft-2013b/data", "data", "aircraft", ".")
    files = (
        "images/*.jpg",
        "images_box.txt",
        "variants.txt",
        *(f"images_variant_{split}.txt" for split in SPLITS),
    )
    downloads = (
        Download(
            "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/archives/"
            "fgvc-aircraft-2013b.tar.gz",
            checksum="md5:d4acdd33327262359767eeaa97a4f732",  # as other loaders state it
            unpack=True,
        ),
    )
    split_rule = "the publisher's train, val and test"
    card = Card(
        licence="for non-commercial research; the photographers keep their rights",
        citation="Maji, Kannala, Rahtu, Blaschko, Vedaldi 2013, Fine-grained visual classification "
        "of aircraft, arXiv 1306.5151",
        homepage="https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/",
    )

    def inspect(self, target: str | None) -> None:
        """The variants are the classes."""
        super().inspect(target)
        variants = tuple(line for (line,) in read_lines(self.root / "variants.txt", 1))
        self.tasks = (Task("variant", variants, self.split_rule),)

    def photos(self) -> Iterator[Photo]:
        """The publisher's lists, one after the other."""
        boxes = {name: box for name, *box in read_lines(self.root / "images_box.txt", 5)}
        number = {variant: code for code, variant in enumerate(self.tasks[0].classes)}
        for split in SPLITS:
            for name, variant in read_lines(self.root / f"images_variant_{split}.txt", 2):
                # Pixels are counted from 1, and the last belongs to the box.
                left, top, right, bottom = map(int, boxes[name])
                path, box = self.root / "images" / f"{name}.jpg", (left - 1, top - 1, right, bottom)
                yield Photo(path, {"variant": number[variant]}, {"variant": split}, box)

    def write_files(self, root: Path) -> None:
        """Three images of two variants, one for each side."""
        (root / "variants.txt").write_text("707-320\nBeechcraft 1900\n")
        names = {split: [f"{10 * i + j:07}" for j in (1, 2)] for i, split in enumerate(SPLITS)}
        for split, (one, other) in names.items():
            lines = f"{one} 707-320\n{other} Beechcraft 1900\n"
            (root / f"images_variant_{split}.txt").write_text(lines)
        every = [name for pair in names.values() for name in pair]
        (root / "images_box.txt").write_text("".join(f"{n} 3 5 46 36\n" for n in every))
        for seed, name in enumerate(every):
            write_noise(root / "images" / f"{name}.jpg", seed=seed)
