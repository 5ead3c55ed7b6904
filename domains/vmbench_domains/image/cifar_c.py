"""CIFAR-10-C: the test images of CIFAR-10 under 15 corruptions, one ``.npy`` for each."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.config import digest
from vmbench.data.dataset import Card, Example, Task
from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench_domains.download import Download
from vmbench_domains.image.cifar import Cifar10
from vmbench_domains.image.pixels import to_grid
from vmbench_domains.image.samples import noise
from vmbench_domains.source import FileDataset

# The publisher's 15; its four extra ones (blur, saturation, spatter, speckle) are for tuning.
CORRUPTIONS = (
    "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur",
    "zoom_blur", "snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate",
    "jpeg_compression",
)  # fmt: skip
TASKS = {corruption: corruption.replace("_", "-") for corruption in CORRUPTIONS}
SPLIT_RULE = (
    "test: the publisher's 10,000 corrupted test images at each of five severities; train and val: "
    "CIFAR-10's 50,000 clean train images, 10% of each class held out for val"
)


class Cifar10C(FileDataset):
    """CIFAR-10's ten classes, learned from clean images and tested on corrupted ones.

    One task for each corruption, over its five severities; the mean of the tasks' accuracies is the
    mean accuracy under corruption of the literature. The clean test images are task
    ``cifar-10/object``. No corrupted image is ever trained on or used to choose a setting: val is
    clean. Both folders, CIFAR-10's own (binary) and this one, lie under ``--data-dir``.
    """

    name = "cifar-10-c"
    revision = "1"
    spec = Grid(3, 32, 32)
    value_range = (0.0, 1.0)
    places = ("CIFAR-10-C", "cifar-10-c", ".")
    files = ("labels.npy", *(f"{corruption}.npy" for corruption in CORRUPTIONS))
    downloads = (
        Download(
            "https://zenodo.org/records/2535967/files/CIFAR-10-C.tar?download=1",
            checksum="md5:56bf5dcef84df0e2308c6dcbcbbd8499",
            unpack=True,
            only=tuple(f"*/{name}" for name in files),
        ),
        *Cifar10.downloads,
    )
    tasks = tuple(Task(name, Cifar10.tasks[0].classes, SPLIT_RULE) for name in TASKS.values())
    card = Card(
        licence="CC BY 4.0; of CIFAR-10, none stated",
        citation="Hendrycks, Dietterich 2019, Benchmarking neural network robustness to common "
        "corruptions and perturbations, ICLR; Krizhevsky 2009",
        homepage="https://zenodo.org/records/2535967",
        notes="Of 800,000 images the cache takes 10 GB. CIFAR-10 itself is needed too: "
        f"{Cifar10.card.homepage}.",
    )

    def inspect(self, target: str | None) -> None:
        """Find the corrupted images, and CIFAR-10 beside them."""
        super().inspect(target)
        self.clean = Cifar10().bind(self.data_dir)
        self.fingerprint = digest([self.fingerprint, self.clean.fingerprint])

    def examples(self) -> Iterator[Example]:
        """Yield the clean train images, for every task, and then each corruption's for its own."""
        (clean,) = (task.name for task in self.clean.tasks)
        for example in self.clean.examples():
            side = example.splits[clean]
            if side != "test":
                labels = dict.fromkeys(TASKS.values(), example.labels[clean])
                yield Example(example.x, labels, dict.fromkeys(labels, side))
        codes = self._read("labels")
        for corruption, task in TASKS.items():
            images = self._read(corruption)
            if images.shape != (len(codes), 32, 32, 3) or images.dtype != np.uint8:
                raise UserError(
                    f"{self.root / corruption}.npy is {images.dtype} {images.shape} beside "
                    f"{len(codes)} labels: fetch it again"
                )
            for image, label in zip(images, codes, strict=True):
                x = to_grid(image.transpose(2, 0, 1), self.spec)
                yield Example(x, {task: int(label)}, {task: "test"})

    def _read(self, name: str) -> npt.NDArray[np.uint8]:
        """One array, left on disk."""
        path = self.root / f"{name}.npy"
        try:
            array: npt.NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{path} cannot be read: {error}; fetch it again") from error
        return array

    def write_sample(self, folder: Path) -> None:
        """Also CIFAR-10's sample."""
        super().write_sample(folder)
        Cifar10().write_sample(folder)

    def write_files(self, root: Path) -> None:
        """One image of each class for each of two severities, for each corruption."""
        np.save(root / "labels.npy", np.tile(np.arange(10, dtype=np.uint8), 2))
        for seed, corruption in enumerate(CORRUPTIONS):
            np.save(root / f"{corruption}.npy", noise(20, 32, 32, 3, seed=100 + seed))
