"""Unpacking zip and tar files: no name leads out of the folder, and no link is made."""

import hashlib
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO

from vmbench.errors import UserError

EXPANSION = 200  # times its size that an archive may unpack to, ...
LEAST = 1 << 30  # ... or so many bytes
AT_ONCE = 1 << 20
ENCRYPTED = 1  # flag of a file in a zip archive
BROKEN = (
    zipfile.BadZipFile,
    NotImplementedError,  # a method of compression that zipfile does not know
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
)


def unpack(archive: Path, folder: Path, *, strip: int = 0, only: Sequence[str] = ()) -> list[str]:
    """Write the files of ``archive`` below ``folder``, over those of the same names.

    Args:
        archive: zip, tar, or compressed tar.
        folder: exists.
        strip: leading folders of the names to leave out.
        only: patterns of names to write, before stripping; () for all.

    Returns:
        The names that were left out because they are links or devices.

    Raises:
        UserError: the archive is broken or encrypted, holds a name that leads out of ``folder``,
            or unpacks to far more than any set does.
        OSError: a file cannot be written.
    """
    left_out = []
    most = max(LEAST, EXPANSION * archive.stat().st_size)
    try:
        for name, stream in _members(archive):
            if only and not any(fnmatch(name, pattern) for pattern in only):
                continue
            if stream is None:
                left_out.append(name)
                continue
            path = _inside(folder, name, strip, archive)
            if path is None:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                most -= _copy(stream, file, most, archive)
    except BROKEN as error:
        raise UserError(f"{archive} is broken ({error}): remove it and fetch it again") from error
    return left_out


def _copy(stream: IO[bytes], file: IO[bytes], most: int, archive: Path) -> int:
    """How many bytes were copied; raises :class:`UserError` before they are more than ``most``."""
    count = 0
    while data := stream.read(AT_ONCE):
        count += len(data)
        if count > most:
            raise UserError(
                f"{archive} unpacks to more than {EXPANSION} times its size, as no set does: it "
                f"would fill the disk; remove it"
            )
        file.write(data)
    return count


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Name and content of every file, one at a time; no content for a link or a device."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                if info.flag_bits & ENCRYPTED:
                    raise UserError(
                        f"{archive} is encrypted: unpack it with its password, and name the "
                        f"folder with --data-dir"
                    )
                if stat.S_ISLNK(info.external_attr >> 16):
                    yield info.filename, None
                elif not info.is_dir():
                    with zipped.open(info) as stream:
                        yield info.filename, stream
    else:
        with tarfile.open(archive, "r|*") as tar:  # front to back, once
            for member in tar:
                if not member.isdir():
                    yield member.name, tar.extractfile(member) if member.isfile() else None


def _inside(folder: Path, name: str, strip: int, archive: Path) -> Path | None:
    """Where ``name`` goes; None if stripping leaves nothing of it."""
    parts = PurePosixPath(name.replace("\\", "/")).parts[strip:]
    if not parts:
        return None
    path = folder.joinpath(*parts)
    if ".." in parts or not path.resolve().is_relative_to(folder.resolve()):
        raise UserError(
            f"{archive} holds the name {name!r}, which leads out of {folder}: remove it"
        )
    return path


def check_sums(folder: Path, sums: str) -> int | None:
    """Compare the files below ``folder`` with a list of SHA-256 sums, as sha256sum writes it.

    Args:
        folder: where the list is; names in it start there.
        sums: name of the list. Names that were not unpacked are passed over.

    Returns:
        How many files agree; None if the archive had no such list.

    Raises:
        UserError: one does not agree.
    """
    path = folder / sums
    if not path.is_file():
        return None
    agreeing = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition(" ")
        listed = folder / name.strip().removeprefix("*")
        if not listed.is_file():
            continue
        with listed.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise UserError(
                f"{listed} has the sha256 {found}, not {expected} as {path} lists: fetch it again"
            )
        agreeing += 1
    return agreeing
