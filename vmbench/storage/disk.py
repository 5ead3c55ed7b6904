"""What a full disk is called: the folder, the space, the mend."""

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from vmbench.errors import RunError, UserError

FULL = {errno.ENOSPC, errno.EFBIG, *([errno.EDQUOT] if hasattr(errno, "EDQUOT") else [])}
# Libraries in other languages hand on the words and not the number.
SAID = ("no space left on device", "disk is full", "file too large", "quota exceeded")


def is_full(error: BaseException) -> bool:
    """Whether ``error`` says that a disk, a quota or a file's largest size is used up."""
    if isinstance(error, UserError | RunError):
        return False
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    return any(words in str(error).lower() for words in SAID)


@contextlib.contextmanager
def space_in(folder: Path, what: str, mend: str) -> Iterator[None]:
    """Turn the error of a full disk into a :class:`UserError`: where, how much, and the mend.

    Args:
        folder: what is written to.
        what: what is written, and its size where that is known.
        mend: how to write elsewhere; that space can be freed is said anyway.
    """
    try:
        yield
    except Exception as error:
        if not is_full(error):
            raise
        cause = getattr(error, "strerror", None) or "no space left on device"
        raise UserError(
            f"{folder} is full ({cause.lower()}; {free_megabytes(folder):,.1f} MB free) while "
            f"{what} was written: free some space, or {mend}"
        ) from error


def free_megabytes(folder: Path) -> float:
    """Space left on the disk that holds ``folder``, or will hold it, in MB."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free / 1e6
