"""A table out of a pickle that pandas wrote (0.17 to 2); nothing in it is carried out.

A pickle is a program that may call anything. Here every name that it asks for is looked up among
the few that such a table needs, and stands for a class that only keeps what it is given: no code
of pandas, numpy or anybody else is called. Any other name is an error before anything is built.
https://docs.python.org/3/library/pickle.html#restricting-globals
"""

import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError

Array = npt.NDArray[Any]
BROKEN = (EOFError, ValueError, LookupError, TypeError, AttributeError, MemoryError, OverflowError)
# Booleans, whole numbers, floats and texts, as numpy writes their types.
PLAIN = re.compile(r"[biuf][1248]|[SU][0-9]+")


class Kept:
    """An object of the pickle: what it was made from, and the state that it was given."""

    __slots__ = ("args", "state")  # a table has millions of these
    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> "Kept":
        """Keep ``args``."""
        kept = object.__new__(cls)
        kept.args, kept.state = args, None
        return kept

    def __setstate__(self, state: Any) -> None:
        """Keep ``state``."""
        self.state = state


ARRAYS = ("numpy.core.multiarray", "numpy._core.multiarray")
INDEXES = ("pandas.core.index", "pandas.indexes.base", "pandas.indexes.range",
           "pandas.indexes.numeric", "pandas.core.indexes.base", "pandas.core.indexes.range",
           "pandas.core.indexes.numeric")  # fmt: skip
NAMES: dict[tuple[str, str], Any] = {
    **{(module, "_reconstruct"): Kept for module in ARRAYS},
    **{(module, "_frombuffer"): Kept for module in ("numpy.core.numeric", "numpy._core.numeric")},
    **{
        (module, name): Kept
        for module in INDEXES
        for name in ("_new_Index", "Index", "RangeIndex", "Int64Index")
    },
    ("numpy", "ndarray"): Kept,
    ("numpy", "dtype"): Kept,
    ("pandas.core.frame", "DataFrame"): Kept,
    **{("pandas", name): Kept for name in ("DataFrame", "Index", "RangeIndex")},
    ("pandas.core.internals", "BlockManager"): Kept,
    ("pandas.core.internals.managers", "BlockManager"): Kept,
    ("pandas.core.internals.blocks", "new_block"): Kept,
    ("pandas._libs.internals", "_unpickle_block"): Kept,
    # Python 2 and 3 have two names for these; the last two are how 3 writes bytes for 2.
    **{(module, "_reconstructor"): Kept for module in ("copy_reg", "copyreg")},
    **{
        (module, name): Kept
        for module in ("__builtin__", "builtins")
        for name in ("object", "slice", "bytes")
    },
    ("_codecs", "encode"): Kept,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name; raises ``UnpicklingError`` for all but a table's."""
        try:
            return NAMES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which no table needs, so it is not opened"
            ) from None


def read_frame(path: Path) -> dict[str, Array]:
    """The columns of the table, (N,) each; cells of mixed kinds are objects (:func:`plain`).

    Raises:
        UserError: it is no such pickle, is cut short, or asks for anything else.
    """
    try:
        with path.open("rb") as file:
            return _columns(_load(file))
    except (OSError, pickle.UnpicklingError, *BROKEN) as error:
        raise UserError(
            f"{path} cannot be read: {error}; it should be the publisher's own file, as a pandas "
            f"before version 3 wrote it"
        ) from error


def _load(file: IO[bytes]) -> Any:
    return _Reader(file, encoding="latin-1").load()


def _columns(frame: Any) -> dict[str, Array]:
    manager = frame.state["_mgr" if "_mgr" in frame.state else "_data"]
    columns = {}
    for index, block in _blocks_of_state(manager.state) if manager.state else _blocks(manager.args):
        for name, values in zip(index, plain(block), strict=True):
            columns[str(name)] = values
    return columns


def _blocks_of_state(state: Any) -> Iterator[tuple[Array, Any]]:
    """Column names and values of every block of a BlockManager, up to pandas 1.2.

    Its state is the axes, the blocks' values and their column names; a fourth entry repeats them
    for versions from 0.14.1 on.
    """
    _, blocks, names, *_ = state
    for block, index in zip(blocks, names, strict=True):
        yield _names(index), block


def _blocks(args: Any) -> Iterator[tuple[Array, Any]]:
    """The same since: it is made from blocks, of values and their places, and from axes."""
    blocks, axes, *_ = args
    names = _names(axes[0])
    for block in blocks:
        values, places, *_ = block.args
        where = plain(places)
        yield names[slice(*where.args) if isinstance(where, Kept) else where], values


def _names(index: Any) -> Array:
    _, parts = index.args
    names: Array = plain(parts["data"])
    return names


def plain(value: Any) -> Any:
    """A kept array as numpy's; anything else as it is.

    Raises:
        ValueError: its type is none of :data:`PLAIN` nor object, or bytes are missing.
    """
    if not isinstance(value, Kept):
        return value
    if isinstance(value.state, tuple) and len(value.state) == 5:
        _, shape, dtype, fortran, content = value.state
        order = "F" if fortran else "C"
    elif len(value.args) == 4:  # protocol 5: of a buffer
        content, dtype, shape, order = value.args
    else:
        return value
    code = str(dtype.args[0])
    if code.startswith("O"):
        array = np.fromiter(content, object, len(content))  # lists among them stay lists
    elif PLAIN.fullmatch(code):
        ends = ">" if dtype.state and dtype.state[1] == ">" else "<"
        array = np.frombuffer(_bytes(content), np.dtype(f"{ends}{code}"))
    else:
        raise ValueError(f"its arrays have the type {code!r}")
    return array.reshape(shape, order="F" if order == "F" else "C")


def _bytes(content: Any) -> bytes:
    """Of Python 3, or as the text in Latin-1 that Python 2's and its encoding are read as."""
    text = next(iter(content.args), b"") if isinstance(content, Kept) else content
    return text.encode("latin-1") if isinstance(text, str) else bytes(text)
