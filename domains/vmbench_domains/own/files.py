"""Walking a user's folder: links followed, what is no data left alone, nothing lost unsaid."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vmbench.errors import UserError

# Written by file managers, notebooks, archives and network drives beside the user's files.
JUNK_FOLDERS = ("__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information",
                "lost+found", "__pycache__")  # fmt: skip
JUNK_FILES = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r")
JUNK = frozenset((*JUNK_FOLDERS, *JUNK_FILES))
NAMED = 5  # files that a line names one by one


@dataclass
class Found:
    """What lies below a folder.

    Attributes:
        files: of the suffixes wanted, in the order of paths; those below linked folders too.
        unread: of the same kind by their suffix, which nothing here reads.
        dangling: links that lead nowhere.
        circles: linked folders that lead back to a folder above them; not followed.
        others: suffix -> number of all other files.
        empty: folders without any file of the suffixes wanted, in them or below.
        tables: files called ``metadata.*``, wherever they lie.
    """

    files: list[Path] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)
    dangling: list[Path] = field(default_factory=list)
    circles: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    empty: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)


def is_junk(name: str) -> bool:
    """Whether a file or folder of this name is never a user's data."""
    return name.startswith(".") or name.lower() in JUNK


def find_files(
    root: Path, suffixes: Sequence[str], unread: Sequence[str], known: Sequence[str]
) -> Found:
    """Everything below ``root``.

    Args:
        root: a folder.
        suffixes: of the files wanted, lower case.
        unread: suffixes of files of the same kind that cannot be read, lower case.
        known: names of files that are read otherwise.
    """
    found = Found()
    _walk(root, (os.path.realpath(root),), found, tuple(suffixes), tuple(unread), tuple(known))
    for paths in (found.files, found.unread, found.dangling, found.tables):
        paths.sort()
    return found


def _walk(
    folder: Path,
    above: tuple[str, ...],
    found: Found,
    suffixes: tuple[str, ...],
    unread: tuple[str, ...],
    known: tuple[str, ...],
) -> None:
    before = len(found.files)
    for path in sorted(_entries(folder)):
        suffix = path.suffix.lower()
        if path.is_dir():
            real = os.path.realpath(path)
            if real in above:
                found.circles.append(path)
            else:
                _walk(path, (*above, real), found, suffixes, unread, known)
        elif path.stem.lower() == "metadata" and suffix in (".csv", ".jsonl", ".parquet"):
            found.tables.append(path)
        elif path.name in known:
            continue
        elif path.is_symlink() and not path.exists():
            if suffix in (*suffixes, *unread, ""):
                found.dangling.append(path)
        elif not path.is_file():  # a socket, a pipe
            found.others[suffix] += 1
        elif suffix in suffixes:
            found.files.append(path)
        elif suffix in unread:
            found.unread.append(path)
        else:
            found.others[suffix] += 1
    if len(found.files) == before:
        found.empty.append(folder)


def _entries(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not is_junk(entry.name):
                    yield folder / entry.name
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}") from error


def some(paths: Sequence[Path], root: Path) -> str:
    """The first few by their names below ``root``.

    >>> some([Path("r/a.png"), Path("r/b/c.png")], Path("r"))
    'a.png, b/c.png'
    """
    names = [str(path.relative_to(root) if path.is_relative_to(root) else path) for path in paths]
    # Bytes that are no UTF-8 cannot be printed, and a line stays one line.
    shown = [name.encode(errors="backslashreplace").decode() for name in names[:NAMED]]
    return " ".join(", ".join(shown).split()) + (", ..." if len(names) > NAMED else "")
