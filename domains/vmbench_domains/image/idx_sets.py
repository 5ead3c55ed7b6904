"""MNIST and Fashion-MNIST as published: four IDX files each."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Task
from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench_domains.download import Download
from vmbench_domains.hub import Hub
from vmbench_domains.image.idx import read_idx
from vmbench_domains.image.labelled import DIGIT_NAMES
from vmbench_domains.image.published import Labels, PublishedImages
from vmbench_domains.image.samples import write_idx_set
from vmbench_domains.source import matching

SHAPE = (28, 28)
PREFIX = {"train": "train", "test": "t10k"}
SPLIT_RULE = (
    "the publisher's 10,000 test images; of its 60,000 train images, 10% of each class held out "
    "for val"
)


class IdxImages(PublishedImages):
    """Grey images of 28x28, zero-padded to 32x32, so that the embedded sets transfer to them."""

    revision = "1"
    spec = Grid(1, 32, 32)
    first_labels: ClassVar[tuple[int, ...]]  # of train: tells the sets apart
    # Some copies name the files train-images.idx3-ubyte, or are unpacked.
    files = tuple(
        f"{prefix}-{content}?idx{axes}-ubyte*"
        for prefix in PREFIX.values()
        for content, axes in (("images", 3), ("labels", 1))
    )

    def inspect(self, target: str | None) -> None:
        """Find the files; refuse those of the other set, which have the same names."""
        super().inspect(target)
        if self.data_dir is None:
            return
        labels = read_idx(self._path("train", "labels"))
        first = tuple(int(label) for label in islice(labels, len(self.first_labels)))
        for other in (FashionMnist, MnistFull):
            if first == other.first_labels != self.first_labels:
                raise UserError(
                    f"{self.root} holds {other.name}, whose files have the names of {self.name}'s"
                )

    def _path(self, part: str, content: str) -> Path:
        return matching(self.root, f"{PREFIX[part]}-{content}?idx?-ubyte*")[0]

    def read_labels(self, part: str) -> Mapping[str, Labels]:
        """Labels of the one task."""
        path = self._path(part, "labels")
        return {self.tasks[0].name: np.array([int(label) for label in read_idx(path)], np.int64)}

    def read_images(self, part: str) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield (1, 28, 28)."""
        path = self._path(part, "images")
        for image in read_idx(path):
            if image.shape != SHAPE:
                raise UserError(
                    f"{path} holds images of shape {image.shape}, not {SHAPE}: fetch it again"
                )
            yield image[None]

    def write_files(self, root: Path) -> None:
        """Three train images and one test image of each class."""
        write_idx_set(root)


class FashionMnist(IdxImages):
    """70,000 grey pictures of clothes."""

    name = "fashion-mnist"
    first_labels = (9, 0, 0, 3, 0, 2, 7, 2, 5, 5)
    places = ("fashion_mnist", "fashion-mnist", "FashionMNIST/raw", "data/fashion", ".")
    downloads = tuple(
        Download(
            f"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/{name}-ubyte.gz",
            "fashion_mnist",
            f"md5:{md5}",
        )
        for name, md5 in (
            ("train-images-idx3", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            ("train-labels-idx1", "25c81989df183df01b3e8a0aad5dffbe"),
            ("t10k-images-idx3", "bef4ecab320f06d8554ea6380940ec79"),
            ("t10k-labels-idx1", "bb300cfdad3c16e7a12a480ee83cd310"),
        )
    )
    hub = Hub(
        "zalando-datasets/fashion_mnist",
        "531be5e2ccc9dba0c201ad3ae567a4f3d16ecdd2",
        "image",
        {"clothing": "label"},
    )
    tasks = (
        Task(
            "clothing",
            (
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            SPLIT_RULE,
        ),
    )
    card = Card(
        licence="MIT",
        citation="Xiao, Rasul, Vollgraf 2017, Fashion-MNIST: a novel image dataset for "
        "benchmarking machine learning algorithms, arXiv 1708.07747",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
    )


class MnistFull(IdxImages):
    """70,000 handwritten digits; 'mnist' is the embedded subset of 5,000."""

    name = "mnist-full"
    first_labels = (5, 0, 4, 1, 9, 2, 1, 3, 1, 4)
    places = ("mnist", "MNIST/raw", "MNIST", ".")
    downloads = tuple(
        Download(
            f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}-ubyte.gz",
            "mnist",
            f"md5:{md5}",
        )
        for name, md5 in (
            ("train-images-idx3", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            ("train-labels-idx1", "d53e105ee54ea40749a09fcbcd1e9432"),
            ("t10k-images-idx3", "9fb629c4189551a2d022fa330f9573f3"),
            ("t10k-labels-idx1", "ec29112dd5afa0611ce80d1b7f02629c"),
        )
    )
    hub = Hub(
        "ylecun/mnist", "77f3279092a1c1579b2250db8eafed0ad422088c", "image", {"digit": "label"}
    )
    tasks = (Task("digit", DIGIT_NAMES, SPLIT_RULE),)
    card = Card(
        licence="CC BY-SA 3.0",
        citation="LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document "
        "recognition",
        homepage="http://yann.lecun.com/exdb/mnist (mirror: huggingface.co/datasets/ylecun/mnist)",
        notes="The embedded 'mnist' is a part of this train: do not pretrain on one and test on "
        "the other.",
    )


class FashionMnistRGB(FashionMnist):
    """The grey images repeated to three channels, to transfer from and to CIFAR."""

    name = "fashion-mnist-rgb"
    spec = Grid(3, 32, 32)


class MnistFullRGB(MnistFull):
    """The grey images repeated to three channels, to transfer from and to CIFAR."""

    name = "mnist-full-rgb"
    spec = Grid(3, 32, 32)
