"""MedMNIST's format: an ``.npz`` with ``{train,val,test}_{images,labels}``.

Images are (N, side, side) grey or (N, side, side, 3) RGB bytes; labels (N, 1) class indices, or
(N, K) of 0 and 1 where several may hold at once.
https://medmnist.com
"""

import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vmbench.config import digest
from vmbench.data.dataset import SPLITS, Example, Source, Split, Task
from vmbench.data.specs import Grid
from vmbench.errors import AbsentError, UserError
from vmbench.storage.contents import contents
from vmbench_domains.medical.npz_file import (
    array_names,
    few,
    image_axes,
    read_array,
    read_header,
    read_own_labels,
)
from vmbench_domains.medical.samples import write_npz
from vmbench_domains.medical.scaling import Range, Scale, scale_of
from vmbench_domains.own.folder import CARD
from vmbench_domains.own.splits import NAMES
from vmbench_domains.rows import stratified_shares
from vmbench_domains.source import FileDataset

Names = dict[Split, tuple[str, str]]  # of the images and of the labels
# MedMNIST's, and those of Keras' datasets: https://keras.io/api/datasets
PATTERNS = (("{}_images", "{}_labels"), ("x_{}", "y_{}"))
UNLABELLED = ("unlabelled_images", "unlabeled_images", "x_unlabelled", "x_unlabeled")
VAL_SHARE = 0.1  # of each class of train, where there is no val
BYTES = Scale(255)


class NpzImages(FileDataset):
    """Images in 0..1 with the publisher's own splits; the size and channels are the file's."""

    value_range = (0.0, 1.0)
    names: Names = {split: (f"{split}_images", f"{split}_labels") for split in SPLITS}
    bare: str | None = None  # the array of images without labels
    spec: Grid | None = None
    order: str = "HWC"

    @property
    def path(self) -> Path:
        """The file."""
        return self.path_of(self.files[0])

    def inspect(self, target: str | None) -> None:
        """Find the file and read the shapes of its images, which must be one."""
        super().inspect(target)
        found = {name: self._axes(name) for name in self.arrays}
        first, *others = found
        spec, self.order = found[first]
        for name in others:
            if found[name] != (spec, self.order):
                raise UserError(
                    f"{self.path}: {first} is of {spec}, {name} of {found[name][0]}: make all alike"
                )
        if self.spec not in (None, spec):
            raise UserError(f"{self.path} holds images of {spec}; '{self.name}' is {self.spec}")
        self.spec = spec

    @property
    def arrays(self) -> list[str]:
        """Every array of images."""
        return [images for images, _ in self.names.values()] + ([self.bare] if self.bare else [])

    def _axes(self, name: str) -> tuple[Grid, str]:
        shape, _ = read_header(self.path, name)
        if shape and shape[0] == 0:
            raise UserError(f"{self.path}: {name} is empty, its shape {shape}")
        axes, order = image_axes(shape, f"{self.path}: {name}")
        return Grid(*axes), order

    def scale(self) -> Scale:
        """What makes the images 0..1; the publisher's are bytes."""
        for images, _ in self.names.values():
            dtype = read_header(self.path, images)[1]
            if dtype != np.uint8:
                raise UserError(f"{self.path}: {images} are {dtype}, the publisher's uint8")
        return BYTES

    def labels(self, split: Split) -> npt.NDArray[np.int64]:
        """Class indices (N,), or (N, K) of 0 and 1 where an image has several labels."""
        labels = read_array(self.path, self.names[split][1]).astype(np.int64)
        return labels if labels.ndim == 2 and labels.shape[1] > 1 else labels.reshape(-1)

    def sides(self, split: Split) -> list[Split]:
        """The side of each image of an array."""
        return [split] * len(self.labels(split))

    def examples(self) -> Iterator[Example]:
        """Yield train, val, test and the unlabelled; one array is in memory at a time."""
        scale = self.scale()
        for split, (name, label_name) in self.names.items():
            (task,) = self.tasks
            images, labels = read_array(self.path, name), self.labels(split)
            if (labels.ndim == 2) != (task.kind == "multilabel"):
                raise UserError(
                    f"{self.path}: {labels.shape[-1] if labels.ndim == 2 else 1} labels for each "
                    f"image; task {task.name} is {task.kind}"
                )
            if len(images) != len(labels):
                raise UserError(f"{self.path}: {len(images)} {name} and {len(labels)} {label_name}")
            rows = zip(images, labels.tolist(), self.sides(split), strict=True)
            for place, (image, label, side) in enumerate(rows):
                y = tuple(label) if isinstance(label, list) else label
                source = Source(f"{self.path.name}/{name}", place)
                x = self._scaled(image, scale)
                yield Example(x, {task.name: y}, {task.name: side}, source=source)
        if self.bare:
            for place, image in enumerate(read_array(self.path, self.bare)):
                source = Source(f"{self.path.name}/{self.bare}", place)
                yield Example(self._scaled(image, scale), {}, {}, source=source)

    def _scaled(self, image: npt.NDArray[Any], scale: Scale) -> npt.NDArray[np.float32]:
        x = image.transpose(2, 0, 1) if self.order == "HWC" else image
        return scale.apply(x if x.ndim == 3 else x[None])

    def write_files(self, root: Path) -> None:
        """Twelve images of the declared shape."""
        spec = self.spec or Grid(3, 12, 10)
        shape = (spec.height, spec.width) if spec.channels == 1 else (*spec.space, spec.channels)
        path, classes, columns = root / self.files[0].replace("*", "sample"), 2, 1
        for task in self.tasks:
            several = task.kind == "multilabel"
            classes, columns = (2, len(task.classes)) if several else (len(task.classes), 1)
        write_npz(path, shape, classes=classes, labels=columns)


