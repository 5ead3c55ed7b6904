"""Describable Textures: ``images/TEXTURE/*.jpg`` and ``labels/{train,val,test}1.txt``."""

from collections.abc import Iterator
from pathlib import Path

from vmbench.data.dataset import SPLITS, Card, Task
from vmbench_domains.download import Download
from vmbench_domains.image.photos import Photo, Photos, read_lines
from vmbench_domains.image.samples import write_noise

# fmt: off
TEXTURES = (
    "banded", "blotchy", "braided", "bubbly", "bumpy", "chequered", "cobwebbed", "cracked",
    "crosshatched", "crystalline", "dotted", "fibrous", "flecked", "freckled", "frilly", "gauzy",
    "grid", "grooved", "honeycombed", "interlaced", "knitted", "lacelike", "lined", "marbled",
    "matted", "meshed", "paisley", "perforated", "pitted", "pleated", "polka-dotted", "porous",
    "potholed", "scaly", "smeared", "spiralled", "sprinkled", "stained", "stratified", "striped",
    "studded", "swirly", "veined", "waffled", "woven", "wrinkled", "zigzagged",
)
# fmt: on


class Dtd(Photos):
    """5,640 photographs of 47 textures."""

    name = "dtd"
    revision = "2"
    places = ("dtd", "DTD", ".")
    files = ("images/*/*.jpg", *(f"labels/{split}1.txt" for split in SPLITS))
    downloads = (
        Download(
            "https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz",
            checksum="md5:fff73e5086ae6bdbea199a49dfb8a4c1",  # as torchvision states it
            unpack=True,
        ),
    )
    tasks = (Task("texture", TEXTURES, "the first of the publisher's ten splits"),)
    card = Card(
        licence="for research purposes",
        citation="Cimpoi, Maji, Kokkinos, Mohamed, Vedaldi 2014, Describing textures in the wild, "
        "CVPR",
        homepage="https://www.robots.ox.ac.uk/~vgg/data/dtd/",
        notes="One of the ten splits: accuracies do not compare with ten-fold averages.",
    )

    def photos(self) -> Iterator[Photo]:
        """The publisher's lists, one after the other."""
        for split in SPLITS:
            for (name,) in read_lines(self.root / "labels" / f"{split}1.txt", 1):
                label = TEXTURES.index(name.partition("/")[0])
                yield Photo(self.root / "images" / name, {"texture": label}, {"texture": split})

    def write_files(self, root: Path) -> None:
        """One image of each of two textures for each side."""
        (root / "labels").mkdir()
        for number, split in enumerate(SPLITS):
            names = [f"{texture}/{texture}_{number:04}.jpg" for texture in ("banded", "zigzagged")]
            (root / "labels" / f"{split}1.txt").write_text("\n".join(names) + "\n")
            for i, name in enumerate(names):
                write_noise(root / "images" / name, seed=2 * number + i)
