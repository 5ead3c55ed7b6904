"""The arrays of an ``.npz``: names, shapes and labels, with nothing unpickled."""

import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Split
from vmbench.errors import UserError

Array = npt.NDArray[np.generic]
BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error,
          NotImplementedError, TokenError)  # fmt: skip
CHANNELS = (1, 3)
SMALLEST = 8  # pixels on a side; the networks need as much


@dataclass(frozen=True)
class Labels:
    """The labels of all splits, as numbers into ``classes``.

    Attributes:
        kind: multiclass or multilabel.
        classes: their names.
        codes: split -> (N,) class indices, or (N, K) of 0 and 1.
        remark: what was read into them, if that is not plain.
    """

    kind: str
    classes: tuple[str, ...]
    codes: dict[Split, npt.NDArray[np.int64]]
    remark: str = ""


def array_names(path: Path) -> list[str]:
    """The names of the arrays; raises :class:`UserError` if it is no ``.npz``."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except BROKEN as error:
        told = "a single array, a .npy by another name" if _is_npy(path) else str(error)
        raise UserError(
            f"{path} cannot be read as an .npz: {told}; save it with numpy.savez"
        ) from error


def _is_npy(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(6) == np.lib.format.MAGIC_PREFIX
    except OSError:
        return False


def read_array(path: Path, name: str) -> Array:
    """One array of an ``.npz``; nothing is unpickled. Raises :class:`UserError`."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            array: Array = arrays[name]
            return array
    except BROKEN as error:
        raise UserError(
            f"{path}: {name} cannot be read: {error}; save or fetch it again"
        ) from error


def read_header(path: Path, name: str) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and type of one array, from its header alone.

    Raises:
        UserError: it is not there, broken, or holds Python objects.
    """
    formats = np.lib.format
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            version = formats.read_magic(file)
            read = formats.read_array_header_1_0 if version == (1, 0) else None
            shape, _, dtype = (read or formats.read_array_header_2_0)(file)
    except BROKEN as error:
        raise UserError(f"{path}: {name} cannot be read: {error}; is it MedMNIST's?") from error
    if dtype.hasobject:
        raise UserError(
            f"{path}: {name} holds Python objects, which would have to be unpickled: save it as an "
            f"array of numbers or texts (.astype)"
        )
    return shape, dtype


def image_axes(shape: tuple[int, ...], where: str) -> tuple[tuple[int, int, int], str]:
    """Channels, height and width of (N, H, W), (N, H, W, C) or (N, C, H, W), and which it is.

    Raises:
        UserError: volumes, four channels, or a shape that can be read in two ways.
    """
    last, first = shape[-1] in CHANNELS, len(shape) > 1 and shape[1] in CHANNELS
    if len(shape) == 4 and last and first:
        raise UserError(f"{where} has shape {shape}: which axis has the channels? Make it the last")
    if len(shape) == 4 and last:
        axes, order = (shape[3], shape[1], shape[2]), "HWC"
    elif len(shape) == 4 and first:
        axes, order = (shape[1], shape[2], shape[3]), "CHW"
    elif len(shape) == 3:
        axes, order = (1, shape[1], shape[2]), "HW"
    else:
        raise UserError(
            f"{where} has shape {shape}; (N, height, width) or (N, height, width, 1 or 3) are "
            f"read, not volumes nor a fourth channel"
        )
    if min(axes[1:]) < SMALLEST:
        raise UserError(f"{where} has shape {shape}: images are {SMALLEST} pixels wide at least")
    return axes, order


def read_own_labels(path: Path, names: dict[Split, str]) -> Labels:
    """Labels of any plain kind, with the classes that occur in any split.

    Whole numbers (also as floats or bools) and texts, as (N,) or (N, 1), are classes. (N, K) of 0
    and 1 is one-hot where every row has exactly one 1, and else K labels at once.

    Args:
        path: the file.
        names: split -> name of its array of labels.

    Raises:
        UserError: anything else, with the array and the mend.
    """
    arrays = {split: _plain(path, name) for split, name in names.items()}
    columns = {array.shape[1] for array in arrays.values()}
    if len(columns) > 1:
        raise UserError(f"{path}: its labels have {sorted(columns)} columns in different splits")
    if columns == {1}:
        return _classes(path, {split: array[:, 0] for split, array in arrays.items()})
    (count,) = columns
    for split, array in arrays.items():
        if array.dtype.kind in "US" or not np.isin(array, (0, 1)).all():
            raise UserError(
                f"{path}: {names[split]} has {count} columns, and not 0 and 1 alone: one column of "
                f"classes, or one of 0 and 1 for each label"
            )
    codes = {split: array.astype(np.int64) for split, array in arrays.items()}
    kinds = tuple(str(number) for number in range(count))
    if all((array.sum(1) == 1).all() for array in codes.values()):
        indices = {split: array.argmax(1) for split, array in codes.items()}
        remark = f"{count} columns of labels with one 1 in every row: read as {count} classes"
        return Labels("multiclass", kinds, indices, remark)
    return Labels("multilabel", kinds, codes)


def _plain(path: Path, name: str) -> Array:
    """(N, K) of whole numbers, bools or texts."""
    _, dtype = read_header(path, name)
    if dtype.kind not in "buifUS":
        raise UserError(f"{path}: {name} is of type {dtype}: labels are whole numbers or texts")
    array = read_array(path, name)
    if array.ndim == 0:
        raise UserError(f"{path}: {name} is one value, not a label for each image")
    array = array.reshape(len(array), -1 if array.size else 1)
    if array.dtype.kind == "f":
        numbers = array.astype(np.float64)
        odd = ~np.isfinite(numbers) | (numbers != np.floor(numbers))
        if odd.any():
            row = int(np.flatnonzero(odd.any(1))[0])
            raise UserError(
                f"{path}: {name} holds {int(odd.sum())} values that are no whole numbers, e.g. "
                f"{numbers[row][odd[row]][0]:g} at {row}: classes are whole numbers or texts, and "
                f"images without a label belong in unlabelled_images"
            )
        return numbers.astype(np.int64)
    if array.dtype.kind in "bui":
        return array.astype(np.int64)
    texts, places = np.unique(array, return_inverse=True)
    return np.array([_text(text, f"{path}: {name}") for text in texts])[places].reshape(array.shape)


def _classes(path: Path, columns: dict[Split, Array]) -> Labels:
    every = np.concatenate(list(columns.values()))
    found = np.unique(every)
    if len(found) < 2:
        raise UserError(
            f"{path}: {len(found)} classes are in its labels; a task needs two at least"
        )
    if len(found) > len(columns["train"]):
        raise UserError(
            f"{path}: its labels have {len(found)} different values for {len(columns['train'])} "
            f"train images: classes are read, not numbers to predict"
        )
    codes = {split: np.searchsorted(found, column) for split, column in columns.items()}
    return Labels("multiclass", tuple(str(value) for value in found), codes)


def _text(value: object, where: str) -> str:
    """A text without blanks around it, its accents of one character each."""
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise UserError(f"{where} holds {value!r}, which is no UTF-8") from error
    text = unicodedata.normalize("NFC", text.strip())
    if not text or any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise UserError(f"{where} holds {text!a}, which is no name of a class")
    return text


def few(names: Sequence[str]) -> str:
    """The first ten of them.

    >>> few(["a", "b"])
    'a, b'
    """
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "") or "nothing"
