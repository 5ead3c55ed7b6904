"""A folder of files with one label each: ``CLASS/file``, ``SPLIT/CLASS/file`` or metadata.csv."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from vmbench.config import digest
from vmbench.contents import contents
from vmbench.dataset import Card, Split, Task
from vmbench.errors import UserError
from vmbench_domains.own.settings import SETTINGS_FILE
from vmbench_domains.own.splits import NAMES, assign_splits, split_name
from vmbench_domains.source import FileDataset

METADATA = "metadata.csv"
CARD = Card("yours", "yours", "docs/your-data.md", notes="One's own files; nothing leaves them.")


@dataclass(frozen=True)
class LabelledFile:
    """One file of a user's folder."""

    path: Path
    label: str
    subject: str | None
    given: Split | None


class LabelledFolder(FileDataset):
    """Base of the generic datasets whose examples are files, one label each.

    Class attributes:
        suffixes: of the files that are examples, lower case.
        noun: what they are, e.g. "images".

    Attributes:
        entries: every file with its side of the split.
    """

    card = CARD
    generic = True
    places = (".",)
    suffixes: ClassVar[tuple[str, ...]]
    noun: ClassVar[str]
    entries: list[tuple[LabelledFile, Split]]

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """List the files, their classes and their sides."""
        if target is not None:
            raise UserError(f"--target: the label of {self.noun} is the name of their folder")
        if data_dir is None:
            raise UserError(
                f"dataset '{self.name}' is your own folder of {self.noun}: name it with "
                f"--data-dir; {self.wanted()} (docs/your-data.md)"
            )
        if not data_dir.is_dir():
            raise UserError(f"--data-dir {data_dir} is no folder")
        self.root = data_dir
        told = data_dir / METADATA
        try:
            files = self._from_metadata(told) if told.is_file() else self._from_folders()
        except (UnicodeDecodeError, csv.Error) as error:
            raise UserError(f"{told} cannot be read: {error}; save it as UTF-8") from error
        if not files:
            raise UserError(
                f"--data-dir {data_dir} holds no {self.noun} ({', '.join(self.suffixes)}) in "
                f"folders named for their classes: {self.wanted()} (docs/your-data.md)"
            )
        sides, rule = assign_splits(
            [file.label for file in files],
            [file.subject for file in files],
            [file.given for file in files],
            data_dir,
        )
        self.entries = list(zip(files, sides, strict=True))
        classes = tuple(sorted({file.label for file in files}))
        self.tasks = (Task("label", classes, rule),)
        settings = [path for path in (told, data_dir / SETTINGS_FILE) if path.is_file()]
        read = [file.path for file in files] + settings
        self.fingerprint = contents(data_dir, read)
        self.revision = digest([self.fingerprint, rule])

    def wanted(self) -> str:
        """The layout in words."""
        end = self.suffixes[0]
        return f"it holds CLASS/*{end} or train/CLASS/*{end} and test/CLASS/*{end} or {METADATA}"

    def _paths(self) -> Iterator[Path]:
        ignored: dict[str, int] = {}
        for path in sorted(self.root.rglob("*")):
            relative = path.relative_to(self.root)
            if not path.is_file() or any(part.startswith(".") for part in relative.parts):
                continue
            if path.suffix.lower() in self.suffixes:
                yield path
            elif path.name not in (METADATA, SETTINGS_FILE):
                ignored[path.suffix] = ignored.get(path.suffix, 0) + 1
        if ignored:
            kinds = ", ".join(
                f"{count} {suffix or 'nameless'}" for suffix, count in ignored.items()
            )
            self.remarks.append(f"left alone, being no {self.noun}: {kinds}")

    def _from_folders(self) -> list[LabelledFile]:
        files, loose = [], []
        for path in self._paths():
            *folders, _ = path.relative_to(self.root).parts
            given = None
            if folders and folders[0].lower() in NAMES:
                given = split_name(folders[0], str(path))
                folders = folders[1:]
            if folders:
                files.append(LabelledFile(path, folders[0], None, given))
            else:
                loose.append(path)
        if loose:
            self.remarks.append(f"left alone, being in no class folder: {_names(loose)}")
        return files

    def _from_metadata(self, path: Path) -> list[LabelledFile]:
        files: list[LabelledFile] = []
        absent: list[LabelledFile] = []
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or []
            for column in ("file_name", "label"):
                if column not in columns:
                    raise UserError(
                        f"{path} has no column '{column}'; it needs file_name and label, and may "
                        f"have subject and split"
                    )
            for number, row in enumerate(rows, start=2):
                if not row["file_name"] or not row["label"]:
                    raise UserError(f"{path}, line {number}: file_name or label is empty")
                given = row.get("split") or None
                entry = LabelledFile(
                    self.root / row["file_name"],
                    row["label"],
                    row.get("subject") or None,
                    split_name(given, f"{path}, line {number}") if given else None,
                )
                (files if entry.path.is_file() else absent).append(entry)
        if absent:
            names = _names([entry.path for entry in absent])
            self.remarks.append(f"named in {METADATA} but not there, so left out: {names}")
        return files


def _names(paths: list[Path]) -> str:
    shown = ", ".join(path.name for path in paths[:5])
    return f"{len(paths)} files ({shown}{', ...' if len(paths) > 5 else ''})"
