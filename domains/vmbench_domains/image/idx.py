"""IDX files, the format of MNIST: a big-endian header, then bytes, often gzipped.

http://yann.lecun.com/exdb/mnist: two zero bytes, the type (8 for unsigned bytes), the number of
axes, and the length of each axis as four bytes.
"""

import gzip
import struct
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError

UNSIGNED_BYTE = 8
AT_ONCE = 1024  # entries per read
# The last two: axes that no file can have.
BROKEN = (OSError, EOFError, ValueError, struct.error, zlib.error, OverflowError, MemoryError)


def read_idx(path: Path) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the entries along the first axis, AT_ONCE of them in memory.

    Raises:
        UserError: it is no IDX file of bytes, or is cut short.
    """
    try:
        with cast(IO[bytes], gzip.open(path) if path.suffix == ".gz" else path.open("rb")) as file:
            zero, kind, axes = struct.unpack(">HBB", file.read(4))
            count, *shape = struct.unpack(f">{axes}I", file.read(4 * axes))
            if (zero, kind) != (0, UNSIGNED_BYTE):
                raise ValueError("it is no IDX file of unsigned bytes")
            size = prod(shape)
            for start in range(0, count, AT_ONCE):
                wanted = min(AT_ONCE, count - start)
                data = file.read(wanted * size)
                if len(data) < wanted * size:
                    raise EOFError(f"it ends before entry {start + len(data) // size} of {count}")
                yield from np.frombuffer(data, np.uint8).reshape(wanted, *shape)
            if file.read(1):
                raise ValueError(f"it goes on after its {count} entries")
    except BROKEN as error:
        raise UserError(f"{path} cannot be read: {error}; fetch it again") from error
