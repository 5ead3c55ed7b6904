"""Files that appear whole or not at all, also where the power fails."""

import contextlib
import os
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` through a temporary file beside it; a failure leaves none."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        settle(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def settle(temporary: Path, path: Path) -> None:
    """Give ``temporary`` the name ``path`` once its content is on the disk, and then the name too.

    Without the first a power failure may leave the new name over an empty file.
    """
    _sync(temporary)
    os.replace(temporary, path)
    with contextlib.suppress(OSError):  # not every file system can sync a folder
        _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
