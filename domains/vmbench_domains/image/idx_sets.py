"""MNIST and Fashion-MNIST as published: four IDX files each."""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from vmbench.dataset import Card, Task
from vmbench.specs import Grid
from vmbench_domains.hub import Hub
from vmbench_domains.image.idx import read_idx
from vmbench_domains.image.labelled import DIGIT_NAMES
from vmbench_domains.image.published import Labels, PublishedImages

PREFIX = {"train": "train", "test": "t10k"}
SPLIT_RULE = (
    "the publisher's 10,000 test images; of its 60,000 train images, 10% of each class held out "
    "for val"
)


class IdxImages(PublishedImages):
    """Grey images of 28x28, zero-padded to 32x32, so that the embedded sets transfer to them."""

    revision = "1"
    spec = Grid(1, 32, 32)
    # Some copies name the files train-images.idx3-ubyte, or are unpacked.
    files = tuple(
        f"{prefix}-{content}?idx{axes}-ubyte*"
        for prefix in PREFIX.values()
        for content, axes in (("images", 3), ("labels", 1))
    )

    def read_labels(self, part: str) -> Mapping[str, Labels]:
        """Labels of the one task."""
        path = next(iter(sorted(self.root.glob(f"{PREFIX[part]}-labels?idx1-ubyte*"))))
        return {self.tasks[0].name: np.array([int(label) for label in read_idx(path)], np.int64)}

    def read_images(self, part: str) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield (1, 28, 28)."""
        path = next(iter(sorted(self.root.glob(f"{PREFIX[part]}-images?idx3-ubyte*"))))
        return (image[None] for image in read_idx(path))


class FashionMnist(IdxImages):
    """70,000 grey pictures of clothes."""

    name = "fashion-mnist"
    places = ("fashion_mnist", "fashion-mnist", "FashionMNIST/raw", "data/fashion", ".")
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
    places = ("mnist", "MNIST/raw", "MNIST", ".")
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
