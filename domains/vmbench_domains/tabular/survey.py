"""One pass over a user's tables: what every column holds, the labels, subjects and splits."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmbench.data.dataset import Split
from vmbench.errors import UserError
from vmbench_domains.own.columns import Cells, Chunk, RowFile, cell_text, one_text
from vmbench_domains.own.numbers import MARKERS
from vmbench_domains.own.profile import KEPT, Profile
from vmbench_domains.own.splits import split_name
from vmbench_domains.own.tables import open_table, read_chunks

SUBJECT, SPLIT = "subject", "split"
NAMED = 5
MOST_NAMES = 100_000  # that are remembered


@dataclass
class Tables:
    """Files of the same columns, read one after the other.

    Attributes:
        files: each of them in its own order of columns.
        names: of the columns, in the first file's order.
    """

    files: Sequence[RowFile]
    names: list[str]

    @classmethod
    def open(cls, paths: Sequence[Path]) -> "Tables":
        """Read the headers; raises :class:`UserError` if one cannot be read."""
        files = [open_table(path) for path in paths]
        return cls(files, list(files[0].columns))

    def compare(self) -> None:
        """Raise :class:`UserError` if the files have different columns."""
        for file in self.files[1:]:
            lacking = [f"lacks {name}" for name in self.names if name not in file.columns]
            more = [f"has {name}" for name in file.columns if name not in self.files[0].columns]
            if lacking or more:
                raise UserError(
                    f"{file.path} and {self.files[0].path.name} have different columns: the former "
                    f"{', '.join([*lacking, *more][:NAMED])}; give them the same, or take one away"
                )

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
        return {file.columns[name].kind for file in self.files}

    def stored(self, name: str) -> str:
        """The first file's word for a column's type."""
        return self.files[0].columns[name].stored

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
        if len(known) > MOST_NAMES:  # numbers, of which no two are equal
            return [one_text(str(text)) for text in cells]
        for text in set(cells).difference(known):
            known[text] = one_text(text)
        return [known[text] for text in cells]


class Survey:
    """The columns, labels, subjects and splits of all rows.

    Args:
        tables: the files.
        columns: that may become features.
        target: the label's column; None: there is none.
        told: the columns that are ``subject`` and ``split``, by these names.
        texts: columns whose cells are texts even where they look like numbers.

    Attributes:
        profiles: of every column and the target.
        labels: of each row, empty where missing.
        groups: the subject of each, or None throughout.
        given: the split of each as the column says, or None throughout.
        sizes: rows of each file.
        nameless: names of subjects that programs write where there is none.
        copies: pairs of files of the same rows.
        twins: columns each of whose values stands with one label, and each label with one value.
        telling: columns each of whose few values stands with one label, though not the reverse.
    """

    def __init__(
        self,
        tables: Tables,
        columns: Sequence[str],
        target: str | None,
        told: Mapping[str, str],
        texts: Collection[str],
    ) -> None:
        targets = [target] if target else []
        self.profiles = {name: Profile(name) for name in (*columns, *targets)}
        self.labels: list[str] = []
        self.groups: list[str | None] = []
        self.given: list[Split | None] = []
        self.sizes: list[int] = [0] * len(tables.files)
        names, people, sides = Names(), Names(), dict[str, Split | None]()
        pairs: dict[str, dict[str | float, str]] = {name: {} for name in columns}
        place = {id(file): i for i, file in enumerate(tables.files)}
        contents = [0] * len(tables.files)
        same = set(columns if target else ())
        own = [*targets, *told.values()]
        for file, chunk in tables.chunks([*columns, *own], {*texts, *own}):
            labels = names.of(chunk.cells[target]) if target else [""] * len(chunk.lines)
            self.labels += labels
            self.sizes[place[id(file)]] += len(labels)
            contents[place[id(file)]] = hash((contents[place[id(file)]], _content(chunk)))
            self.groups += (
                [name or None for name in people.of(chunk.cells[told[SUBJECT]])]
                if SUBJECT in told
                else [None] * len(labels)
            )
            self.given += (
                _sides(chunk.cells[told[SPLIT]], chunk.lines, file, sides)
                if SPLIT in told
                else [None] * len(labels)
            )
            for name, profile in self.profiles.items():
                profile.add(chunk.cells[name], chunk.lines, file)
            same = {n for n in same if target and _equal(chunk.cells[n], chunk.cells[target])}
            for name in list(pairs):
                if not _agree(pairs[name], chunk.cells[name], labels):
                    del pairs[name]
        commas = any(profile.sorts["comma"] for profile in self.profiles.values())
        for profile in self.profiles.values():
            profile.commas = commas
        self.nameless = sorted(name for name in people.one if name.lower() in MARKERS)
        self.copies = [
            (tables.files[contents.index(content)].path.name, file.path.name)
            for i, (file, content) in enumerate(zip(tables.files, contents, strict=True))
            if content in contents[:i] and self.sizes[i]
        ]
        classes = set(self.labels) - {""}
        self.spellings = names.one
        self.twins, self.telling = sorted(same), list[str]()
        for name, pair in pairs.items():
            if name in same or len(set(pair.values())) < max(len(classes), 2):
                continue
            # Where no value comes twice, that each has one label says nothing.
            if len(pair) == len(classes) and 2 * len(pair) <= len(self.labels):
                self.twins.append(name)
            elif 5 * len(pair) <= len(self.labels):
                self.telling.append(name)


def _content(chunk: Chunk) -> int:
    """A number that differs where the cells do."""
    return hash(
        tuple(
            hash(tuple(cells)) if isinstance(cells, list) else hash(cells.tobytes())
            for cells in chunk.cells.values()
        )
    )


def _sides(
    cells: Cells, lines: Sequence[int], file: RowFile, known: dict[str, Split | None]
) -> list[Split | None]:
    texts = [str(text) for text in cells]
    for text, line in zip(texts, lines, strict=True):
        if text not in known:
            where = f"{file.path}, {file.counted} {line}"
            known[text] = split_name(text, where) if text else None
    return [known[text] for text in texts]


def _agree(pairs: dict[str | float, str], cells: Cells, labels: list[str]) -> bool:
    """Note which label stands with each value; False once a value has two, or there are many."""
    values = cells if isinstance(cells, list) else cells.tolist()
    for value, label in zip(values, labels, strict=True):
        if label and (pairs.setdefault(value, label) != label or len(pairs) > KEPT):
            return False
    return True


def _equal(cells: Cells, target: Cells) -> bool:
    if isinstance(cells, list):
        return cells == target
    return [cell_text(value) for value in cells[:1].tolist()] == [
        one_text(str(text)) for text in target[:1]
    ] and [cell_text(value) for value in cells.tolist()] == [one_text(str(t)) for t in target]
