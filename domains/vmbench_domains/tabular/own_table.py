"""Any table: a CSV or Parquet file whose ``--target`` column holds the label.

A target of numbers is a regression if it has a fraction or more than ``MOST_WHOLE_NUMBERS``
different values, and otherwise classes, as texts are. ``--target NAME:regression``,
``--target NAME:multiclass`` or ``kind`` in ``vmbench.toml`` say otherwise.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from math import isfinite, nan
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from vmbench.config import digest
from vmbench.contents import contents
from vmbench.dataset import Example, Kind, Label, Split, Task
from vmbench.errors import UserError, unknown_name
from vmbench.specs import Vector
from vmbench_domains.own.folder import CARD
from vmbench_domains.own.settings import SETTINGS_FILE, read_settings
from vmbench_domains.own.splits import assign_splits, split_name
from vmbench_domains.own.tables import cell_text, find_tables, read_chunks, read_header
from vmbench_domains.source import FileDataset
from vmbench_domains.tabular.table import encode

RESERVED = ("subject", "split")
MOST_CATEGORIES = 64  # a text column of more values is taken for names or free text
MOST_CLASSES = 1000
MOST_WHOLE_NUMBERS = 50  # more different numbers than that are taken for a quantity
SETTINGS = {"target": str, "drop": list, "kind": str}
OWN_KINDS: tuple[Kind, ...] = ("multiclass", "regression")


class Table(FileDataset):
    """Your own table: numbers as they are, texts one-hot, one row an example.

    A missing number becomes the mean of the training rows, a missing category zeros. A column
    ``subject`` keeps the rows of one subject on one side; ``split`` says train, val or test. A
    target of texts or few whole numbers is a class, any other number a regression.
    """

    name = "table"
    card = CARD
    generic = True
    places = (".",)
    normalize = "channel"
    reserved: ClassVar[tuple[str, ...]] = RESERVED

    kind: Kind | None

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """Read the file once, chunk by chunk: columns, classes, categories, missing values."""
        if data_dir is None:
            raise UserError(
                f"dataset '{self.name}' is your own table: name a CSV or Parquet file, or its "
                f"folder, with --data-dir, and the label's column with --target"
            )
        self.paths = find_tables(data_dir)
        settings = read_settings(data_dir, SETTINGS) if data_dir.is_dir() else {}
        columns = read_header(self.paths[0])
        wanted, self.kind = self._kind(target or settings.get("target"), settings, columns)
        self.target = self._target(wanted, columns)
        dropped = [str(column) for column in settings.get("drop", [])]
        self.columns = [c for c in columns if c not in (self.target, *self.reserved, *dropped)]
        self._told = [c for c in self.reserved if c in columns]
        self._survey(data_dir)
        told = data_dir / SETTINGS_FILE
        root = data_dir if data_dir.is_dir() else data_dir.parent
        self.fingerprint = contents(root, [*self.paths, *([told] if told.is_file() else [])])
        rule = self.tasks[0].split_rule
        kind = [] if self.kind == "multiclass" else [self.kind]
        self.revision = digest([self.fingerprint, self.target, dropped, rule, *kind])

    @staticmethod
    def _kind(
        target: str | None, settings: Mapping[str, Any], columns: list[str]
    ) -> tuple[str | None, Kind | None]:
        """The target's column and the kind that the user named; None: the values decide."""
        named = settings.get("kind")
        if target is not None and target not in columns and ":" in target:
            target, _, named = target.rpartition(":")
        if named is not None and named not in OWN_KINDS:
            raise unknown_name("kind of --target", named, OWN_KINDS)
        return target, named

    def _target(self, target: str | None, columns: list[str]) -> str:
        if target is None:
            raise UserError(
                f"which column of {self.paths[0]} is the label? name it with --target "
                f"({', '.join(columns)})"
            )
        for path in self.paths:
            found = read_header(path)
            if target not in found:
                raise UserError(f"{path} has no column '{target}'; it has {', '.join(found)}")
            if found != columns:
                raise UserError(f"{path} and {self.paths[0].name} have different columns")
        return target

    def _frames(self) -> Iterator[Any]:
        for path in self.paths:
            yield from read_chunks(path, [*self.columns, self.target, *self._told])

    def _survey(self, where: Path) -> None:
        labels: list[str] = []
        groups: list[str | None] = []
        given: list[Split | None] = []
        missing: Counter[str] = Counter()
        values: dict[str, set[str]] = {}
        words: set[str] = set()
        numbers = True
        for frame in self._frames():
            labels += [cell_text(value) for value in frame[self.target]]
            numbers = numbers and frame[self.target].dtype.kind in "iuf"
            subjects = frame["subject"] if "subject" in self._told else [None] * len(frame)
            splits = frame["split"] if "split" in self._told else [None] * len(frame)
            groups += [cell_text(value) or None for value in subjects]
            told = [cell_text(value) for value in splits]
            given += [split_name(side, str(where)) if side else None for side in told]
            for column in self.columns:
                missing[column] += int(frame[column].isna().sum())
                if not _is_number(frame[column]):
                    words.add(column)
                seen = values.setdefault(column, set())
                if len(seen) <= MOST_CATEGORIES:
                    seen.update(cell_text(v) for v in frame[column].dropna().unique())
        if not labels:
            raise UserError(f"{where} has no rows")
        self._choose_columns(words, values)
        found = set(labels) - {""}
        self.kind = self.kind or _kind_of(found, numbers)
        if self.kind == "regression":
            classes: list[str] = []
            value = _targets(found, f"{where}: --target {self.target}")
        else:
            classes = sorted(found, key=_numbers_first)
            value = {label: code for code, label in enumerate(classes)}
            if len(classes) > MOST_CLASSES or len(classes) < 2:
                raise UserError(
                    f"--target {self.target} has {len(classes)} different values: a class is "
                    f"needed, of 2 to {MOST_CLASSES}; numbers that are a quantity are "
                    f"--target {self.target}:regression"
                )
        kept = [row for row, label in enumerate(labels) if label]
        sides, rule = assign_splits(
            [labels[row] if classes else "" for row in kept],
            [groups[row] for row in kept],
            [given[row] for row in kept],
            where,
            "each class" if classes else "the rows",
        )
        self.tasks = (Task(self.target, tuple(classes), rule, kind=self.kind),)
        self.spec = Vector(len(self.numeric) + sum(map(len, self.categories.values())))
        self._rows: list[tuple[Label, Split | None, str | None]] = [(-1, None, None)] * len(labels)
        for row, side in zip(kept, sides, strict=True):
            self._rows[row] = (value[labels[row]], side, groups[row])
        self._note(missing, len(labels), len(labels) - len(kept))
        self.remarks.append(
            f"--target {self.target} is read as {self.tasks[0].summary}: {self.target}:"
            f"{'multiclass' if self.kind == 'regression' else 'regression'} would change that"
        )

    def _choose_columns(self, words: set[str], values: dict[str, set[str]]) -> None:
        names = [c for c in self.columns if c in words and len(values[c]) > MOST_CATEGORIES]
        if names:
            self.remarks.append(
                f"left out, being texts of more than {MOST_CATEGORIES} values: {', '.join(names)}"
            )
        self.columns = [c for c in self.columns if c not in names]
        self.numeric = [c for c in self.columns if c not in words]
        self.categories = {c: sorted(values[c]) for c in self.columns if c in words}
        if not self.columns:
            raise UserError(f"{self.paths[0]} has no column besides '{self.target}' to learn from")

    def _note(self, missing: Counter[str], count: int, unlabelled: int) -> None:
        self.remarks.append(
            f"{count} rows, {len(self.numeric)} numeric columns, {len(self.categories)} categories "
            f"({sum(map(len, self.categories.values()))} values)"
        )
        gaps = {c: n for c, n in missing.items() if n and c in self.columns}
        if gaps:
            shares = ", ".join(f"{column} {n / count:.1%}" for column, n in gaps.items())
            self.remarks.append(
                f"missing values ({shares}): numbers become the training mean, categories zeros"
            )
        if unlabelled:
            self.remarks.append(f"{unlabelled} rows without a label are left out")
        self._gaps = any(c in self.numeric for c in gaps)

    def examples(self, data_dir: Path | None) -> Iterator[Example]:
        """Yield every row that has a label, in the order of the files."""
        fill = self._means() if self._gaps else np.zeros(len(self.numeric), np.float32)
        task, row = self.tasks[0].name, 0
        for frame in self._frames():
            for x in self._features(frame, fill):
                label, side, subject = self._rows[row]
                row += 1
                if side is not None:
                    yield Example(x, {task: label}, {task: side}, subject)

    def _features(self, frame: Any, fill: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        for column in self.categories:
            frame[column] = [cell_text(value) for value in frame[column]]
        features = encode(frame, self.numeric, self.categories)
        numbers = features[:, : len(fill)]
        features[:, : len(fill)] = np.where(np.isfinite(numbers), numbers, fill)
        return features

    def _means(self) -> npt.NDArray[np.float32]:
        """Mean of every numeric column over the training rows that have it."""
        total, count, row = np.zeros(len(self.numeric)), np.zeros(len(self.numeric)), 0
        for frame in self._frames():
            trains = [side == "train" for _, side, _ in self._rows[row : row + len(frame)]]
            row += len(frame)
            numbers = frame.loc[trains, self.numeric].to_numpy(np.float64)
            known = np.isfinite(numbers)
            total += np.where(known, numbers, 0).sum(axis=0)
            count += known.sum(axis=0)
        return (total / np.maximum(count, 1)).astype(np.float32)

    def write_files(self, root: Path) -> None:
        """Forty rows with a number and a category, and the setting that names the label."""
        colours, kinds = ("red", "blue"), ("a", "b", "b")
        rows = [f"{i},{colours[i % 2]},{kinds[i % 3]}" for i in range(40)]
        (root / "things.csv").write_text("\n".join(["size,colour,kind", *rows]) + "\n")
        (root / SETTINGS_FILE).write_text('target = "kind"\n')


def _kind_of(values: set[str], numbers: bool) -> Kind:
    """The rule at the head of this module.

    >>> _kind_of({"1", "2"}, True), _kind_of({"1", "2.5"}, True), _kind_of({"1", "b"}, False)
    ('multiclass', 'regression', 'multiclass')
    """
    quantity = numbers and (
        len(values) > MOST_WHOLE_NUMBERS or any(not float(text).is_integer() for text in values)
    )
    return "regression" if quantity else "multiclass"


def _targets(values: set[str], where: str) -> dict[str, Label]:
    """Text -> real target; raises :class:`UserError` naming one that is no finite number."""
    found: dict[str, Label] = {}
    for text in values:
        try:
            found[text] = float(text)
        except ValueError:
            found[text] = nan
    if bad := sorted(text for text, value in found.items() if not isfinite(cast(float, value))):
        raise UserError(f"{where} is no number in some rows, e.g. '{bad[0]}': mend or empty them")
    return found


def _is_number(column: Any) -> bool:
    return bool(column.dtype.kind in "biuf")


def _numbers_first(text: str) -> tuple[bool, float, str]:
    try:
        return (False, float(text), text)
    except ValueError:
        return (True, 0.0, text)
