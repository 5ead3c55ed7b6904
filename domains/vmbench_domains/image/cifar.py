"""CIFAR-10 and CIFAR-100 in the publisher's binary version; the pickled one is never opened."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Task
from vmbench.errors import UserError
from vmbench_domains.download import Download
from vmbench_domains.hub import Hub
from vmbench_domains.image.published import Labels, PublishedImages
from vmbench_domains.image.samples import write_records
from vmbench_domains.source import matching

SHAPE = (3, 32, 32)
PIXELS = 3072
SPLIT_RULE = (
    "the publisher's 10,000 test images; of its 50,000 train images, 10% of each class held out "
    "for val"
)
CARD = Card(
    licence="none stated by the publisher, who asks to be cited",
    citation="Krizhevsky 2009, Learning multiple layers of features from tiny images",
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html (the binary version)",
)


class Cifar(PublishedImages):
    """Records of one byte per label and 3,072 of pixels: red, green, blue, each row by row.

    Class attributes:
        parts: ``"train"`` and ``"test"`` -> pattern of their files.
        label_columns: task -> which byte of a record.
    """

    revision = "1"
    card = CARD
    parts: ClassVar[Mapping[str, str]]
    label_columns: ClassVar[Mapping[str, int]]

    def read_labels(self, part: str) -> Mapping[str, Labels]:
        """The label bytes of every file of the part."""
        records = [self._records(path) for path in self._paths(part)]
        return {
            task: np.concatenate([r[:, column] for r in records]).astype(np.int64)
            for task, column in self.label_columns.items()
        }

    def read_images(self, part: str) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield (3, 32, 32)."""
        for path in self._paths(part):
            for record in self._records(path):
                yield record[-PIXELS:].reshape(SHAPE)

    def write_files(self, root: Path) -> None:
        """Every file, with two records for each class."""
        classes = {task.name: len(task.classes) for task in self.tasks}
        sizes = tuple(classes[task] for task in self.label_columns)
        for seed, name in enumerate(self.files):
            write_records(root / name, sizes, seed=seed)

    def _paths(self, part: str) -> list[Path]:
        return matching(self.root, self.parts[part])

    def _records(self, path: Path) -> npt.NDArray[np.uint8]:
        """The file as (N, labels + 3072), left on disk."""
        length = len(self.label_columns) + PIXELS
        if path.stat().st_size == 0 or path.stat().st_size % length:
            raise UserError(
                f"{path} is no whole number of records of {length} bytes: unpack it again"
            )
        return np.memmap(path, np.uint8, "r").reshape(-1, length)


class Cifar10(Cifar):
    """60,000 photographs of 10 kinds of things."""

    name = "cifar-10"
    places = ("cifar-10-batches-bin", "cifar10", "cifar-10", ".")
    files = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")
    downloads = (
        Download(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            checksum="md5:c32a1d4ab5d03f1284b67883e8d87530",
            unpack=True,
        ),
    )
    parts = {"train": "data_batch_*.bin", "test": "test_batch.bin"}
    label_columns = {"object": 0}
    hub = Hub(
        "uoft-cs/cifar10", "0b2714987fa478483af9968de7c934580d0bb9a2", "img", {"object": "label"}
    )
    tasks = (
        Task(
            "object",
            (
                "airplane",
                "automobile",
                "bird",
                "cat",
                "deer",
                "dog",
                "frog",
                "horse",
                "ship",
                "truck",
            ),
            SPLIT_RULE,
        ),
    )


# fmt: off
COARSE = (
    "aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables",
    "household_electrical_devices", "household_furniture", "insects", "large_carnivores",
    "large_man-made_outdoor_things", "large_natural_outdoor_scenes",
    "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates", "people",
    "reptiles", "small_mammals", "trees", "vehicles_1", "vehicles_2",
)
FINE = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle",
    "bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar",
    "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile",
    "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster",
    "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster",
    "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange",
    "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy",
    "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal",
    "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar",
    "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
    "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman",
    "worm",
)
# fmt: on


class Cifar100(Cifar):
    """60,000 photographs of 100 kinds of things in 20 groups."""

    name = "cifar-100"
    places = ("cifar-100-binary", "cifar100", "cifar-100", ".")
    files = ("train.bin", "test.bin")
    downloads = (
        Download(
            "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
            checksum="md5:03b5dce01913d631647c71ecec9e9cb8",
            unpack=True,
        ),
    )
    parts = {"train": "train.bin", "test": "test.bin"}
    label_columns = {"coarse": 0, "fine": 1}
    hub = Hub(
        "uoft-cs/cifar100",
        "aadb3af77e9048adbea6b47c21a81e47dd092ae5",
        "img",
        {"fine": "fine_label", "coarse": "coarse_label"},
    )
    # The first task stratifies val: the fine classes, and with them the coarse ones.
    tasks = (Task("fine", FINE, SPLIT_RULE), Task("coarse", COARSE, SPLIT_RULE))
