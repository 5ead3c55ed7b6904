"""A folder of files with a label or none: ``CLASS/file``, ``SPLIT/CLASS/file``, metadata.csv."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from vmbench.config import digest
from vmbench.data.dataset import Card, Split, Task
from vmbench.errors import AbsentError, UserError
from vmbench.storage.contents import contents
from vmbench_domains.own.files import Found, find_files, some
from vmbench_domains.own.layout import check_names, grouped, read_layout, sides_of
from vmbench_domains.own.metadata import METADATA, LabelledFile, Metadata, read_metadata
from vmbench_domains.own.settings import SETTINGS_FILE
from vmbench_domains.own.splits import assign_partly
from vmbench_domains.source import FileDataset

CARD = Card("yours", "yours", "docs/your-data.md", notes="One's own files; nothing leaves them.")


class LabelledFolder(FileDataset):
    """Base of the generic datasets whose examples are files, of one label each or without any.

    Class attributes:
        suffixes: of the files that are examples, lower case.
        unread: suffixes of files that would be, were they converted; one of them stops the run.
        noun: what they are, e.g. "images".

    Attributes:
        entries: every file with its side of the split; None where it has no label.
    """

    card = CARD
    generic = True
    places = (".",)
    suffixes: ClassVar[tuple[str, ...]]
    unread: ClassVar[tuple[str, ...]] = ()
    noun: ClassVar[str]
    entries: list[tuple[LabelledFile, Split | None]]

    def inspect(self, target: str | None) -> None:
        """List the files, their classes and their sides."""
        if target is not None:
            raise UserError(f"--target: the label of {self.noun} is the name of their folder")
        if self.data_dir is None:
            raise UserError(
                f"dataset '{self.name}' is your own folder of {self.noun}: name it with "
                f"--data-dir; {self.wanted()} (docs/your-data.md)"
            )
        if not self.data_dir.is_dir():
            raise AbsentError(f"--data-dir {self.data_dir} is no folder")
        self.root = self.data_dir
        found = find_files(self.root, self.suffixes, self.unread, (SETTINGS_FILE,))
        if found.unread:
            raise UserError(
                f"{self.root} holds {len(found.unread)} {self.noun} of kinds that are not read "
                f"({some(found.unread, self.root)}): convert them to {self.suffixes[0]}, or move "
                f"them away"
            )
        if not found.files and not found.dangling and not found.tables:
            raise AbsentError(
                f"--data-dir {self.root} holds no {self.noun} ({', '.join(self.suffixes)}) in "
                f"folders named for their classes: {self.wanted()} (docs/your-data.md)"
            )
        tables = self._tables(found)
        files = self._from_metadata(tables, found) if tables else self._from_folders(found)
        self._require_classes(files)
        assigned = assign_partly(
            [bool(file.label) for file in files],
            [file.label for file in files],
            [file.subject for file in files],
            [file.given for file in files],
            self.root,
            noun=self.noun,
        )
        self.remarks.extend(assigned.remarks)
        self.entries = [
            (file, side)
            for file, side, bare in zip(files, assigned.sides, assigned.bare, strict=True)
            if side or bare
        ]
        classes = tuple(sorted({file.label for file in files} - {""}))
        if classes:
            self.tasks = (Task("label", classes, assigned.rule),)
        else:
            self.no_task = self._why_none(tables)
        settings = [self.root / SETTINGS_FILE] if (self.root / SETTINGS_FILE).is_file() else []
        read = sorted({file.path for file in files} | {*tables, *settings})
        self.fingerprint = contents(self.root, read)
        marker = ["unlabelled"] if any(assigned.bare) else []
        self.revision = digest([self.fingerprint, assigned.rule, *marker])
        self.remarks.extend(self._said_of(found))

    def described(self) -> Iterator[tuple[LabelledFile, dict[str, int], dict[str, Split]]]:
        """Every file, with its class and side by task."""
        numbers = {t.name: {c: i for i, c in enumerate(t.classes)} for t in self.tasks}
        for file, side in self.entries:
            if side is None:
                yield file, {}, {}
            else:
                labels = {task: number[file.label] for task, number in numbers.items()}
                yield file, labels, dict.fromkeys(labels, side)

    def _why_none(self, tables: dict[Path, Split | None]) -> str:
        if tables:
            return f"no row of {METADATA} has a label"
        if any(file.path.parent != self.root for file, _ in self.entries):
            return f"all of its {self.noun} lie in unlabelled/"
        return (
            f"its {self.noun} lie in no class folder; if the folder is one class of several, name "
            f"the one above it ({self.root.absolute().parent}); {self.wanted()}"
        )

    def wanted(self) -> str:
        """The layout in words."""
        end = self.suffixes[0]
        return f"it holds CLASS/*{end} or train/CLASS/*{end} and test/CLASS/*{end} or {METADATA}"

    def _tables(self, found: Found) -> dict[Path, Split | None]:
        """The tables that say labels, with the side that each is for: one, or one in each side."""
        by_folder: dict[Path, Path] = {}
        for path in found.tables:
            if path.suffix.lower() != ".csv":
                raise UserError(f"{path} is not read: save it as {METADATA}, or move it away")
            if path.parent in by_folder:
                raise UserError(
                    f"{path.parent} holds {by_folder[path.parent].name} and {path.name}"
                )
            by_folder[path.parent] = path
        if self.root in by_folder:
            others = [path for path in found.tables if path.parent != self.root]
            if others:
                self.remarks.append(f"not read, {self.root} has its own: {some(others, self.root)}")
            return {by_folder[self.root]: None}
        if not by_folder:
            return {}
        sides = sides_of(self.root, grouped(self._folders([*found.files, *found.dangling])))
        if sides and by_folder.keys() == {self.root / top for top in sides}:
            return {by_folder[self.root / top]: side for top, side in sides.items()}
        lacking = sorted({self.root / top for top in sides} - by_folder.keys())
        mend = (
            f"{lacking[0]} has none"
            if sides and lacking
            else f"name {found.tables[0].parent} with --data-dir, or move the table away"
        )
        raise UserError(f"{found.tables[0]} is not in {self.root} itself: {mend}")

    def _from_folders(self, found: Found) -> list[LabelledFile]:
        if found.dangling:
            count = len(found.dangling)
            raise UserError(
                f"{self.root}: {count} of {count + len(found.files)} files are links that lead "
                f"nowhere ({some(found.dangling, self.root)}): fetch what they stand for (git "
                f"annex get, dvc pull), or remove them"
            )
        layout = read_layout(self.root, found.files)
        self.remarks.extend(layout.remarks)
        if not layout.files:  # nothing has a label, and nothing was to have one
            return [LabelledFile(path, "", None, None) for path in layout.loose]
        if layout.loose:
            self.remarks.append(
                f"left alone, being in no class folder and not in unlabelled/: {len(layout.loose)} "
                f"{self.noun} ({some(layout.loose, self.root)})"
            )
        return layout.files

    def _from_metadata(self, tables: dict[Path, Split | None], found: Found) -> list[LabelledFile]:
        files: list[LabelledFile] = []
        for path, side in tables.items():
            told = read_metadata(path, self.root, side)
            files += told.files
            if told.absent:
                raise UserError(self._absent(path, told, found))
            if told.again:
                self.remarks.append(f"{path.name} names {told.again} files twice; read once")
            if not told.files:
                raise UserError(f"{path} names no file")
        if not any(file.given for file in files):
            files = self._with_sides(files)
        named = {file.path for file in files}
        unnamed = [path for path in (*found.files, *found.dangling) if path not in named]
        if unnamed:
            self.remarks.append(
                f"left alone, being in no {METADATA}: {len(unnamed)} {self.noun} "
                f"({some(unnamed, self.root)})"
            )
        return files

    def _with_sides(self, files: list[LabelledFile]) -> list[LabelledFile]:
        """Where the table names no side and all folders do, it is theirs; one alone is none."""
        folders = self._folders([file.path for file in files])
        sides = sides_of(self.root, grouped(folders), "add a column split")
        if len(set(sides.values())) < 2 or not all(folders.values()):
            return files
        return [replace(file, given=sides[folders[file.path][0]]) for file in files]

    def _folders(self, paths: list[Path]) -> dict[Path, tuple[str, ...]]:
        return {path: path.relative_to(self.root).parts[:-1] for path in paths}

    def _absent(self, path: Path, told: Metadata, found: Found) -> str:
        names = ", ".join(told.absent[:5]) + (", ..." if len(told.absent) > 5 else "")
        total = len(told.absent) + len(told.files)
        # A name that differs in case, or lacks its suffix, is easier to see side by side.
        wanted = (path.parent / told.absent[0].replace("\\", "/")).as_posix().casefold()
        alike = [
            each
            for each in found.files
            if wanted in (each.as_posix().casefold(), each.with_suffix("").as_posix().casefold())
        ]
        near = f" (there is {alike[0].relative_to(path.parent)})" if alike else ""
        return (
            f"{path} names {total} files, of which {len(told.absent)} are not there: "
            f"{names}{near}; bring them, or take their rows out"
        )

    def _require_classes(self, files: list[LabelledFile]) -> None:
        """Two classes or none, and both sides where sides are given; else the folder to name."""
        labels = sorted({file.label for file in files} - {""})
        if not labels:
            return
        sides = {file.given for file in files if file.label}
        if None not in sides and not {"train", "test"} <= sides:
            lacking = "test" if "train" in sides else "train"
            raise UserError(
                f"{self.root}: there is {' and '.join(sorted(map(str, sides)))}, but no {lacking}: "
                f"name a part {lacking}, or name with --data-dir one folder of which all sides are "
                f"drawn"
            )
        if len(labels) > 1:
            self.remarks.extend(check_names(self.root, labels))
            return
        folder = self._inner_folder([file.path for file in files if file.label])
        if folder != self.root:
            raise UserError(
                f"--data-dir {self.root} is above the class folders: it would be one class, "
                f"{labels[0]}; name {folder}"
            )
        raise UserError(
            f"{self.root} holds one class alone ({labels[0]}), and a task needs two at least; if "
            f"the folder is one class of several, name the one above it; if it says no class, call "
            f"it unlabelled/"
        )

    def _inner_folder(self, paths: list[Path]) -> Path:
        """The first folder below the root that forks, if there are class folders in it."""
        common = Path(os.path.commonpath([path.parent for path in paths]))
        forks = {path.relative_to(common).parts[0] for path in paths if path.parent != common}
        return common if len(forks) > 1 else self.root

    def _said_of(self, found: Found) -> Iterator[str]:
        if found.others:
            kinds = ", ".join(
                f"{count} {suffix or 'nameless'}" for suffix, count in found.others.items()
            )
            yield f"left alone, being no {self.noun}: {kinds}"
        if found.circles:
            yield f"links that lead in a circle, not followed: {some(found.circles, self.root)}"
        if found.empty:
            yield f"folders without {self.noun}: {some(found.empty, self.root)}"
