"""CSV and its kin, read strictly: every row has as many fields as the header has names.

The format: https://www.rfc-editor.org/rfc/rfc4180, with any of the usual delimiters. Two things
that spreadsheets, loggers and R write are recognised over the whole file, and said: a delimiter
at the end of every row but the header, and a row name before every row but the header
(https://stat.ethz.ch/R-manual/R-devel/library/utils/html/write.table.html).
"""

import csv
import gzip
import io
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, Literal, cast

from vmbench_domains.own.columns import Chunk, Column, RowFile

DELIMITERS = (",", ";", "\t", "|")
HEAD = 1 << 20  # characters, and
HEAD_ROWS = 200  # rows that the delimiter is told from
BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
NO_TABLES = {
    b"PK\x03\x04": "a zip archive or a spreadsheet: unpack it, or export a CSV",
    b"\xd0\xcf\x11\xe0": "a spreadsheet: export a CSV",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself (git lfs pull)",
    b"<!doctype html": "a web page: get the file itself",
    b"<html": "a web page: get the file itself",
}
NAMED_ROWS = 100_000  # row names are compared in so many rows
csv.field_size_limit(1 << 24)  # 16 million characters: what is longer has a quote left open
LINE_END = re.compile(r"\r\n|\r|\n")
SHORT = "it is cut short, or its delimiter is another one"
REMARK = "is it a remark? take it out"
SPARE = "is it an unquoted delimiter? quote that text, or mend the line"


class DelimitedFile(RowFile):
    """A text file of rows under a header.

    Raises:
        ValueError: it is no such file; says why.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.encoding = encoding_of(path)
        with open_text(path, self.encoding) as file:
            head = decoded(path, self.encoding, file, HEAD)
        self.delimiter, self.preamble = self._dialect(head)
        rows = self._parsed(head)
        if not rows:
            raise ValueError("it is empty")
        self.header = rows[0]
        padded = self._parsed(head, strip=False)[0]
        self._refuse_data(self.header, rows[1:])
        first = next((row for row in rows[1:] if not _blank(row)), None)
        self.spare: Literal["", "end", "name", "header"] = ""
        if first is not None and len(first) == len(self.header) + 1:
            self.spare = self._spare(head)
        elif first is not None and len(first) == len(self.header) - 1 and not self.header[-1]:
            self.spare = "header"
        written = padded if len(padded) == len(self.header) else self.header
        written = written[:-1] if self.spare == "header" else written
        self.columns = {name: Column(name, "open") for name in self.name_columns(written)}
        if any(line.strip() for line in LINE_END.split(head)[: self.preamble]):
            self.remarks.append(
                f"what stands above the header, line {self.preamble + 1}, is left out"
            )
        self.repeated = 0

    def chunks(self, names: Sequence[str], texts: Collection[str], rows: int) -> Iterator[Chunk]:
        """Some columns as texts, stripped of blanks."""
        position = {name: i for i, name in enumerate(self.columns)}
        shift = int(self.spare == "name")
        wanted = {name: position[name] + shift for name in names}
        part: list[list[str]] = []
        lines: list[int] = []
        repeated = 0
        for line, row in self._rows():
            if row == self.header:
                repeated += 1
                continue
            part.append(row)
            lines.append(line)
            if len(part) == rows:
                yield Chunk({n: [r[i].strip() for r in part] for n, i in wanted.items()}, lines)
                part, lines = [], []
        if part:
            yield Chunk({n: [r[i].strip() for r in part] for n, i in wanted.items()}, lines)
        if repeated and not self.repeated:
            self.repeated = repeated
            self.remarks.append(f"the header stands in {repeated} rows more: left out there")

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and fields of every row below the header that is not blank."""
        fields = len(self.header) + {"end": 1, "name": 1, "header": -1, "": 0}[self.spare]
        rows = self._lines()
        next(rows, None)  # the header
        for line, row in rows:
            if len(row) != fields:
                count = len(self.columns) or len(self.header)
                raise ValueError(
                    f"line {line} has {len(row)} fields, the header {count}: "
                    + (SPARE if len(row) > fields else REMARK if row[0][:1] == "#" else SHORT)
                )
            yield line, row

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        with open_text(self.path, self.encoding) as file:
            for _ in range(self.preamble):
                file.readline()
            reader = csv.reader(file, delimiter=self.delimiter, strict=True, skipinitialspace=True)
            start = 1
            try:
                for row in reader:
                    line, start = start + self.preamble, reader.line_num + 1
                    if not _blank(row):
                        yield line, row
            except csv.Error as error:
                raise ValueError(
                    f"line {start + self.preamble}: {error}; mend its quotes"
                ) from error
            except UnicodeDecodeError as error:
                raise ValueError(undecodable(self.path, self.encoding)) from error

    def _spare(self, head: str) -> Literal["end", "name"]:
        """What the field more in every row is; raises ``ValueError`` if it is not in every row."""
        ends, counts, names, count = True, True, set[int](), 0
        fields, first = len(self.header), 0
        rows = self._lines()
        next(rows, None)
        for place, (line, row) in enumerate(rows):
            first = first or line
            if len(row) != fields + 1:
                raise ValueError(
                    f"line {first} has {fields + 1} fields, line {line} {len(row)}, the header "
                    f"{fields}: {SPARE}"
                )
            ends = ends and not row[-1].strip()
            counts = counts and row[0] in (str(place), str(place + 1))
            if place < NAMED_ROWS:
                names.add(hash(row[0]))
                count = place + 1
        if ends:
            self.remarks.append("the delimiter at the end of every row is left out")
            return "end"
        # R puts texts between quotes, so that a comma in one cannot be taken for a delimiter.
        texts = [line for line in LINE_END.split(head)[self.preamble :] if line.strip()]
        if counts or (len(names) == count and all(line[0] == '"' for line in texts)):
            self.remarks.append(
                "the row name before every row, which the header lacks, is left out"
            )
            return "name"
        raise ValueError(
            f"every line has {fields + 1} fields, the header {fields}: name the column that has no "
            f"name, or quote the texts that hold the delimiter"
        )

    def _dialect(self, head: str) -> tuple[str, int]:
        """The delimiter, and the number of lines above the header."""
        lines = LINE_END.split(head)
        preamble = 0
        for line in lines:
            if line.strip() and not line.lstrip().startswith("#") and not _excels(line):
                break
            preamble += 1
        told = next((line for line in lines[:preamble] if _excels(line)), None)
        # A header may itself begin with a number sign.
        last = next((i for i in range(preamble - 1, -1, -1) if lines[i].strip()), None)
        usual = "\t" if self.path.name.removesuffix(".gz").lower().endswith(".tsv") else ","
        best, score = usual, (0.0, 0.0, 0)
        for delimiter in sorted(DELIMITERS, key=lambda d: d != usual):
            if told is not None and told.strip()[4:] != delimiter.strip():
                continue
            rows = _parse("\n".join(lines[preamble:]), delimiter)
            if not rows or len(rows[0]) < 2:
                continue
            fields = len(rows[0])
            equal = sum(len(row) == fields for row in rows) / len(rows)
            near = sum(abs(len(row) - fields) < 2 for row in rows) / len(rows)
            if (near, equal, fields) > score:
                best, score = delimiter, (near, equal, fields)
        if last is not None and lines[last].lstrip().startswith("#"):
            named = _parse(lines[last], best)
            rows = _parse("\n".join(lines[preamble:]), best)
            if rows and len(named[0]) == len(rows[0]) > 1:
                raise ValueError(
                    f"line {last + 1} begins with #: is it the header? then take the # away, else "
                    f"remove the line"
                )
        if score[2] == 0:
            self._refuse_blanks(lines[preamble:])
        return best, preamble

    @staticmethod
    def _refuse_blanks(lines: list[str]) -> None:
        """Raise ``ValueError`` where no delimiter parts the header, but one parts the lines."""
        for delimiter in DELIMITERS:
            fields = [len(row) for row in _parse("\n".join(lines), delimiter)[1:]]
            if fields and fields[0] > 1 and fields.count(fields[0]) >= 0.9 * len(fields):
                raise ValueError(
                    f"its first line has 1 field, the next {fields[0]}: take out what stands above "
                    f"the header"
                )
        words = [len(line.split()) for line in lines[:HEAD_ROWS] if line.strip()]
        if len(words) > 1 and words[0] > 1 and words.count(words[0]) >= 0.9 * len(words):
            raise ValueError(
                "its columns stand between blanks: put commas, semicolons or tabs there"
            )

    @staticmethod
    def _refuse_data(header: list[str], rows: list[list[str]]) -> None:
        """A header of fractions is a row of data, which would be lost."""
        for name in header:
            try:
                fraction = not float(name).is_integer()
            except (ValueError, OverflowError):
                continue
            if fraction:
                raise ValueError(
                    f"its first line holds the number {name.strip()}: a header is needed, a line "
                    f"of names"
                )

    def _parsed(self, head: str, *, strip: bool = True) -> list[list[str]]:
        return _parse("\n".join(LINE_END.split(head)[self.preamble :]), self.delimiter, strip=strip)


