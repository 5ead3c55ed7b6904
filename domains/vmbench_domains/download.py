"""Downloading a publisher's files: resumed where it broke off, verified, put in place at once.

Nothing is downloaded unless ``vmbench data fetch`` asks for it. A transfer writes ``NAME.part``;
only what has the size that the server states and the publisher's checksum gets its name. RFC 9110
(sections 13.1.5 and 14) defines the conditional range requests that resuming uses.
"""

import contextlib
import errno
import hashlib
import http.client
import os
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import vmbench
from vmbench.errors import UserError
from vmbench_domains.unpack import check_sums, unpack

CHUNK = 1 << 16
TIMEOUT = 30.0  # seconds without a byte
PAUSE = 1.0  # seconds before a broken transfer goes on
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
RANGE_NOT_SATISFIABLE = 416
BROKEN_OFF = (
    urllib.error.URLError,
    http.client.HTTPException,
    ssl.SSLError,
    ConnectionError,
    TimeoutError,
)


@dataclass(frozen=True)
class Download:
    """One file as its publisher offers it.

    Attributes:
        url: where.
        place: folder below ``--data-dir`` that the file, or what is unpacked from it, goes to.
        checksum: ``"md5:..."`` or ``"sha256:..."`` as the publisher gives it; "" if it gives none.
        size: bytes, where known; the server's word is checked in any case.
        unpack: whether it is a zip or tar whose content is wanted.
        strip: leading folders of an archive's names to leave out.
        only: patterns of an archive's names to unpack; () for all.
        sums: file in the archive that lists the SHA-256 of the others, where it has one; "" if
            none does.
    """

    url: str
    place: str = "."
    checksum: str = ""
    size: int | None = None
    unpack: bool = False
    strip: int = 0
    only: tuple[str, ...] = ()
    sums: str = ""

    @property
    def name(self) -> str:
        """The name of the file."""
        return PurePosixPath(urllib.parse.unquote(urllib.parse.urlsplit(self.url).path)).name

    def __str__(self) -> str:
        """The address, the size and the checksum.

        >>> print(Download("https://example.org/a%20b.zip", size=2_500_000))
        https://example.org/a%20b.zip (2.5 MB; the publisher gives no checksum)
        """
        size = f"{megabytes(self.size)}; " if self.size is not None else ""
        inside = f"its {self.sums} is compared" if self.sums else "the publisher gives no checksum"
        return f"{self.url} ({size}{self.checksum or inside})"


def fetch(sources: Sequence[Download], folder: Path, *, again: bool = False) -> None:
    """Download every source that ``folder`` lacks, and unpack the archives among them.

    An archive is removed once it is unpacked; a hidden file beside its content remembers it.

    Args:
        sources: what to get.
        folder: what ``--data-dir`` will name; made if need be.
        again: also unpack what is remembered, because its content is gone.

    Raises:
        UserError: no network, no such file, another content than published, no space, no
            permission; what has arrived is kept, and the same call goes on from there.
    """
    for source in sources:
        target = folder / source.place
        seen = target / f".{source.name}.fetched"
        if seen.exists() and not again:
            _say(f"{source.name} was unpacked to {target} before")
            continue
        try:
            target.mkdir(parents=True, exist_ok=True)
            path = _fetch_one(source, target)
            if source.unpack:
                _say(f"unpacking {path.name} to {target}")
                skipped = unpack(path, target, strip=source.strip, only=source.only)
                if skipped:
                    _say(f"  left out, being links or devices: {', '.join(skipped)}")
                if source.sums:
                    _say(f"  {_compared(check_sums(target, source.sums), source.sums)}")
                seen.write_text(f"{source}\n")
                path.unlink()
        except OSError as error:
            raise _unwritable(error, target) from error


def _compared(agreeing: int | None, sums: str) -> str:
    if agreeing is None:
        return f"no {sums} in the archive: its files have the archive's own checksums alone"
    return f"{agreeing} files agree with {sums}"


