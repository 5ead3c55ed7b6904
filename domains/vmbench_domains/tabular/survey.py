"""One pass over a user's tables: what every column holds, the labels, subjects and splits."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmbench.dataset import Split
from vmbench.errors import UserError
from vmbench_domains.own.columns import Cells, Chunk, RowFile, cell_text, one_text
from vmbench_domains.own.profile import KEPT, Profile
from vmbench_domains.own.splits import split_name
from vmbench_domains.own.tables import open_table, read_chunks

SUBJECT, SPLIT = "subject", "split"


@dataclass
class Tables:
    """Files of the same columns, read one after the other.

    Attributes:
        files: of which each has these columns, in its own order.
        names: of the columns, in the first file's order.
        remarks: what was mended while reading.
    """

    files: Sequence[RowFile]
    names: list[str]

    @classmethod
    def open(cls, paths: Sequence[Path]) -> "Tables":
        """Read the headers; raises :class:`UserError` if the files have different columns."""
        files = [open_table(path) for path in paths]
        names = [column.name for column in files[0].columns]
        for file in files[1:]:
            found = {column.name for column in file.columns}
            if found != set(names):
                lacking = [f"lacks {name}" for name in names if name not in found]
                more = [f"has {c.name}" for c in file.columns if c.name not in names]
                raise UserError(
                    f"{file.path} and {paths[0].name} have different columns: the former "
                    f"{', '.join([*lacking, *more])}"
                )
        return cls(files, names)

    @property
    def remarks(self) -> list[str]:
        """What was mended in the files, each thing once."""
        found: dict[str, list[str]] = {}
        for file in self.files:
            for remark in file.remarks:
                found.setdefault(remark, []).append(file.path.name)
        return [
            f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {remark}"
            for remark, names in found.items()
        ]

    def kinds(self, name: str) -> set[str]:
        """What the files say of a column."""
        return {c.kind for file in self.files for c in file.columns if c.name == name}

    def stored(self, name: str) -> str:
        """The first file's word for a column's type."""
        return next(c.stored for c in self.files[0].columns if c.name == name)

    def chunks(
        self, names: Sequence[str], texts: Collection[str]
    ) -> Iterator[tuple[RowFile, Chunk]]:
        """Some columns of every file, in chunks, with the file that they are of."""
        for file in self.files:
            for chunk in read_chunks(file, names, texts):
                yield file, chunk


class Names:
    """Texts of a column of names, one for all ways to write it; equal ones share their memory."""

    def __init__(self) -> None:
        self.one: dict[str, str] = {}

    def of(self, cells: Cells) -> list[str]:
        """The names of some cells."""
        known = self.one
        for text in set(cells).difference(known):
            known[text] = one_text(text)
        return [known[text] for text in cells]


class Survey:
    """The columns, labels, subjects and splits of all rows.

    Args:
        tables: the files.
        columns: that may become features.
        target: the label's column.
        told: those of ``subject`` and ``split`` that there are.
        texts: columns whose cells are texts even where they look like numbers.

    Attributes:
        profiles: of every column and the target.
        labels: of each row, empty where missing.
        groups: the subject of each, or None throughout.
        given: the split of each as the column says, or None throughout.
        sizes: rows of each file.
        twins: columns each of whose values stands with one label, and each label with one value.
        telling: columns each of whose few values stands with one label, though not the reverse.
    """

    def __init__(
        self,
        tables: Tables,
        columns: Sequence[str],
        target: str,
        told: Sequence[str],
        texts: Collection[str],
    ) -> None:
        self.profiles = {name: Profile(name) for name in (*columns, target)}
        self.labels: list[str] = []
        self.groups: list[str | None] = []
        self.given: list[Split | None] = []
        self.sizes: list[int] = [0] * len(tables.files)
        names, people, sides = Names(), Names(), dict[str, Split | None]()
        pairs: dict[str, dict[str | float, str]] = {name: {} for name in columns}
        place = {id(file): i for i, file in enumerate(tables.files)}
        same = set(columns)
        for file, chunk in tables.chunks([*columns, target, *told], {*texts, target, *told}):
            labels = names.of(chunk.cells[target])
            self.labels += labels
            self.sizes[place[id(file)]] += len(labels)
            self.groups += (
                [name or None for name in people.of(chunk.cells[SUBJECT])]
                if SUBJECT in told
                else [None] * len(labels)
            )
            self.given += self._sides(chunk, file, sides) if SPLIT in told else [None] * len(labels)
            for name, profile in self.profiles.items():
                profile.add(chunk.cells[name], chunk.lines, file)
            same = {name for name in same if _equal(chunk.cells[name], chunk.cells[target])}
            for name in list(pairs):
                if not _agree(pairs[name], chunk.cells[name], labels):
                    del pairs[name]
        classes = set(self.labels) - {""}
        self.spellings = names.one
        self.twins, self.telling = sorted(same), list[str]()
        for name, pair in pairs.items():
            if name in same:
                continue
            if len(pair) == len(set(pair.values())) == len(classes) > 1:
                self.twins.append(name)
            elif 1 < len(set(pair.values())) == len(classes) and 5 * len(pair) <= len(self.labels):
                self.telling.append(name)

    @staticmethod
    def _sides(chunk: Chunk, file: RowFile, known: dict[str, Split | None]) -> list[Split | None]:
        cells = chunk.cells[SPLIT]
        for text, line in zip(cells, chunk.lines, strict=True):
            if text not in known:
                where = f"{file.path}, {file.counted} {line}"
                known[str(text)] = split_name(text, where) if text else None
        return [known[str(text)] for text in cells]

    def alike(self) -> list[list[str]]:
        """Labels that differ in capitals or in how their number is written alone."""
        groups: dict[object, set[str]] = defaultdict(set)
        for label in set(self.spellings.values()) - {""}:
            groups[_loosely(label)].add(label)
        return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def _loosely(label: str) -> object:
    try:
        return float(label)
    except ValueError:
        return " ".join(label.casefold().split())


def _agree(pairs: dict[str | float, str], cells: Cells, labels: list[str]) -> bool:
    """Note which label stands with each value; False once a value has two, or there are many."""
    values = cells if isinstance(cells, list) else cells.tolist()
    for value, label in set(zip(values, labels, strict=True)):
        if label and pairs.setdefault(value, label) != label:
            return False
    return len(pairs) <= KEPT


def _equal(cells: Cells, target: Cells) -> bool:
    if isinstance(cells, list):
        return cells == target
    return [cell_text(value) for value in cells[:1].tolist()] == [
        one_text(str(text)) for text in target[:1]
    ] and [cell_text(value) for value in cells.tolist()] == [one_text(str(t)) for t in target]
