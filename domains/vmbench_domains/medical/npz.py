"""MedMNIST's format: an ``.npz`` with ``{train,val,test}_{images,labels}``.

Images are (N, side, side) grey or (N, side, side, 3) RGB bytes; labels (N, 1) class indices, or
(N, K) of 0 and 1 where several may hold at once.
https://medmnist.com
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.config import digest
from vmbench.contents import contents
from vmbench.dataset import SPLITS, Example, Kind, Split, Task
from vmbench.errors import UserError
from vmbench.specs import Grid
from vmbench_domains.medical.samples import write_npz
from vmbench_domains.own.folder import CARD
from vmbench_domains.source import FileDataset


class NpzImages(FileDataset):
    """Images in 0..1 with the publisher's own splits; the size and channels are the file's."""

    value_range = (0.0, 1.0)

    @property
    def path(self) -> Path:
        """The file."""
        return next(iter(sorted(self.root.glob(self.files[0]))))

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """Find the file and read the shape of its images."""
        super().bind(data_dir, target)
        spec = self.spec_of(self.path)
        declared = getattr(self, "spec", spec)
        if spec != declared:
            raise UserError(f"{self.path} holds images of {spec}; '{self.name}' is {declared}")
        self.spec = spec

    @staticmethod
    def spec_of(path: Path) -> Grid:
        """The shape of the images, from the header of the first array."""
        shape = read_shape(path, "train_images")
        if len(shape) == 3:
            return Grid(1, *shape[1:])
        if len(shape) == 4 and shape[3] == 3:
            return Grid(3, *shape[1:3])
        raise UserError(
            f"{path}: train_images has shape {shape}; (N, height, width) or (N, height, width, 3) "
            f"are read, not volumes"
        )

    def examples(self, data_dir: Path | None) -> Iterator[Example]:
        """Yield train, val and test; the bytes of one of them are in memory at a time."""
        (task,) = self.tasks
        for split in SPLITS:
            images = read_array(self.path, f"{split}_images")
            labels = read_labels(self.path, split)
            if (labels.ndim == 2) != (task.kind == "multilabel"):
                raise UserError(
                    f"{self.path}: {labels.shape[-1] if labels.ndim == 2 else 1} labels for each "
                    f"image; task {task.name} is {task.kind}"
                )
            if len(images) != len(labels):
                raise UserError(
                    f"{self.path}: {len(images)} {split} images and {len(labels)} labels"
                )
            for image, label in zip(images, labels.tolist(), strict=True):
                y = tuple(label) if isinstance(label, list) else label
                x = (image[None] if image.ndim == 2 else image.transpose(2, 0, 1)) / np.float32(255)
                yield Example(x.astype(np.float32), {task.name: y}, {task.name: split})

    def write_files(self, root: Path) -> None:
        """Twelve images of the declared shape."""
        spec: Grid = getattr(self, "spec", Grid(3, 12, 10))
        shape = (spec.height, spec.width) if spec.channels == 1 else (*spec.space, spec.channels)
        path, classes, columns = root / self.files[0].replace("*", "sample"), 2, 1
        for task in getattr(self, "tasks", ()):
            several = task.kind == "multilabel"
            classes, columns = (2, len(task.classes)) if several else (len(task.classes), 1)
        write_npz(path, shape, classes=classes, labels=columns)


def read_array(path: Path, name: str) -> npt.NDArray[np.generic]:
    """One array of an ``.npz``; nothing is unpickled. Raises :class:`UserError`."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            array: npt.NDArray[np.generic] = arrays[name]
            return array
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: {name} cannot be read: {error}") from error


def read_labels(path: Path, split: Split) -> npt.NDArray[np.int64]:
    """Class indices (N,), or (N, K) of 0 and 1 where an image has several labels."""
    labels = read_array(path, f"{split}_labels").astype(np.int64)
    return labels if labels.ndim == 2 and labels.shape[1] > 1 else labels.reshape(-1)


def read_shape(path: Path, name: str) -> tuple[int, ...]:
    """The shape of one array of an ``.npz``, from its header alone."""
    formats = np.lib.format
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            version = formats.read_magic(file)
            read = formats.read_array_header_1_0 if version == (1, 0) else None
            return (read or formats.read_array_header_2_0)(file)[0]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: {name} cannot be read: {error}; is it MedMNIST's?") from error


class NpzFile(NpzImages):
    """Any file in MedMNIST's format; the classes are the numbers in it.

    A file with several columns of labels is a multilabel task.
    """

    name = "npz"
    revision = "1"
    places = (".",)
    files = ("*.npz",)
    card = CARD
    generic = True

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """Read the classes from the labels of train."""
        super().bind(data_dir, target)
        labels = read_labels(self.path, "train")
        kind: Kind = "multilabel" if labels.ndim == 2 else "multiclass"
        count = labels.shape[1] if labels.ndim == 2 else int(labels.max()) + 1
        names = tuple(str(number) for number in range(count))
        self.tasks = (Task("label", names, "the file's train, val and test", kind=kind),)
        self.fingerprint = contents(self.root, [self.path])
        self.revision = digest([self.fingerprint])

    def locate(self, data_dir: Path | None) -> tuple[Path, list[Path]]:
        """The only ``.npz`` of the folder, or the file that ``--data-dir`` names."""
        if data_dir is not None and data_dir.is_file() and data_dir.suffix == ".npz":
            self._path = data_dir
            return data_dir.parent, [data_dir]
        root, found = super().locate(data_dir)
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise UserError(f"{root} holds {names}: name one of them with --data-dir")
        (self._path,) = found
        return root, found
