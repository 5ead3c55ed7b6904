"""Tiny sets in the publishers' formats, for tests without a network: the content is noise."""

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.errors import missing_package

Bytes = npt.NDArray[np.uint8]


def noise(*shape: int, seed: int = 0) -> Bytes:
    """Uniform bytes of ``shape``."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write_idx(path: Path, array: Bytes) -> None:
    """Write an IDX file of bytes, gzipped if its name says so."""
    import gzip

    data = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def write_idx_set(root: Path, *, train: int = 3, test: int = 1) -> None:
    """Write the four files of MNIST, with ``train`` and ``test`` images of each of ten classes."""
    for seed, (prefix, count) in enumerate({"train": train, "t10k": test}.items()):
        labels = np.repeat(np.arange(10, dtype=np.uint8), count)
        write_idx(root / f"{prefix}-images-idx3-ubyte.gz", noise(len(labels), 28, 28, seed=seed))
        write_idx(root / f"{prefix}-labels-idx1-ubyte.gz", labels)


def write_records(path: Path, classes: tuple[int, ...], *, seed: int) -> None:
    """Write CIFAR's records, two for each class of the largest label.

    Args:
        path: the file.
        classes: how many classes the label of each leading byte has.
        seed: of the pixels.
    """
    count = 2 * max(classes)
    labels = [np.arange(count, dtype=np.uint8) % size for size in classes]
    np.column_stack([*labels, noise(count, 3072, seed=seed)]).tofile(path)


def write_image(path: Path, pixels: Bytes) -> None:
    """Write an image file in the format that its name says, and the folders above it.

    Args:
        path: the file.
        pixels: (height, width, 3) RGB or (height, width) grey.

    Raises:
        UserError: pillow is not installed.
    """
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise missing_package("pillow", "image", "writing image files") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_noise(path: Path, *, seed: int, height: int = 40, width: int = 50) -> None:
    """Write an image file (:func:`write_image`) of RGB noise."""
    write_image(path, noise(height, width, 3, seed=seed))
