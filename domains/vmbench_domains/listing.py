"""Which files a folder of very many holds, remembered until one of its folders changes.

Listing hundreds of thousands of files, and asking each for its size and time, takes longer than all
else that a command does before it begins. A folder's own time of change differs once a file in it
is added, removed or replaced by another of its name; one that is written over in place is noticed
only where it is the first of its folder.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from pathlib import Path

from vmbench.config import digest
from vmbench.storage.cache import cache_folder

MANY = 10_000  # files, above which they are remembered
FOLDER = "listings"
FORMAT = 1
State = tuple[str, int]  # a folder and its time of change in ns


def find(root: Path, pattern: str, wanted: Callable[[str], bool]) -> list[Path]:
    """The files below ``root`` that match a pattern without ``**``, in the order of paths.

    Args:
        root: a folder; nothing is found where it is none.
        pattern: shell-style, its parts between slashes.
        wanted: of a name below ``root``, whether it is one; the same for equal names.
    """
    memory = _memory("files", str(root.absolute()), pattern)
    names = _recall(memory)
    if names is None:
        folders: list[State] = []
        parts = [re.compile(translate(part)).match for part in pattern.split("/")]
        found = _walk(str(root), "", parts, folders)
        names = sorted(filter(wanted, found), key=lambda name: name.split(os.sep))
        if len(names) > MANY:
            _remember(memory, folders, names)
    return [root / name for name in names]


def _walk(
    folder: str, above: str, parts: Sequence[Callable[[str], object]], folders: list[State]
) -> list[str]:
    try:
        folders.append((folder, os.stat(folder).st_mtime_ns))  # before, so that a change shows
        with os.scandir(folder) as entries:
            matches = [entry for entry in entries if parts[0](entry.name)]
    except OSError:  # no folder, or one that may not be read
        return []
    if len(parts) == 1:
        return [above + entry.name for entry in matches]
    return [
        name
        for entry in matches
        if entry.is_dir()
        for name in _walk(entry.path, f"{above}{entry.name}{os.sep}", parts[1:], folders)
    ]


def remembered_states(root: Path, paths: Sequence[Path], read: Callable[[], str]) -> str:
    """What ``read`` says of the states of so many files, remembered by those of their folders.

    Args:
        root: above all of them.
        paths: in the order of paths.
        read: asks every file.
    """
    if len(paths) <= MANY:
        return read()
    first: dict[str, str] = {}
    for path in map(str, paths):
        first.setdefault(path[: path.rfind(os.sep)], path)
    seen = [
        (os.stat(folder).st_mtime_ns, (state := os.stat(path)).st_size, state.st_mtime_ns)
        for folder, path in first.items()
    ]
    memory = _memory("states", str(root.absolute()), digest([len(paths), *first, *seen], 16))
    known = _recall(memory)
    if known is None:
        known = [read()]
        _remember(memory, [], known)
    return known[0]


def _memory(*of: str) -> Path:
    return cache_folder() / FOLDER / f"{digest([FORMAT, *of], 16)}.json"


def _recall(memory: Path) -> list[str] | None:
    """What was remembered; None where nothing was, or a folder changed since."""
    try:
        document = json.loads(memory.read_text(errors="surrogateescape"))
        same = all(os.stat(folder).st_mtime_ns == at for folder, at in document["folders"])
        names: list[str] = document["names"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return names if same else None


def _remember(memory: Path, folders: Sequence[State], names: Sequence[str]) -> None:
    """Note it; a memory that cannot be written is done without."""
    temporary = memory.with_name(f".{memory.name}.{os.getpid()}")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"folders": folders, "names": names}))
        temporary.replace(memory)
    except OSError:
        temporary.unlink(missing_ok=True)
