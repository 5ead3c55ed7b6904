"""Classes and sides by the names of folders: ``CLASS/``, ``SPLIT/CLASS/`` or ``CLASS/SPLIT/``."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vmbench.data.dataset import Split
from vmbench.errors import UserError
from vmbench_domains.own.files import some
from vmbench_domains.own.metadata import LabelledFile
from vmbench_domains.own.spelling import alike
from vmbench_domains.own.splits import NAMES

Parts = tuple[str, ...]
PICTURES = ("images", "image", "imgs", "img", "jpegimages", "photos")
MASKS = ("masks", "mask", "labels", "annotations", "segmentations", "gt", "ground_truth")
UNLABELLED = ("unlabelled", "unlabeled")  # folders whose files have no label
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


@dataclass
class Layout:
    """Files with a class or in ``unlabelled/``, files in no folder, what to say of the folders."""

    files: list[LabelledFile] = field(default_factory=list)
    loose: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_layout(root: Path, paths: Sequence[Path]) -> Layout:
    """What the folders between ``root`` and each file say of it.

    Raises:
        UserError: some folders are train or test and others neither, or none holds classes.
    """
    layout = Layout()
    folders = {path: path.relative_to(root).parts[:-1] for path in paths}
    without = {path: parts for path, parts in folders.items() if _is_unlabelled(parts)}
    for path, parts in without.items():
        layout.files.append(LabelledFile(path, "", None, _side_of_unlabelled(parts)))
    folders = {path: parts for path, parts in folders.items() if path not in without}
    tops = grouped(folders)
    sides = sides_of(root, tops)
    if sides:
        folders = {path: parts[1:] for path, parts in folders.items() if parts}
        given: dict[Path, Split | None] = {
            path: sides[path.relative_to(root).parts[0]] for path in folders
        }
        layout.loose += [path for path in paths if path not in folders and path not in without]
        folders = _without_wrappers(folders, given, layout)
        filled = {path.relative_to(root).parts[0] for path, parts in folders.items() if parts}
        if bare := sorted(sides.keys() - filled):
            raise UserError(
                f"{root}: the files lie directly in {', '.join(bare)}: put them into folders "
                f"named for their classes there, or write a metadata.csv (docs/your-data.md)"
            )
    else:
        given = _sides_below(root, folders)
        _compare(root, tops, any(given.values()), layout)
    for path, parts in folders.items():
        if parts:
            label = unicodedata.normalize("NFC", parts[0].strip())
            layout.files.append(LabelledFile(path, label, None, given[path]))
        else:
            layout.loose.append(path)
    return layout


def _is_unlabelled(parts: Parts) -> bool:
    """Whether the folder is ``unlabelled/``, or that in a side of a split, or below one of them."""
    named = [part.lower() in UNLABELLED for part in parts[:2]]
    return any(named) and (named[0] or _side(parts[0]) is not None)


def _side_of_unlabelled(parts: Parts) -> Split | None:
    """The side that such a folder is in, or that is in it; None if there is none."""
    named = [part.lower() for part in parts[:2] if part.lower() not in UNLABELLED]
    return next((side for part in named if (side := NAMES.get(part) or _side(part))), None)


def sides_of(
    root: Path, tops: Mapping[str, Sequence[Parts]], mend: str = "write a metadata.csv"
) -> dict[str, Split]:
    """The side that each top folder is; empty if they are classes.

    ``train`` and ``test`` by themselves are sides. So are ``training_set`` and ``seg_test`` where
    all top folders are named like that and have folders in them; a class may well be called
    ``train`` (beside ``bus``), or ``test tube``.

    Args:
        root: for messages.
        tops: folder -> the folders below it of each of its files.
        mend: what to do where it cannot be told.

    Raises:
        UserError: some are sides and others neither.
    """
    plain = {top: NAMES[top.lower()] for top in tops if top.lower() in NAMES}
    named = {top: side for top in tops if (side := _side(top)) is not None}
    deep = {top for top, below in tops.items() if any(below)}
    if plain and len(plain) == len(tops):
        return plain
    if {"train", "test"} <= {named[top] for top in named.keys() & deep}:
        if len(named) == len(tops):
            return named
        others = ", ".join(sorted(tops.keys() - named.keys()))
        raise UserError(
            f"{root}: {', '.join(sorted(named.keys() & deep))} are sides of a split by their "
            f"names, {others} neither train, val nor test: move it away, or {mend}"
        )
    if plain.keys() & deep:
        raise UserError(
            f"{root}: is {', '.join(sorted(plain.keys() & deep))} a side of a split or a class, "
            f"like {', '.join(sorted(tops.keys() - plain.keys())[:3])}? Rename it, or {mend}"
        )
    return {}


def _side(name: str) -> Split | None:
    sides = {NAMES[word.lower()] for word in WORD.findall(name) if word.lower() in NAMES}
    return sides.pop() if len(sides) == 1 else None


def grouped(folders: Mapping[Path, Parts]) -> dict[str, list[Parts]]:
    """Top folder -> the folders below it of each of its files."""
    tops: dict[str, list[Parts]] = {}
    for parts in folders.values():
        if parts:
            tops.setdefault(parts[0], []).append(parts[1:])
    return tops


def _without_wrappers(
    folders: Mapping[Path, Parts], given: Mapping[Path, Split | None], layout: Layout
) -> dict[Path, Parts]:
    """``training_set/training_set/cats``: an inner folder, alone on its side, is no class."""
    stripped = dict(folders)
    while True:
        inner: dict[Split | None, set[str]] = {}
        for path, parts in stripped.items():
            inner.setdefault(given[path], set()).add(parts[0] if len(parts) > 1 else "")
        names = {name for found in inner.values() for name in found}
        if "" in names or any(len(found) > 1 for found in inner.values()):
            return stripped
        if not all(_side(name) for name in names):
            return stripped
        stripped = {path: parts[1:] for path, parts in stripped.items()}
        layout.remarks.append(f"the folders {', '.join(sorted(names))} are no classes")


def _sides_below(root: Path, folders: Mapping[Path, Parts]) -> dict[Path, Split | None]:
    """The sides of ``CLASS/SPLIT/file``; None throughout where the second level has other names."""
    sides = {
        path: NAMES.get(parts[1].lower()) if len(parts) > 1 else None
        for path, parts in folders.items()
        if parts
    }
    named = [path for path, side in sides.items() if side]
    if named and {"train", "test"} <= {sides[path] for path in named}:
        others = [path for path, side in sides.items() if not side]
        if others:
            raise UserError(
                f"{root}: {len(named)} files lie in train, val or test folders of their classes, "
                f"{len(others)} in none ({some(others, root)}): move those, or write a metadata.csv"
            )
        return {**dict.fromkeys(folders), **sides}
    return dict.fromkeys(folders)


def _compare(
    root: Path, tops: Mapping[str, Sequence[Parts]], split_below: bool, layout: Layout
) -> None:
    """Folders that hold the same folders may be parts of a set, and their folders the classes."""
    level = 1 if split_below else 0
    inner = [{parts[level] for parts in below if len(parts) > level} for below in tops.values()]
    if len(inner) < 2 or len(inner[0]) < 2 or any(names != inner[0] for names in inner):
        return
    said = f"{_few(tops)} have the same folders in them ({_few(inner[0])})"
    if split_below:
        raise UserError(
            f"{root}: {said}, on each side of a split: name one of them with --data-dir, or write "
            f"a metadata.csv"
        )
    layout.remarks.append(
        f"warning: the classes {said}: if those are the classes, say so in a metadata.csv"
    )


def check_names(root: Path, labels: Sequence[str]) -> Iterator[str]:
    """What is to be said of the names of classes.

    Raises:
        UserError: a name cannot be written down, or none of them is a class.
    """
    for label in labels:
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in label):
            raise UserError(
                f"{root}: the name of class {label!a} cannot be printed (a line break, or bytes "
                f"that are no UTF-8): rename it"
            )
    if {label.lower() for label in labels} <= {*PICTURES, *MASKS}:
        raise UserError(
            f"{root}: {_few(labels)} are images and what is drawn in them, no classes; write a "
            f"metadata.csv that gives each image one label"
        )
    for same in alike(labels):
        yield f"warning: classes that differ by their spelling alone: {_few(same)}"


def _few(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:5]) + (", ..." if len(shown) > 5 else "")