def _excels(line: str) -> bool:
    """Whether it is the line in which Excel is told the delimiter, e.g. ``sep=;``."""
    return len(line.strip("\r\n")) == 5 and line.lower().startswith("sep=")


def _blank(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _parse(text: str, delimiter: str, *, strip: bool = True) -> list[list[str]]:
    """The first rows of a head, leniently; its last may be cut."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=strip)
    found: list[list[str]] = []
    try:
        for row in reader:
            if len(found) == HEAD_ROWS:
                return found
            if not _blank(row):
                found.append(row)
    except csv.Error:  # which is told when the rows are read
        return found
    return found[:-1] if len(text) >= HEAD - HEAD // 100 and len(found) > 1 else found


def encoding_of(path: Path) -> str:
    """UTF-8 unless the file's byte order mark says otherwise; ``ValueError`` if it is no text."""
    with _unpacked(path) as file:
        start = file.read(4096)
    for mark, what in NO_TABLES.items():
        if start.lower().startswith(mark.lower()):
            raise ValueError(f"whatever its name says, it is {what}")
    for mark, encoding in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    if b"\0" in start:
        raise ValueError("it is no UTF-8 (it holds zero bytes): save it as UTF-8")
    return "utf-8-sig"


def _unpacked(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path)) if packed else path.open("rb")


def open_text(path: Path, encoding: str) -> IO[str]:
    """Open a text file, packed by gzip or not, with its line ends as they are."""
    return io.TextIOWrapper(_unpacked(path), encoding=encoding, newline="")


def decoded(path: Path, encoding: str, file: IO[str], size: int) -> str:
    """``file.read(size)``; raises ``ValueError`` naming the line that is not in that encoding."""
    try:
        return file.read(size)
    except UnicodeDecodeError as error:
        raise ValueError(undecodable(path, encoding)) from error


def undecodable(path: Path, encoding: str) -> str:
    """Which line is not in ``encoding``, and the mend."""
    name = encoding.removesuffix("-sig").upper()
    if encoding == "utf-8-sig":
        with _unpacked(path) as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError as error:
                    byte = error.object[error.start]
                    return f"line {number} is no {name} (byte {byte:#x}): save the file as UTF-8"
    return f"it is no {name}, though its first bytes say so: save it as UTF-8"
