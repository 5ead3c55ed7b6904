"""Naming files by their contents: the revision of one's own data.

Equal files have the same name on every machine, under whatever folder and whenever they were
written; a file with one other byte has another. Each file is read once and its digest remembered
in the cache folder, by the file's size and times.
"""

import hashlib
import os
import sqlite3
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from vmbench.errors import UserError
from vmbench.progress import announce
from vmbench.storage.cache import cache_folder

MEMORY = "contents.sqlite"
READERS = 8  # threads; hashing lets go of the interpreter
PATIENCE = 30.0  # seconds that one process waits for another's transaction
# A file that changed so recently may change again within the same tick of the file system's clock,
# which its times would not show: it is read again next time.
SETTLED = 2_000_000_000  # ns

State = tuple[int, int, int]  # size, time of modification, time of change of the entry; in ns


def contents(root: Path, paths: Iterable[Path]) -> str:
    """Sixteen hex digits that follow from the files' bytes and their names below ``root``.

    A file by itself counts by its bytes alone. Names are compared in Unicode's form C and with
    ``/`` between their parts, so that file systems and archives cannot make a difference.

    Args:
        root: the folder that the names are relative to.
        paths: every file that is read, in any order.

    Raises:
        UserError: a file cannot be read.
    """
    files = sorted(set(paths))
    digests = _digests(files)
    names = [""] if len(files) == 1 else [_name(root, path) for path in files]
    whole = hashlib.blake2b(digest_size=8)
    for name, digest in sorted(zip(names, digests, strict=True)):
        whole.update(f"{len(name)} {name} {digest}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()


def _name(root: Path, path: Path) -> str:
    inside = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return unicodedata.normalize("NFC", inside)


def _digests(files: Sequence[Path]) -> list[str]:
    """The digest of each file: remembered, or read now and remembered for the next time."""
    keys = [os.fsencode(path.resolve()) for path in files]
    states = [_state(path) for path in files]
    known = _recall(keys)
    found = {
        position: known[key][1]
        for position, key in enumerate(keys)
        if key in known and known[key][0] == states[position]
    }
    unread = [position for position in range(len(files)) if position not in found]
    if not unread:
        return [found[position] for position in range(len(files))]
    size = sum(states[position][0] for position in unread)
    what = f"reading {len(unread)} files ({size / 1e6:,.0f} MB), once, to name them by their bytes"
    started, settled = time.time_ns(), []
    with announce(what, len(unread)) as bar:
        for position, digest in zip(unread, _read([files[p] for p in unread]), strict=True):
            found[position] = digest
            if max(states[position][1:]) < started - SETTLED:
                settled.append((keys[position], *states[position], digest))
            bar.advance()
    # Whatever was written to while it was read is not what its state says.
    _remember([row for row in settled if _state(Path(os.fsdecode(row[0]))) == row[1:4]])
    return [found[position] for position in range(len(files))]


def _read(files: Sequence[Path]) -> Iterator[str]:
    pool = ThreadPoolExecutor(READERS)
    try:
        yield from pool.map(_digest, files)
    finally:  # also where Ctrl-C or a file that cannot be read stops the loop
        pool.shutdown(cancel_futures=True)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error


def _state(path: Path) -> State:
    try:
        state = path.stat()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns


def _open() -> sqlite3.Connection:
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    memory = sqlite3.connect(folder / MEMORY, timeout=PATIENCE)
    memory.execute(
        "CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, size INTEGER, modified INTEGER, "
        "changed INTEGER, digest TEXT) WITHOUT ROWID"
    )
    return memory


def _recall(keys: Sequence[bytes]) -> dict[bytes, tuple[State, str]]:
    """What is known of ``keys``; nothing where the memory cannot be had, and all is read again."""
    found: dict[bytes, tuple[State, str]] = {}
    try:
        with closing(_open()) as memory:
            for key in keys:
                query = "SELECT size, modified, changed, digest FROM files WHERE path = ?"
                for size, modified, changed, digest in memory.execute(query, (key,)):
                    found[key] = (size, modified, changed), digest
    except (sqlite3.Error, OSError):
        return {}
    return found


def _remember(rows: Sequence[tuple[bytes, int, int, int, str]]) -> None:
    """Note digests; a memory that cannot be written, or is damaged, is done without."""
    try:
        with closing(_open()) as memory:
            memory.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)
            memory.commit()
    except (sqlite3.OperationalError, OSError):  # locked, read-only, on a full disk
        return
    except sqlite3.DatabaseError:  # no database any more: made anew next time
        (cache_folder() / MEMORY).unlink(missing_ok=True)
