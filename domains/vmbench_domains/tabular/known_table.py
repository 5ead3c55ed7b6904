"""A table read as an earlier one was: the same features from its columns, whatever else it holds.

What a column holds was decided when the encoder was pretrained; another table must not decide it
anew, nor order or number its categories otherwise. Two passes, chunk by chunk: nothing grows with
the rows.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np

from vmbench.data.dataset import BoundDataset, Example, Inputs, Source, Split, Task
from vmbench.data.specs import Vector
from vmbench.errors import AbsentError, UserError
from vmbench_domains.own.columns import Chunk, one_text
from vmbench_domains.own.profile import LIKE_NUMBERS, OTHERS, Profile
from vmbench_domains.own.settings import read_settings
from vmbench_domains.own.splits import split_name, splits_of_files
from vmbench_domains.own.tables import find_tables
from vmbench_domains.tabular.own_table import SETTINGS, Table
from vmbench_domains.tabular.survey import SPLIT, SUBJECT, Tables

NAMED = 5
NO_LABELS = "none"  # what --target says where there are none
AS_IT_SAYS = "as the table says, if it does"


class KnownTable(Table):
    """Rows as the features of a pretraining. A column for the label is taken where there is one.

    A missing number becomes the pretraining's mean; a missing category, or one that it did not
    know, zeros. The side of a row is what the table says, or unknown.
    """

    known: Inputs
    fill: Sequence[float]
    usual: str | None
    numeric: list[str]
    categories: dict[str, list[str]]

    def inspect_at(self, place: Path, target: str | None) -> None:
        """Read the files once: what is missing, what was not known, how many rows there are."""
        self.paths = find_tables(place)
        settings = read_settings(place, SETTINGS) if place.is_dir() else {}
        self._root = root = place if place.is_dir() else place.parent
        self.tables = Tables.open(self.paths)
        self.tables.compare()
        self._sides_by_file = dict(zip(self.paths, splits_of_files(root, self.paths), strict=True))
        self._find_columns()
        wanted = target or settings.get("target") or self.usual
        self.label = self._label(wanted, required=target not in (None, NO_LABELS))
        told = {name.lower(): name for name in self.tables.names if name.lower() in self.reserved}
        self._subject, self._split = told.get(SUBJECT), told.get(SPLIT)
        self.columns = [*self.numeric, *self.categories]
        own = [name for name in (self.label, self._subject, self._split) if name]
        self._read = list(dict.fromkeys([*self.columns, *own]))
        self._texts = {*self.categories, *own}
        self._survey()
        self.inputs, self.spec = self.known, Vector(len(self.known.channels))
        unread = [name for name in self.tables.names if name not in self._read]
        if unread:
            more = f" and {len(unread) - NAMED} more" if len(unread) > NAMED else ""
            self.remarks.append(
                f"not read, being no features of the pretraining: {', '.join(unread[:NAMED])}{more}"
            )

    def _find_columns(self) -> None:
        """Which columns the features are of: numbers, then ``column=value`` by column."""
        self.numeric, self.categories = [], {}
        lacking: dict[str, None] = {}
        by_length = sorted(self.tables.names, key=len, reverse=True)
        for channel in self.known.channels:
            if channel in self.tables.names:
                self.numeric.append(channel)
                continue
            column = next((c for c in by_length if channel.startswith(f"{c}=")), None)
            if column is None:
                lacking[channel.partition("=")[0]] = None
            else:
                self.categories.setdefault(column, []).append(channel[len(column) + 1 :])
        if lacking:
            raise UserError(
                f"{self.paths[0]} lacks the columns {', '.join(list(lacking)[:NAMED])}"
                f"{f' and {len(lacking) - NAMED} more' if len(lacking) > NAMED else ''}, which the "
                f"pretraining takes; it has {', '.join(self.tables.names[:NAMED])} ..."
            )
        features = [*self.numeric, *(f"{c}={v}" for c, vs in self.categories.items() for v in vs)]
        if features != list(self.known.channels):
            raise UserError(
                f"{self.paths[0]}: the pretraining's features are not numbers and then categories, "
                f"as a table gives them: read the table yourself and use vmbench.load"
            )

    def _label(self, target: str | None, *, required: bool) -> str | None:
        if target is None:
            return None
        name = normalize("NFC", target).strip()
        name = name if name in self.tables.names else name.rpartition(":")[0] or name
        if name in self.tables.names:
            return name
        if required:
            raise UserError(
                f"{self.paths[0]} has no column '{target}' for the label (--target); it has "
                f"{', '.join(self.tables.names)}"
            )
        return None

    def _survey(self) -> None:
        profiles = {name: Profile(name) for name in self.numeric}
        label = Profile(self.label) if self.label else None
        unknown = {name: Counter[str]() for name in self.categories}
        classes: set[str] = set()
        self.expected = 0
        for file, chunk in self.tables.chunks(self._read, self._texts):
            self.expected += len(chunk.lines)
            for name, profile in profiles.items():
                profile.add(chunk.cells[name], chunk.lines, file)
            for name, values in self.categories.items():
                for text, count in Counter(chunk.cells[name]).items():
                    if one_text(str(text)) not in values:
                        unknown[name][one_text(str(text))] += count
            if label is not None:
                label.add(chunk.cells[label.name], chunk.lines, file)
                classes.update(one_text(str(text)) for text in set(chunk.cells[label.name]))
        if not self.expected:
            raise UserError(f"{self.paths[0]} has no rows")
        commas = any(profile.sorts["comma"] for profile in profiles.values())
        for profile in profiles.values():
            profile.commas = commas
            self._require_numbers(profile)
        for name, counts in unknown.items():
            if found := {text: n for text, n in counts.items() if text}:
                self.remarks.append(
                    f"column '{name}': {sum(found.values())} rows of values that the pretraining "
                    f"did not know ({', '.join(list(found)[:NAMED])}) are read as missing"
                )
        self._profiles = profiles
        self._set_label(label, classes - {""})

    def _require_numbers(self, profile: Profile) -> None:
        if not profile.numeric and not profile.vacant:
            odd = next(
                (p for sort, p in profile.first.items() if sort in (*OTHERS, *LIKE_NUMBERS)), None
            )
            raise UserError(
                f"column '{profile.name}' was of numbers in the pretraining, here it is not: "
                f"{odd or 'its cells are no numbers'}"
            )
        missing = profile.rows if profile.vacant else profile.missing
        if missing:
            self.remarks.append(
                f"column '{profile.name}': {missing} missing numbers became the pretraining's mean"
            )

    def _set_label(self, label: Profile | None, classes: set[str]) -> None:
        self.tasks, self._codes, self._numbers = (), dict[str, int](), None
        if label is None or not classes:
            return
        if label.numeric:
            self._numbers = label
            self.tasks = (Task(label.name, (), AS_IT_SAYS, kind="regression"),)
        elif len(classes) > 1:
            self._codes = {text: code for code, text in enumerate(sorted(classes))}
            self.tasks = (Task(label.name, tuple(self._codes), AS_IT_SAYS),)

    def examples(self) -> Iterator[Example]:
        """Yield every row, labelled or not, in the order of the files."""
        fill = np.asarray(self.fill[: len(self.numeric)], np.float32)
        row, last = 0, None
        for file, chunk in self.tables.chunks(self._read, self._texts):
            row = row if file.path == last else 0
            last = file.path
            name = str(file.path.relative_to(self._root))
            features = self._features(chunk.cells, fill)
            labels, sides = self._labels(chunk), self._sides_of(chunk, file.path)
            groups = self._groups_of(chunk)
            for i, x in enumerate(features):
                yield Example(x, labels[i], sides[i], groups[i], Source(name, row + i))
            row += len(features)

    def _labels(self, chunk: Chunk) -> list[dict[str, Any]]:
        rows = len(chunk.lines)
        if not self.tasks:
            return [{}] * rows
        (task,) = self.tasks
        cells = chunk.cells[task.name]
        if self._numbers is not None:
            numbers = self._numbers.numbers(cells)
            return [{} if np.isnan(value) else {task.name: value.item()} for value in numbers]
        codes = [self._codes.get(one_text(str(text))) for text in cells]
        return [{} if code is None else {task.name: code} for code in codes]

    def _sides_of(self, chunk: Chunk, path: Path) -> list[Mapping[str, Split]]:
        tasks = [task.name for task in self.tasks]
        side = self._sides_by_file[path]
        if self._split is None:
            told: Mapping[str, Split] = dict.fromkeys(tasks, side) if side else {}
            return [told] * len(chunk.lines)
        found = {
            text: dict.fromkeys(tasks, split_name(text, str(path))) if str(text).strip() else {}
            for text in set(chunk.cells[self._split])
        }
        return [found[text] for text in chunk.cells[self._split]]

    def _groups_of(self, chunk: Chunk) -> list[str | None]:
        if self._subject is None:
            return [None] * len(chunk.lines)
        return [one_text(str(text)) or None for text in chunk.cells[self._subject]]


def bind_known(
    data_dir: Path | None,
    target: str | None,
    usual: str | None,
    known: Inputs,
    fill: Sequence[float],
) -> BoundDataset:
    """The table in ``data_dir`` as features that ``known`` names.

    Args:
        data_dir: a file or its folder.
        target: the label's column; None: ``usual``, if it is there.
        usual: that of the pretraining.
        known: of the pretraining.
        fill: what a missing number of each feature becomes.

    Raises:
        AbsentError: there is no table.
        UserError: a feature's column is lacking, or of another kind.
    """
    if data_dir is None:
        raise AbsentError("name your table, or its folder, with --data-dir")
    reader = KnownTable()
    reader.data_dir, reader.remarks = data_dir, []
    reader.known, reader.fill, reader.usual = known, fill, usual
    reader.inspect_at(data_dir, target)
    return BoundDataset.as_it_is(reader)
