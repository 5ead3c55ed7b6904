"""The cache folder, and how a folder in it is built: once, whole or not at all."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from vmbench.errors import UserError
from vmbench.progress import say
from vmbench.storage.disk import is_full, space_in
from vmbench.storage.locking import exclusive, is_free

LOCKS = "locks"  # folder of the cache
JOURNAL = "journal.jsonl"  # in a temporary folder: what was built so far, to go on from
KEPT = 7 * 24 * 3600  # seconds for which an interrupted work waits to be gone on with
ELSEWHERE = "set VMBENCH_CACHE to a folder on another disk"


def cache_folder() -> Path:
    """Where prepared examples are kept: ``$VMBENCH_CACHE``, or the user's cache folder."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("VMBENCH_CACHE") or user_cache_path("vmbench"))


@contextlib.contextmanager
def building(folder: Path, what: str, is_ready: Callable[[], bool]) -> Iterator[Path | None]:
    """A temporary folder that becomes ``folder`` at the end of the context; None: it is ready.

    Of several processes that want it one builds, and the others wait. An exception leaves nothing
    behind, and what a killed process left is removed by the next; but for a temporary folder with
    a :data:`JOURNAL`, which an interrupt or a kill leaves for the next to go on from.

    Args:
        folder: in :func:`cache_folder`, or in a folder there that holds nothing but its like.
        what: the name of what is built, for messages.
        is_ready: whether it is there; asked again after waiting.

    Raises:
        UserError: the cache folder cannot be written, or its disk is full.
    """
    cache = folder.parent
    temporary = folder.with_name(f".{folder.name}.tmp")
    with contextlib.ExitStack() as stack:
        stack.enter_context(space_in(cache, f"the cache of {what}", ELSEWHERE))
        try:
            (cache / LOCKS).mkdir(parents=True, exist_ok=True)
            stack.enter_context(exclusive(_lock(folder), lambda holder: _wait(what, holder)))
            if is_ready():
                yield None
                return
            if not (temporary / JOURNAL).exists():  # of a killed process: the lock is ours
                shutil.rmtree(temporary, ignore_errors=True)
            _remove_abandoned(cache)
            temporary.mkdir(exist_ok=True)
        except OSError as error:
            if is_full(error):
                raise
            raise UserError(
                f"the cache folder {cache} cannot be written ({error.strerror}): set "
                f"VMBENCH_CACHE to a folder that can"
            ) from error
        try:
            with _measured(temporary, what):
                yield temporary
            (temporary / JOURNAL).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
        except Exception:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        except BaseException:  # an interrupt
            if not (temporary / JOURNAL).exists():
                shutil.rmtree(temporary, ignore_errors=True)
            raise


@contextlib.contextmanager
def _measured(temporary: Path, what: str) -> Iterator[None]:
    """Name the full disk of ``temporary``, and how much was written until then."""
    try:
        yield
    except Exception as error:
        if not is_full(error):
            raise
        written = sum(path.stat().st_size for path in temporary.iterdir()) / 1e6
        needs = f"the cache of {what}, which needs more than {written:,.1f} MB,"
        with space_in(temporary.parent, needs, ELSEWHERE):
            raise


def _wait(what: str, holder: str) -> None:
    say(f"waiting for {holder}, which prepares {what}")


def _lock(folder: Path) -> Path:
    return folder.parent / LOCKS / f"{folder.name}.lock"


def _remove_abandoned(cache: Path) -> None:
    """Remove what killed processes were building: nobody holds its lock any more."""
    for path in cache.glob(".*.tmp"):
        if _may_go_on(path):
            continue
        name = path.name.removeprefix(".").removesuffix(".tmp")
        if is_free(_lock(cache / name)):
            shutil.rmtree(path, ignore_errors=True)


def _may_go_on(temporary: Path) -> bool:
    try:
        return time.time() - (temporary / JOURNAL).stat().st_mtime < KEPT
    except OSError:
        return False
