"""Tiny sets in the publishers' formats, for tests without a network: the content is noise."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SIZES = {"train": 6, "val": 2, "test": 4}


def write_npz(path: Path, shape: tuple[int, ...], *, classes: int = 2, labels: int = 1) -> None:
    """Write MedMNIST's arrays: 6 train, 2 val and 4 test images of ``shape``.

    Args:
        path: the file.
        shape: of an image: (height, width), (height, width, 3), or of a volume.
        classes: the label of image i of a split is i modulo this.
        labels: columns of the label, all alike.
    """
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for split, count in SIZES.items():
        arrays[f"{split}_images"] = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
        codes = np.arange(count) % classes
        arrays[f"{split}_labels"] = np.column_stack([codes] * labels).astype(np.uint8)
    np.savez_compressed(path, **arrays)


def write_series(path: Path, rows: npt.NDArray[np.floating], separator: str = " ") -> None:
    """Write ``rows`` (N, 1 + T), each a label and then samples, as the UCR archive does."""
    np.savetxt(path, rows, fmt="%.7e", delimiter=separator)


def write_archive(root: Path, name: str, *, classes: int, length: int) -> None:
    """Write ``NAME_TRAIN.txt`` and ``NAME_TEST.txt``: 10 and 2 series of noise for each class."""
    rng = np.random.default_rng(0)
    for part, count in (("TRAIN", 10 * classes), ("TEST", 2 * classes)):
        labels = np.arange(count) % classes + 1
        rows = np.column_stack([labels, rng.standard_normal((count, length))])
        write_series(root / f"{name}_{part}.txt", rows)
