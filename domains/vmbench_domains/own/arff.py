"""Dense ARFF files, as Weka and OpenML write them, in chunks.

The format: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench_domains.own.columns import Cells, Chunk, Column, ColumnKind, RowFile
from vmbench_domains.own.delimited import encoding_of, open_text, undecodable

QUOTED = r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\""
ATTRIBUTE = re.compile(rf"@attribute\s+({QUOTED}|[^\s{{'\"]+)\s*(.+)", re.IGNORECASE)
CELL = re.compile(rf"\s*(?:({QUOTED})|([^,'\"%][^,%]*?)?)\s*(,|$|%.*$)")
KINDS: dict[str, ColumnKind] = {
    "numeric": "number", "real": "number", "integer": "number",
    "string": "text", "date": "time", "relational": "other",
}  # fmt: skip
MISSING = "?"
# Weka takes it for the weight of the row.
WEIGHT = re.compile(r",?\s*\{[^{}]*\}\s*$")


@dataclass(frozen=True)
class Attribute:
    """One line of the header: its kind, and of a nominal one the values that it lists."""

    name: str
    kind: ColumnKind
    stored: str
    values: frozenset[str] | None = None


class ArffFile(RowFile):
    """An ARFF file, packed by gzip or not.

    Raises:
        ValueError: a line of its header is none, or there is no ``@data``.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.encoding = encoding_of(path)
        self.attributes: dict[str, Attribute] = {}
        self.above = 0  # lines up to @data
        for number, line in self._lines():
            self.above = number
            if self._head(number, line.strip()):
                break
        else:
            raise ValueError("it has no @data: is it an ARFF file, and whole?")
        if not self.attributes:
            raise ValueError("it names no @attribute before @data")
        self.columns = {
            name: Column(name, a.kind, a.stored, a.kind == "number")
            for name, a in self.attributes.items()
        }

    def chunks(self, names: Sequence[str], texts: Collection[str], rows: int) -> Iterator[Chunk]:
        """Some columns: numbers as floats, whatever else text; those of ``texts`` as texts.

        Raises:
            ValueError: the file is sparse or weighted, a row has another number of values than the
                header, or a value is not among those that the header lists.
        """
        order = list(self.attributes)
        wanted = {name: order.index(name) for name in names}
        part: list[list[str]] = []
        lines: list[int] = []
        for number, line in self._lines():
            text = line.strip()
            if number <= self.above or not text or text.startswith("%"):
                continue
            part.append(self._row(text, number))
            lines.append(number)
            if len(part) == rows:
                yield self._chunk(part, lines, wanted, texts)
                part, lines = [], []
        if part:
            yield self._chunk(part, lines, wanted, texts)

    def _lines(self) -> Iterator[tuple[int, str]]:
        try:
            with open_text(self.path, self.encoding) as file:
                yield from enumerate(file, start=1)
        except UnicodeDecodeError as error:
            raise ValueError(undecodable(self.path, self.encoding)) from error

    def _head(self, number: int, text: str) -> bool:
        """Take in a line of the header; True for ``@data``."""
        lower = text.lower()
        if lower.startswith("@data"):
            return True
        if lower.startswith("@attribute"):
            found = ATTRIBUTE.match(text)
            if not found:
                raise ValueError(f"line {number}: what is {text[:60]!r}?")
            attribute = _attribute(_bare(found[1]).strip(), found[2].strip(), number)
            if attribute.name in self.attributes:
                raise ValueError(
                    f"line {number}: two attributes are called '{attribute.name}': rename one"
                )
            self.attributes[attribute.name] = attribute
        elif text and not text.startswith("%") and not lower.startswith("@relation"):
            raise ValueError(f"line {number}: what is {text[:60]!r}?")
        return False

    def _row(self, text: str, number: int) -> list[str]:
        if text.startswith("{"):
            raise ValueError("it is a sparse ARFF file, which is not read: make a CSV of it")
        fields = len(self.attributes)
        cells = split_row(text)
        if cells is not None and len(cells) != fields and "," not in text:
            cells = split_row(",".join(text.split()))  # blanks and tabs separate values, too
        if cells is None:
            raise ValueError(f"line {number}: a quote in the middle of a value, or one not closed")
        if len(cells) == fields + 1 and WEIGHT.search(text):
            raise ValueError(f"line {number} has a weight, which is not read: take the weights out")
        if len(cells) != fields:
            raise ValueError(f"line {number} has {len(cells)} values, the header {fields}")
        return cells

    def _chunk(
        self,
        rows: list[list[str]],
        lines: list[int],
        wanted: dict[str, int],
        texts: Collection[str],
    ) -> Chunk:
        cells: dict[str, Cells] = {}
        for name, place in wanted.items():
            attribute, column = self.attributes[name], [row[place] for row in rows]
            if attribute.values is not None and not attribute.values.issuperset(column):
                self._refuse_unlisted(attribute, column, lines)
            number = attribute.kind == "number"
            floats = self._floats(name, column, lines) if number else None
            cells[name] = column if floats is None or name in texts else floats
        return Chunk(cells, lines)

    @staticmethod
    def _refuse_unlisted(attribute: Attribute, column: list[str], lines: list[int]) -> None:
        for text, line in zip(column, lines, strict=True):
            if text and text not in (attribute.values or ()):
                raise ValueError(
                    f"line {line}: '{text}' is none of the values that the header lists for "
                    f"'{attribute.name}'"
                )

    @staticmethod
    def _floats(name: str, column: list[str], lines: list[int]) -> npt.NDArray[np.float64]:
        found = np.empty(len(column))
        for i, text in enumerate(column):
            try:
                found[i] = float(text) if text else np.nan
            except ValueError as error:
                raise ValueError(
                    f"line {lines[i]}: '{text}' is no number, which '{name}' is of"
                ) from error
        return found


def _attribute(name: str, told: str, number: int) -> Attribute:
    if told.startswith("{"):
        listed = told[1:].rpartition("}")[0]
        values = split_row(listed)
        if values is None or "}" not in told:
            raise ValueError(f"line {number}: the values of '{name}' are not in {{ and }}")
        return Attribute(name, "text", "nominal", frozenset(values) | {""})
    word = re.split(r"[^a-z]", told.lower())[0]
    if word not in KINDS:
        raise ValueError(f"line {number}: '{name}' is of no type of ARFF: {told[:40]!r}")
    return Attribute(name, KINDS[word], word)


def _bare(name: str) -> str:
    r"""A name without its quotes and escapes.

    >>> _bare(r"'it\'s'"), _bare("plain")
    ("it's", 'plain')
    """
    if name[0] in "'\"" and name[-1] == name[0]:
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def split_row(line: str) -> list[str] | None:
    """The values of a row, which may be quoted either way; empty where missing, None if broken.

    >>> split_row("5.1, 'two words', ?, '?' % a remark")
    ['5.1', 'two words', '', '?']
    >>> split_row("'a, b'" + ',"it' + "'" + 's"')
    ['a, b', "it's"]
    """
    if not ("'" in line or '"' in line or "%" in line):
        bare = [cell.strip() for cell in line.split(",")]
        return ["" if cell == MISSING else cell for cell in bare]
    cells, at = [], 0
    while True:
        found = CELL.match(line, at)
        if not found:
            return None
        quoted, plain, end = found.groups()
        text = plain or ""
        cells.append(_bare(quoted).strip() if quoted else "" if text == MISSING else text)
        if end != ",":
            return cells
        at = found.end()
