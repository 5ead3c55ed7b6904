"""Any table: a CSV, Parquet or ARFF file whose ``--target`` column holds the label.

What a column holds is decided over all rows of all files (:mod:`vmbench_domains.own.profile`).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

from vmbench.config import digest
from vmbench.data.dataset import SPLITS, BoundDataset, Example, Inputs, Source, Split, Task
from vmbench.data.specs import Vector
from vmbench.errors import UserError, unknown_name
from vmbench.storage.contents import contents
from vmbench_domains.own.arff import ArffFile
from vmbench_domains.own.columns import Cells, one_text
from vmbench_domains.own.folder import CARD
from vmbench_domains.own.settings import SETTINGS_FILE, read_settings
from vmbench_domains.own.splits import assign_partly, splits_of_files
from vmbench_domains.own.tables import find_tables
from vmbench_domains.source import FileDataset
from vmbench_domains.tabular.survey import SPLIT, SUBJECT, Survey, Tables
from vmbench_domains.tabular.table_labels import FEW_CODES, OWN_KINDS, TableLabels, mixed
from vmbench_domains.tabular.table_remarks import remarks_of

RESERVED = (SUBJECT, SPLIT)
MOST_CATEGORIES = 64  # a text column of more values is taken for names or free text
SETTINGS = {"target": str, "drop": list, "text": list, "kind": str}
NO_SIDE, UNLABELLED = -1, len(SPLITS)  # of rows that are left out, or have no label
NO_LABELS = "none"  # what --target says where there are none
READ_AS = 2  # changes when the same files are read otherwise
Floats = npt.NDArray[np.float32]
LEFT_OUT = {
    "vacant": "left out, being without a value: {1}",
    "counters": "left out, as it only counts the rows: {1}",
    "times": "left out, being dates or times: {1}; make numbers of what matters of them, e.g. an "
    "age or an hour",
    "texts": "left out, being texts of more than {0} values: {1}",
    "names": "left out, being another text in every row: {1}",
}


class Table(FileDataset):
    """Your own table: numbers as they are, texts one-hot, one row an example.

    A missing number becomes the mean of the training rows, a missing category zeros. A column
    ``subject`` keeps the rows of one subject on one side; ``split``, or files and folders named
    train, val and test, say which side a row is on. A target of texts or few whole numbers is a
    class, any other number a regression. Rows without a label are pretrained on; ``--target none``
    says that no row has one.
    """

    name = "table"
    card = CARD
    generic = True
    places = (".",)
    normalize = "channel"
    reserved: ClassVar[tuple[str, ...]] = RESERVED

    spec: Vector
    kind: str | None

    def inspect(self, target: str | None) -> None:
        """Read the files once, chunk by chunk: columns, classes, categories, missing values."""
        if self.data_dir is None:
            raise UserError(
                f"dataset '{self.name}' is your own table: name a CSV or Parquet file, or its "
                f"folder, with --data-dir, and the label's column with --target"
            )
        self.inspect_at(self.data_dir, target)

    def bind_like(
        self,
        data_dir: Path | None,
        target: str | None,
        usual: str | None,
        known: Inputs,
        fill: Sequence[float],
    ) -> BoundDataset:
        """The table as features that are known already."""
        from vmbench_domains.tabular.known_table import bind_known

        return bind_known(data_dir, target, usual, known, fill)

    def inspect_at(self, place: Path, target: str | None) -> None:
        """:meth:`inspect` of the file or folder ``place``."""
        self.paths = find_tables(place)
        settings = read_settings(place, SETTINGS) if place.is_dir() else {}
        self._root = root = place if place.is_dir() else place.parent
        by_file = splits_of_files(root, self.paths)
        self.tables = Tables.open(self.paths)
        named = target or settings.get("target") or self._by_custom()
        self.target, self.kind = self._target(named, settings)
        self.tables.compare()
        dropped = self._listed(settings, "drop", root)
        self._texts = {*self._listed(settings, "text", root), *self._texts_by_type()}
        told = self._told()
        kept = {*self.tables.names} - {self.target, *told.values(), *dropped}
        columns = self._cells_alone([name for name in self.tables.names if name in kept])
        survey = Survey(self.tables, columns, self.target, told, self._texts)
        if not survey.labels:
            raise UserError(f"{place} has no rows")
        self.remarks.extend(self.tables.remarks)
        empty = [p.name for p, size in zip(self.paths, survey.sizes, strict=True) if not size]
        if empty:
            self.remarks.append(f"without a row: {', '.join(empty)}")
        self._choose_columns(columns, survey)
        self._set_task(survey, by_file, place)
        self.inputs = Inputs(
            "as in the table",
            (*self.numeric, *(f"{c}={v}" for c, values in self.categories.items() for v in values)),
        )
        self.spec = Vector(len(self.inputs.channels))
        self._say(survey)
        said = place / SETTINGS_FILE
        self.fingerprint = contents(root, [*self.paths, *([said] if said.is_file() else [])])
        kind = [] if self.kind == "multiclass" else [self.kind]
        texts = [sorted(self._texts)] if self._texts else []
        self.revision = digest(
            [READ_AS, self.fingerprint, self.target, dropped, *self.rule, *kind, *texts]
        )

    def _by_custom(self) -> str | None:
        """The last attribute, where ARFF files have their class; no other format says as much."""
        if not all(isinstance(file, ArffFile) for file in self.tables.files):
            return None
        last = list(self.tables.files[0].columns)[-1]
        self.remarks.append(f"the label is the last attribute, '{last}' (--target names another)")
        return last

    def _target(
        self, named: str | None, settings: Mapping[str, Any]
    ) -> tuple[str | None, str | None]:
        """The target's column (None: no labels) and the kind that the user named, if any.

        Where no kind is named, the values decide.
        """
        columns, kind = self.tables.names, settings.get("kind")
        path = self.paths[0]
        if named is None:
            raise UserError(
                f"which column of {path} is the label? name it with --target "
                f"({', '.join(columns)}), or pretrain without labels (--target {NO_LABELS})"
            )
        target = normalize("NFC", named).strip()
        if target.lower() == NO_LABELS and target not in columns:
            return None, None
        if target not in columns and ":" in target:
            target, _, kind = target.rpartition(":")
        if kind is not None and kind not in OWN_KINDS:
            raise unknown_name("kind of --target", kind, OWN_KINDS)
        for file in self.tables.files:
            if target not in file.columns:
                first = file is self.tables.files[0]
                raise UserError(
                    f"{file.path} has no column '{target}'; it has {', '.join(file.columns)}"
                    + ("" if first else ": label its rows, or take the file away")
                )
            for name in {target, *self.reserved}.intersection(file.doubled):
                raise UserError(
                    f"{file.path} has two columns called '{name}': rename the one that is not meant"
                )
        if "other" in self.tables.kinds(target):
            raise UserError(
                f"--target {target}: a column of {self.tables.stored(target)} is no label"
            )
        return target, kind

    def _listed(self, settings: Mapping[str, Any], setting: str, root: Path) -> list[str]:
        """The columns that a setting lists."""
        names = [normalize("NFC", str(name)).strip() for name in settings.get(setting, [])]
        for name in names:
            if name not in self.tables.names:
                raise unknown_name(
                    f"column in {setting} of {root / SETTINGS_FILE}", name, self.tables.names
                )
        return names

    def _told(self) -> dict[str, str]:
        """The columns that say subject and split, however their names are capitalised."""
        told: dict[str, str] = {}
        for name in self.reserved:
            found = [c for c in self.tables.names if c.lower() == name and c != self.target]
            if name in found or len(found) == 1:
                told[name] = name if name in found else found[0]
        return told

    def _texts_by_type(self) -> set[str]:
        """Columns that a file calls texts, or that are numbers in one and times in another."""
        kinds = {name: self.tables.kinds(name) for name in self.tables.names}
        return {
            name
            for name, found in kinds.items()
            if "text" in found or ("time" in found and len(found) > 1)
        }

    def _cells_alone(self, columns: list[str]) -> list[str]:
        """The columns whose cells a reader can take; times are left out, lists refused."""
        for name in columns:
            if "other" in self.tables.kinds(name):
                raise UserError(
                    f"{self.paths[0]}: column '{name}' holds {self.tables.stored(name)}, and a "
                    f"cell must be one number or text: make a column of each, or leave it out "
                    f'(drop = ["{name}"] in {SETTINGS_FILE}, in the folder that --data-dir names)'
                )
        times = [name for name in columns if self.tables.kinds(name) == {"time"}]
        self._times = times
        return [name for name in columns if name not in times]

    def _choose_columns(self, columns: list[str], survey: Survey) -> None:
        """Which columns become numbers, which categories, and which are left out and why."""
        self.numeric: list[str] = []
        self.categories: dict[str, list[str]] = {}
        left: dict[str, list[str]] = {reason: [] for reason in LEFT_OUT}
        left["times"] += self._times
        for name in columns:
            profile = survey.profiles[name]
            text = name in self._texts
            if text and profile.numeric and len(profile.distinct) > FEW_CODES:
                self.remarks.append(
                    f"column '{name}' is of texts, as its file or {SETTINGS_FILE} says, though all "
                    f"of them are numbers: store them as numbers if they measure something"
                )
            if profile.rows == profile.sorts["empty"] or (profile.vacant and not text):
                left["vacant"].append(name)
            elif profile.numeric and not text:
                (left["counters"] if profile.counts_rows else self.numeric).append(name)
            elif profile.sorts["time"] == profile.filled:
                left["times"].append(name)
            else:
                values = {one_text(value) for value in profile.distinct} - {""}
                odd = None if text else profile.odd()
                in_settings = (
                    f'text = ["{name}"] or drop = ["{name}"] in {SETTINGS_FILE}, in the folder '
                    f"that --data-dir names"
                )
                if odd is not None and len(values) > FEW_CODES:
                    raise mixed(profile, odd, in_settings)
                if odd is not None:
                    self.remarks.append(
                        f"column '{name}' is read as {len(values)} categories, though most of its "
                        f"values look like numbers: {odd} does not read as one"
                    )
                if len(values) > MOST_CATEGORIES:
                    left["texts"].append(name)
                elif len(values) == profile.rows >= FEW_CODES:
                    left["names"].append(name)
                else:
                    self.categories[name] = sorted(values)
        for reason, names in left.items():
            if names:
                self.remarks.append(LEFT_OUT[reason].format(MOST_CATEGORIES, ", ".join(names)))
        self.columns = [c for c in columns if c in self.numeric or c in self.categories]
        if not self.columns:
            besides = f" besides '{self.target}'" if self.target else ""
            why = "; ".join(r for r in self.remarks if r.startswith("left out"))
            raise UserError(
                f"{self.paths[0]} has no column{besides} to learn from"
                + (f" ({why})" if why else "")
            )

    def _set_task(self, survey: Survey, by_file: Sequence[Split | None], where: Path) -> None:
        """The task, and the label, side and subject of every row."""
        labels, classes = survey.labels, list[str]()
        found = None
        if self.target is None:
            self.no_task = f"--target {NO_LABELS} says that no row has a label"
        else:
            found = TableLabels(survey, self.target, self.kind)
            self.remarks.extend(found.remarks)
            self.kind, labels, classes = found.kind, found.written, found.classes
        labelled = [bool(label) for label in labels]
        assigned = assign_partly(
            labelled,
            labels if classes else [""] * len(labels),
            survey.groups,
            self._given(survey, by_file),
            where,
            of="each class" if classes else "the rows",
            noun="rows",
        )
        self.remarks.extend(assigned.remarks)
        # Of tables without such rows, the revision is what it was before they were read.
        self.rule = [assigned.rule, *(["unlabelled"] if any(assigned.bare) else [])]
        self._sides = np.full(len(labels), NO_SIDE, np.int8)
        self._sides[assigned.bare] = UNLABELLED
        self._groups = survey.groups
        self._labels_of = np.zeros(len(labels), np.int64 if classes else np.float64)
        if found is None or self.target is None:
            return
        kept = np.flatnonzero(labelled).tolist()
        if not kept:
            raise UserError(
                f"{where}: no row has a label in the column '{self.target}'; say --target "
                f"{NO_LABELS} if none has"
            )
        self.tasks = (Task(self.target, tuple(classes), assigned.rule, kind=found.kind),)
        self._labels_of[kept] = found.values(kept, f"{where}: --target {self.target}")
        self._sides[kept] = [SPLITS.index(side) for side in assigned.sides if side]

    def _given(self, survey: Survey, by_file: Sequence[Split | None]) -> list[Split | None]:
        """The split that the column or the file names for each row."""
        if not any(by_file):
            return survey.given
        files = [
            side for side, size in zip(by_file, survey.sizes, strict=True) for _ in range(size)
        ]
        for row, (told, side) in enumerate(zip(survey.given, files, strict=True), start=1):
            if told is not None and told != side:
                raise UserError(
                    f"{self.paths[0].parent}: the column 'split' says {told} where the file is "
                    f"one of {side} (row {row} of all): rename the files or remove the column"
                )
        return files

    def _say(self, survey: Survey) -> None:
        task = next(iter(self.tasks), None)
        said = remarks_of(survey, task, self.numeric, self.categories)
        self.remarks.extend(said)
        if task is not None and self.target is not None:
            told = f"--target {self.target} is read as {task.summary}"
            if survey.profiles[self.target].numeric:
                other = "multiclass" if self.kind == "regression" else "regression"
                told += f": {self.target}:{other} would change that"
            self.remarks.append(told)
        self._profiles = {name: survey.profiles[name] for name in self.numeric}
        self._gaps = any(profile.missing for profile in self._profiles.values())

    def examples(self) -> Iterator[Example]:
        """Yield every row, in the order of the files."""
        fill = self._means() if self._gaps else np.zeros(len(self.numeric), np.float32)
        start = 0
        first: dict[Path, int] = {}  # row of all -> of its file
        for file, chunk in self.tables.chunks(self.columns, self._texts):
            features = self._features(chunk.cells, fill)
            self._same(start + len(features), last=False)
            before = first.setdefault(file.path, start)
            for row, x in enumerate(features, start=start):
                side = self._sides[row]
                source = Source(str(file.path.relative_to(self._root)), row - before)
                if side == UNLABELLED:
                    yield Example(x, {}, {}, self._groups[row], source)
                elif side != NO_SIDE:
                    (task,) = self.tasks
                    label = self._labels_of[row].item()
                    yield Example(
                        x,
                        {task.name: label},
                        {task.name: SPLITS[side]},
                        self._groups[row],
                        source,
                    )
            start += len(features)
        self._same(start, last=True)

    def _same(self, rows: int, *, last: bool) -> None:
        """Raise :class:`UserError` if there are more rows than the first pass saw, or fewer."""
        if rows > len(self._sides) or (last and rows < len(self._sides)):
            raise UserError(f"{self.paths[0]} changed while it was read: do it again")

    def _features(self, cells: Mapping[str, Cells], fill: Floats) -> npt.NDArray[np.float32]:
        """Features (N, F): the numbers, then each category's one-hot block."""
        rows = len(cells[self.columns[0]])
        x = np.zeros((rows, self.spec.numel), np.float32)
        for place, name in enumerate(self.numeric):
            numbers = self._profiles[name].numbers(cells[name])
            x[:, place] = np.where(np.isnan(numbers), fill[place], numbers)
        start = len(self.numeric)
        for name, values in self.categories.items():
            code = {value: start + i for i, value in enumerate(values)}
            texts = cells[name]
            known = {text: code.get(one_text(str(text)), -1) for text in set(texts)}
            columns = np.array([known[text] for text in texts], np.int64)
            there = np.flatnonzero(columns >= 0)
            x[there, columns[there]] = 1
            start += len(values)
        return x

    def _means(self) -> Floats:
        """Mean of every numeric column over the training rows that have it.

        Those are the labelled ones, so that the others change none of them; all where none is.
        """
        total, count, start = np.zeros(len(self.numeric)), np.zeros(len(self.numeric)), 0
        train = self._sides == (SPLITS.index("train") if self.tasks else UNLABELLED)
        for _, chunk in self.tables.chunks(self.numeric, self._texts):
            stop = start + len(chunk.lines)
            self._same(stop, last=False)
            for place, name in enumerate(self.numeric):
                numbers = self._profiles[name].numbers(chunk.cells[name])[train[start:stop]]
                known = numbers[~np.isnan(numbers)]
                total[place] += known.sum()
                count[place] += len(known)
            start = stop
        return (total / np.maximum(count, 1)).astype(np.float32)

    def write_files(self, root: Path) -> None:
        """Forty rows with a number and a category, and the setting that names the label."""
        colours, kinds = ("red", "blue"), ("a", "b", "b")
        rows = [f"{i / 2},{colours[i % 2]},{kinds[i % 3]}" for i in range(40)]
        (root / "things.csv").write_text("\n".join(["size,colour,kind", *rows]) + "\n")
        (root / SETTINGS_FILE).write_text('target = "kind"\n')
