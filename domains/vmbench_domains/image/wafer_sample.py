"""A tiny ``LSWMD.pkl``: a pandas frame as Python 2.7 and pandas 0.19 pickled one.

No such pandas can be installed any more, so the pickle is put together from its opcodes
(``pickletools`` of the standard library explains each).
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

PATTERNS = ("none", "Center")
COLUMNS = ("waferMap", "lotName", "trianTestLabel", "failureType")
PROTOCOL_2, STOP = b"\x80\x02", b"."


def write_wafers(path: Path) -> None:
    """Write 24 wafers of 6 lots: four of training, one of test, one without labels."""
    rng = np.random.default_rng(0)
    rows: list[tuple[bytes, ...]] = []
    for wafer in range(24):
        lot = wafer // 4
        grid = rng.integers(0, 3, (9 + lot, 11), dtype=np.uint8)
        part, pattern = "Test" if lot == 4 else "Training", PATTERNS[wafer % 2]
        labels = (_text(part), _text(pattern)) if lot < 5 else (_array(np.empty((0, 0))),) * 2
        rows.append((_array(grid), _string(f"lot{lot + 1}".encode()), *labels))
    cells = [cell for column in zip(*rows, strict=True) for cell in column]
    values = _reconstructed("O8", (len(COLUMNS), len(rows)), _list(cells))
    names = _reconstructed("O8", (len(COLUMNS),), _list([_string(c.encode()) for c in COLUMNS]))
    made = _global("pandas.indexes.base", "_new_Index")
    items = _call(made, _global("pandas.indexes.base", "Index"), _dict(data=names, name=b"N"))
    counted = _dict(start=_whole(0), stop=_whole(len(rows)), step=_whole(1), name=b"N")
    axis = _call(made, _global("pandas.indexes.range", "RangeIndex"), counted)
    axes, columns = _list([items, axis]), (_whole(0), _whole(len(COLUMNS)), _whole(1))
    places = _list([_dict(mgr_locs=_call(_global("__builtin__", "slice"), *columns))])
    again = _dict(**{"0.14.1": _dict(axes=axes, blocks=places)})
    blocks = _tuple(axes, _list([values]), _list([items]), again)
    frame = _dict(_data=_new("pandas.core.internals", "BlockManager", blocks))
    table = _new("pandas.core.frame", "DataFrame", frame)
    path.write_bytes(PROTOCOL_2 + table + STOP)


def _text(text: str) -> bytes:
    """As MATLAB's cells come: an array of one row and one column."""
    return _array(np.array([[text]]))


def _array(array: npt.NDArray[Any]) -> bytes:
    code = array.dtype.str[1:]
    return _reconstructed(code, array.shape, _string(array.tobytes()), array.dtype.byteorder)


def _reconstructed(code: str, shape: tuple[int, ...], content: bytes, order: str = "|") -> bytes:
    bare = _call(
        _global("numpy.core.multiarray", "_reconstruct"),
        _global("numpy", "ndarray"), _tuple(_whole(0)), _string(b"b"),
    )  # fmt: skip
    order = "<" if order == "=" else order
    dtype = _call(_global("numpy", "dtype"), _string(code.encode()), _whole(0), _whole(1))
    marks = (
        _whole(3),
        _string(order.encode()),
        b"N",
        b"N",
        b"N",
        _whole(-1),
        _whole(-1),
        _whole(0),
    )
    dtype += _tuple(*marks) + b"b"
    state = _tuple(_whole(1), _tuple(*map(_whole, shape)), dtype, b"\x89", content)
    return bare + state + b"b"


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _call(function: bytes, *args: bytes) -> bytes:
    return function + _tuple(*args) + b"R"


def _new(module: str, name: str, state: bytes) -> bytes:
    return _global(module, name) + b")\x81" + state + b"b"


def _tuple(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def _list(parts: list[bytes]) -> bytes:
    return b"](" + b"".join(parts) + b"e"


def _dict(**entries: bytes) -> bytes:
    return b"}(" + b"".join(_string(k.encode()) + v for k, v in entries.items()) + b"u"


def _string(content: bytes) -> bytes:
    """Text and bytes of Python 2 are one type."""
    return b"T" + struct.pack("<i", len(content)) + content


def _whole(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)