def _fetch_one(source: Download, folder: Path) -> Path:
    path = folder / source.name
    if path.is_file():
        verify(path, source)
        _say(f"{path} is there")
        return path
    part = path.with_name(f"{path.name}.part")
    tag = path.with_name(f"{path.name}.part.tag")  # which version of the file the part is of
    _say(f"fetching {source}")
    while True:
        start = part.stat().st_size if part.exists() else 0
        if start and not (source.checksum or tag.exists()):
            start = 0  # nothing could tell whether the rest belongs to the same file
        cause: Exception | None = None
        total: int | None = None
        try:
            total = _transfer(source, part, tag, start)
        except urllib.error.HTTPError as error:
            with error:
                length = error.headers.get("Content-Range", "").rpartition("/")[2]
                if error.code == RANGE_NOT_SATISFIABLE and start:
                    if length == str(start):  # it was complete when it was interrupted
                        total = start
                    else:
                        part.unlink()
                        continue
                else:
                    raise _unreachable(source, f"the server answers {error.code}") from error
        except BROKEN_OFF as error:
            cause = error
        arrived = part.stat().st_size if part.exists() else 0
        if cause is None and total in (None, arrived):
            break
        if arrived <= start:
            raise _unreachable(source, str(getattr(cause, "reason", cause) or "nothing arrived"))
        _say(f"  the connection broke after {megabytes(arrived)}; going on")
        time.sleep(PAUSE)
    try:
        verify(part, source)
    except UserError:
        part.unlink()
        raise
    finally:
        tag.unlink(missing_ok=True)
    part.replace(path)
    return path


def _transfer(source: Download, part: Path, tag: Path, start: int) -> int | None:
    """One request, appended to ``part`` from ``start`` on; the whole size if the server says it."""
    request = urllib.request.Request(source.url)
    request.add_header("User-Agent", f"vmbench/{vmbench.__version__}")
    request.add_header("Accept-Encoding", "identity")
    if start:
        request.add_header("Range", f"bytes={start}-")
        if tag.exists():  # the whole file, should it be another version by now
            request.add_header("If-Range", tag.read_text())
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        if response.status != http.client.PARTIAL_CONTENT:
            start = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise _unreachable(source, "the server sends another range than the one asked for")
        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        if total is not None:
            _require_space(part, total - start)
        version = response.headers.get("ETag", "")
        if not version or version.startswith("W/"):  # a weak one does not promise the same bytes
            version = response.headers.get("Last-Modified", "")
        if version:
            tag.write_text(version)
        else:
            tag.unlink(missing_ok=True)
        with part.open("ab" if start else "wb") as file, _bar(source.name, start, total) as advance:
            while data := response.read(CHUNK):
                file.write(data)
                advance(len(data))
    return total


def verify(path: Path, source: Download) -> None:
    """Raise :class:`UserError` unless ``path`` has the size and the checksum of ``source``."""
    size = path.stat().st_size
    if source.size is not None and size != source.size:
        raise UserError(
            f"{path} has {size} bytes, not {source.size} as published at {source.url}: remove it "
            f"if it is still there, and fetch it again"
        )
    if not source.checksum:
        return
    algorithm, _, expected = source.checksum.partition(":")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != expected:
        raise UserError(
            f"{path} has the {algorithm} {found}, not {expected} as published for {source.url}: "
            f"it is damaged or another version; remove it if it is still there, and fetch it again"
        )


def megabytes(size: int) -> str:
    """A size for people.

    >>> megabytes(1_234_567_890), megabytes(1_500)
    ('1,234.6 MB', '1,500 bytes')
    """
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size:,} bytes"


def _require_space(part: Path, size: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if free < size:
        raise UserError(
            f"{part.parent} has {megabytes(free)} left and {megabytes(size)} are to come: free "
            f"some, or name another folder with --dir"
        )


def _unwritable(error: OSError, folder: Path) -> UserError:
    if error.errno in FULL:
        return UserError(
            f"{folder} is full ({os.strerror(error.errno or 0)}): free some space, or name another "
            f"folder with --dir; what has arrived is kept, and the same command goes on from there"
        )
    return UserError(f"{error.filename or folder} cannot be written ({error.strerror or error})")


def _unreachable(source: Download, cause: str) -> UserError:
    return UserError(
        f"{source.url} cannot be had ({cause}): try again, the same command goes on from what has "
        f"arrived; or get it by hand"
    )


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _bar(name: str, done: int, total: int | None) -> Iterator[Callable[[int], Any]]:
    """A bar over the bytes of one file, on a terminal; a function that advances it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=total, completed=done)
        yield lambda size: progress.advance(task, size)
