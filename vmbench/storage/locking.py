"""One process at a time: a lock that the operating system frees however its holder ends."""

import contextlib
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout


@contextlib.contextmanager
def exclusive(path: Path, busy: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock file ``path``, which is gone afterwards.

    Args:
        path: in a folder that exists.
        busy: called with the holder's name where another holds the lock ("process 123"); it
            raises, or returns to have the lock waited for.

    Raises:
        OSError: the lock file cannot be written.
    """
    lock = FileLock(path)
    holder = path.with_name(f"{path.name}.pid")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        busy(_named(holder))
        lock.acquire()
    try:
        with contextlib.suppress(OSError):  # on a full disk the holder goes without a name
            holder.write_text(f"{os.getpid()} {platform.node()}")
        yield
    finally:
        for each in (holder, path):  # while it is held: whoever waits sees that the file is gone
            with contextlib.suppress(OSError):
                each.unlink(missing_ok=True)
        lock.release()


def _named(holder: Path) -> str:
    try:
        pid, _, node = holder.read_text().partition(" ")
    except OSError:  # it has the lock since this very moment
        return "another process"
    return f"process {pid}" + ("" if node == platform.node() else f" on {node}")


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock file ``path``."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return False
    path.unlink(missing_ok=True)
    lock.release()
    return True