class NpzFile(NpzImages):
    """Any file in MedMNIST's format, or with Keras' names; the classes are those in it.

    A file with several columns of labels is a multilabel task. Values are made 0..1 by type and
    range (:func:`~vmbench_domains.medical.scaling.scale_of`), or refused.
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

    def inspect(self, target: str | None) -> None:
        """Read names, shapes and labels; see that there are as many labels as images."""
        self.root, _ = self.locate()
        self.names = self._find_names()
        super().inspect(target)
        self.fingerprint = contents(self.root, [self.path])
        said = "its channels come first" if self.order == "CHW" else ""
        self.remarks.extend([said] if said else [])
        if not self.names:
            self.no_task = f"{self.path.name} holds {self.bare} alone"
            self.revision = digest([self.fingerprint, "unlabelled"])
            return
        found = read_own_labels(self.path, {s: labels for s, (_, labels) in self.names.items()})
        for split, (images, labels) in self.names.items():
            counts = read_header(self.path, images)[0][0], len(found.codes[split])
            if counts[0] != counts[1]:
                raise UserError(
                    f"{self.path}: {images} has {counts[0]} images, {labels} {counts[1]} labels"
                )
        self._codes = found.codes
        drawn = "val" not in self.names
        rule = "the file's train, val and test"
        if drawn:
            rule = "the file's test; 10% of each class of its train held out for val"
        self.tasks = (Task("label", found.classes, rule, kind=found.kind),)
        markers = [*(["drawn"] if drawn else []), *(["unlabelled"] if self.bare else [])]
        self.revision = digest([self.fingerprint, *markers])
        self.remarks.extend([found.remark] if found.remark else [])

    def _find_names(self) -> Names:
        """The arrays of each split, by MedMNIST's names or Keras'; what else there is, is said."""
        there = {name.lower(): name for name in array_names(self.path)}
        bare = [there.pop(name) for name in UNLABELLED if name in there]
        if len(bare) > 1:
            raise UserError(f"{self.path} holds {few(bare)}: keep one")
        self.bare = bare[0] if bare else None
        for pattern, labels in PATTERNS:
            names: Names = {}
            unlabelled: list[str] = []
            for lower, name in there.items():
                found = re.fullmatch(pattern.format("([a-z]+)"), lower)
                if found is None or found[1] not in NAMES:
                    continue
                if labels.format(found[1]) not in there:
                    unlabelled.append(f"{name} without {labels.format(found[1])}")
                    continue
                split = NAMES[found[1]]
                if split in names:
                    raise UserError(f"{self.path} holds {names[split][0]} and {name}: keep one")
                names[split] = name, there[labels.format(found[1])]
            if {"train", "test"} <= names.keys():
                if unlabelled:
                    raise UserError(f"{self.path} holds {few(unlabelled)}")
                used = {name for pair in names.values() for name in pair}
                others = [name for name in there.values() if name not in used]
                self.remarks.extend([f"arrays left alone: {few(others)}"] if others else [])
                return {split: names[split] for split in SPLITS if split in names}
        if self.bare and not any(_has_split(name) for name in there):
            self.remarks.extend([f"arrays left alone: {few([*there.values()])}"] if there else [])
            return {}
        wanted = ", ".join(f"{split}_{what}" for split in SPLITS for what in ("images", "labels"))
        raise UserError(
            f"{self.path} holds {few(list(there.values()))}; wanted are {wanted} (val may be "
            f"absent), or {UNLABELLED[0]}"
        )

    def scale(self) -> Scale:
        """By type and range of all images."""
        arrays = self.arrays
        types = {read_header(self.path, name)[1] for name in arrays}
        if len(types) > 1:
            raise UserError(
                f"{self.path}: its images are of different types ({few(sorted(map(str, types)))}): "
                f"save all alike"
            )
        where = f"{self.path}: its images"
        if types.pop().kind not in "buif":
            scale_of(Range(read_header(self.path, arrays[0])[1], 0, 0, True), where)
        ranges = [Range.of(read_array(self.path, name)) for name in arrays]
        scale = scale_of(reduce(Range.join, ranges), where)
        self.remarks.extend([scale.remark] if scale.remark else [])
        return scale

    def labels(self, split: Split) -> npt.NDArray[np.int64]:
        """As :meth:`inspect` found them."""
        return self._codes[split]

    def sides(self, split: Split) -> list[Split]:
        """The array's own, or train and val drawn from train."""
        if split != "train" or "val" in self.names:
            return super().sides(split)
        codes = [str(label) for label in self._codes[split].tolist()]
        return stratified_shares(codes, val=VAL_SHARE, test=0)

    def locate(self) -> tuple[Path, list[Path]]:
        """The only ``.npz`` of the folder, or the file that ``--data-dir`` names."""
        if self.data_dir is not None and self.data_dir.is_file():
            if self.data_dir.suffix.lower() != ".npz":
                raise AbsentError(f"--data-dir {self.data_dir} is no .npz")
            self._path = self.data_dir
            return self.data_dir.parent, [self.data_dir]
        root, found = super().locate()
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise UserError(f"{root} holds {names}: name one of them with --data-dir")
        (self._path,) = found
        return root, found


def _has_split(name: str) -> bool:
    """Whether an array is called like the images or labels of a split."""
    patterns = [each for pair in PATTERNS for each in pair]
    found = (re.fullmatch(pattern.format("([a-z]+)"), name) for pattern in patterns)
    return any(match is not None and match[1] in NAMES for match in found)
