"""``metadata.csv``: which file has which label, and where known whose it is and on which side.

The layout is that of Hugging Face's image and audio folders (a column ``file_name``, relative to
the folder that the table is in): https://huggingface.co/docs/datasets/image_dataset
"""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmbench.data.dataset import Split
from vmbench.errors import UserError
from vmbench_domains.own.splits import split_name

METADATA = "metadata.csv"
SEPARATORS = (",", ";", "\t")
WANTED = ("file_name", "label")
DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")


@dataclass(frozen=True)
class LabelledFile:
    """One file of a user's folder; ``label`` is empty where it has none."""

    path: Path
    label: str
    subject: str | None
    given: Split | None


@dataclass(frozen=True)
class Metadata:
    """What a table says: the files that are there, and the names of those that are not."""

    files: list[LabelledFile]
    absent: list[str]
    again: int


def read_metadata(path: Path, root: Path, side: Split | None = None) -> Metadata:
    """Every row of the table at ``path``.

    Args:
        path: the table; file names are relative to its folder.
        root: the user's folder; the files must lie in it.
        side: that the folder of the table stands for.

    Raises:
        UserError: with file and line: a column is missing, a row has more or fewer fields than
            the header, a cell that names a file is empty, a file lies elsewhere or is named with
            two labels.
    """
    files: dict[tuple[Path, Split | None], LabelledFile] = {}
    first: dict[Path, tuple[str, int]] = {}
    absent: list[str] = []
    again = 0
    for line, row in _rows(path):
        where = f"{path}, line {line}"
        if not row["file_name"]:
            raise UserError(f"{where}: file_name is empty")
        said = row.get("split")
        given = split_name(said, where) if said else side
        if side is not None and given != side:
            raise UserError(f"{where}: split is {said}, the folder is {path.parent.name}")
        file = _locate(row["file_name"], path.parent, root, where)
        if file is None:
            absent.append(row["file_name"])
            continue
        label, earlier = first.setdefault(file, (row["label"], line))
        if label != row["label"]:
            raise UserError(
                f"{where}: {row['file_name']} is {row['label'] or 'without a label'}, and "
                f"{label or 'without one'} on line {earlier}: a file has one label"
            )
        again += (file, given) in files
        entry = LabelledFile(file, row["label"], row.get("subject") or None, given)
        files[file, given] = entry
    return Metadata(list(files.values()), absent, again)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}; save it as UTF-8") from error
    lines = text.splitlines(keepends=True)
    before = int(bool(lines) and lines[0].lower().startswith("sep="))  # Excel's own first line
    rows = csv.reader(lines[before:], delimiter=_separator(lines[before:]), strict=True)
    try:
        columns = [_clean(cell).lower() for cell in next(rows, [])]
        for column in WANTED:
            if column not in columns:
                raise UserError(
                    f"{path} has no column '{column}'; it needs file_name and label (empty where "
                    f"there is none), and may have subject and split (it has "
                    f"{', '.join(columns) or 'none'})"
                )
        for column in {*WANTED, "subject", "split"}:
            if columns.count(column) > 1:
                raise UserError(f"{path} has {columns.count(column)} columns '{column}': keep one")
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(columns):
                raise UserError(
                    f"{path}, line {rows.line_num + before} has {len(row)} fields, its header "
                    f"{len(columns)}: put fields with a separator in them between quotes"
                )
            yield rows.line_num + before, dict(zip(columns, map(_clean, row), strict=True))
    except csv.Error as error:
        raise UserError(f"{path}, line {rows.line_num + before} cannot be read: {error}") from error


def _separator(lines: Sequence[str]) -> str:
    """The one that makes ``file_name`` a column of the first line; a comma if none does."""
    header = lines[0].lower() if lines else ""
    for separator in SEPARATORS:
        if "file_name" in [_clean(cell).strip('"') for cell in header.split(separator)]:
            return separator
    return SEPARATORS[0]


def _clean(cell: str) -> str:
    return unicodedata.normalize("NFC", cell.strip())


def _locate(name: str, folder: Path, root: Path, where: str) -> Path | None:
    """The file that ``name`` stands for; None if there is none.

    Backslashes are Windows' separators where no file has them in its name; accents may be one
    character or two, as file systems differ in that.
    """
    spellings = [name, unicodedata.normalize("NFD", name)]
    spellings += [spelling.replace("\\", "/") for spelling in spellings if "\\" in spelling]
    for spelling in spellings:
        path = folder / spelling
        if path.is_file():
            return _inside(path, root, where)
    if DRIVE.match(name) or name.startswith("/"):
        raise UserError(
            f"{where}: {name} is not there; it is a place on one machine: write file_name relative "
            f"to {folder}"
        )
    return None


def _inside(path: Path, root: Path, where: str) -> Path:
    """The path below ``root`` by which the file is known, however it was written."""
    for base in (root, root.absolute(), root.resolve()):
        if path.is_relative_to(base) and ".." not in path.relative_to(base).parts:
            return root / path.relative_to(base)
    resolved = path.resolve()
    if resolved.is_relative_to(root.resolve()):
        return root / resolved.relative_to(root.resolve())
    raise UserError(
        f"{where}: {path} lies outside of {root}: name the folder that holds all files with "
        f"--data-dir, or link them into it"
    )
