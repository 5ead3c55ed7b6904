"""Dense ARFF files, as Weka and OpenML write them, in chunks.

The format: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
"""

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

QUOTED = r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\""
ATTRIBUTE = re.compile(rf"@attribute\s+({QUOTED}|[^\s{{'\"]+)\s*(.+)", re.IGNORECASE)
NUMBERS = ("numeric", "real", "integer")
MISSING = "?"


def read_arff_header(path: Path) -> dict[str, bool]:
    """Attribute -> whether it is a number, in the file's order.

    Raises:
        ValueError: a line of the header is none, or there is no ``@data``.
        OSError: the file cannot be read.
    """
    with _open(path) as file:
        return _header(file)


def read_arff(path: Path, columns: Sequence[str], rows: int) -> Iterator[Any]:
    """Pandas frames of up to ``rows`` rows, of some columns; a missing value is NaN or None.

    Numbers become floats, whatever else text: an attribute that lists its values too, although
    they may look like numbers.

    Raises:
        ValueError: the file is sparse, or a row has another number of values than the header.
        OSError: the file cannot be read.
    """
    with _open(path) as file:
        attributes = _header(file)
        wanted = [list(attributes).index(column) for column in columns]
        chunk: list[list[str]] = []
        for number, line in enumerate(file, start=1):
            text = line.strip()
            if not text or text.startswith("%"):
                continue
            if text.startswith("{"):
                raise ValueError("it is a sparse ARFF file, which is not read: make a CSV of it")
            cells = _cells(text)
            if len(cells) != len(attributes):
                raise ValueError(
                    f"row {number} after @data has {len(cells)} values, not {len(attributes)}"
                )
            chunk.append([cells[i] for i in wanted])
            if len(chunk) == rows:
                yield _frame(chunk, columns, attributes)
                chunk = []
        if chunk:
            yield _frame(chunk, columns, attributes)


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


def _header(file: IO[str]) -> dict[str, bool]:
    attributes: dict[str, bool] = {}
    for line in file:
        text = line.strip()
        if text.lower().startswith("@data"):
            if not attributes:
                raise ValueError("it names no @attribute before @data")
            return attributes
        if text.lower().startswith("@attribute"):
            found = ATTRIBUTE.match(text)
            if not found:
                raise ValueError(f"what is the line {text[:60]!r}?")
            attributes[_bare(found[1])] = found[2].split()[0].lower() in NUMBERS
        elif text and not text.startswith("%") and not text.lower().startswith("@relation"):
            raise ValueError(f"what is the line {text[:60]!r}?")
    raise ValueError("it has no @data: is it an ARFF file, and whole?")


def _bare(name: str) -> str:
    r"""A name without its quotes and escapes.

    >>> _bare(r"'it\'s'"), _bare("plain")
    ("it's", 'plain')
    """
    if name[0] in "'\"" and name[-1] == name[0]:
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def _cells(line: str) -> list[str]:
    """The values of a row, which may be quoted either way.

    >>> _cells("5.1, 'two words', ?")
    ['5.1', 'two words', '?']
    >>> _cells("'a, b'" + ',"it' + "'" + 's"')
    ['a, b', "it's"]
    """
    if "'" not in line or '"' not in line:
        quote = '"' if '"' in line else "'"
        row = next(csv.reader([line], quotechar=quote, escapechar="\\", skipinitialspace=True))
        return [cell.strip() for cell in row]
    found = re.findall(rf"\s*({QUOTED}|[^,]*?)\s*(?:,|$)", line)
    return [_bare(cell) if cell else "" for cell in found[: -1 if line[-1] != "," else None]]


def _frame(rows: list[list[str]], columns: Sequence[str], attributes: dict[str, bool]) -> Any:
    import pandas

    texts = pandas.DataFrame(rows, columns=list(columns), dtype=object)
    missing = texts.isin([MISSING, ""])
    return pandas.DataFrame(
        {
            column: pandas.to_numeric(texts[column].where(~missing[column])).astype(float)
            if attributes[column]
            else texts[column].where(~missing[column], None)
            for column in columns
        }
    )
