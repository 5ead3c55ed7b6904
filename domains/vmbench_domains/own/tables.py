"""CSV, Parquet and ARFF files of a user: which there are, their columns, their rows."""

import os
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vmbench.errors import AbsentError, UserError
from vmbench_domains.own.arff import ArffFile
from vmbench_domains.own.columns import Cells, Chunk, RowFile, cell_text
from vmbench_domains.own.delimited import DelimitedFile
from vmbench_domains.own.parquet import ParquetFile
from vmbench_domains.own.profile import Profile

__all__ = [
    "AT_ONCE", "PARQUET", "SUFFIXES", "cell_text", "find_tables", "open_table", "read_chunks",
    "read_header", "read_table",
]  # fmt: skip

READERS: dict[str, Callable[[Path], RowFile]] = {
    ".csv": DelimitedFile, ".tsv": DelimitedFile, ".parquet": ParquetFile, ".pq": ParquetFile,
    ".arff": ArffFile,
}  # fmt: skip
SUFFIXES = tuple(READERS)
PARQUET = (".parquet", ".pq")
AT_ONCE = 16_384  # rows per chunk
# NotImplementedError: pyarrow's; EOFError and zlib's: a .gz that is cut short.
BROKEN = (OSError, ValueError, EOFError, NotImplementedError, zlib.error)


def find_tables(where: Path) -> list[Path]:
    """Every table in a folder and below it, sorted, or the one file that ``where`` is.

    Linked folders are followed. What is hidden is no data: names that begin with a dot, such as
    notebooks' checkpoints, and ``__MACOSX``.

    Raises:
        UserError: there is none.
    """
    if where.is_file() and _suffix(where) in SUFFIXES:
        return [where]
    if not where.exists():
        raise UserError(f"--data-dir {where} does not exist")
    paths = sorted(path for path in _visible(where) if _suffix(path) in SUFFIXES)
    for path in paths:
        if not path.exists():
            raise UserError(f"{path} is a link to a file that is not there: mend or remove it")
    if not paths:
        others = sorted({_suffix(path) for path in [where, *_visible(where)]} - {""})
        raise AbsentError(
            f"--data-dir {where} holds no table ({', '.join(SUFFIXES)}, or .csv.gz)"
            + (f" but {', '.join(others[:5])}" if others else "")
            + ": see docs/your-data.md"
        )
    return paths


def _visible(where: Path) -> Iterator[Path]:
    seen: set[str] = set()
    for folder, folders, names in os.walk(where, followlinks=True):
        folders[:] = [name for name in folders if not _hidden(name)]
        real = os.path.realpath(folder)
        if real in seen:  # a link to a folder above it, or to one already seen
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(folder) / name for name in names if not _hidden(name))


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _suffix(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def open_table(path: Path) -> RowFile:
    """A table's file, its header read; raises :class:`UserError` if it cannot be."""
    try:
        return READERS[_suffix(path)](path)
    except BROKEN as error:
        raise _broken(path, error) from error


def read_header(path: Path) -> list[str]:
    """The names of the columns; raises :class:`UserError` if they cannot be read."""
    return list(open_table(path).columns)


def read_chunks(
    table: RowFile, columns: Sequence[str], texts: Collection[str] = ()
) -> Iterator[Chunk]:
    """Some columns, in chunks of up to AT_ONCE rows, so that the file is never in memory whole.

    Args:
        table: from :func:`open_table`.
        columns: the names of those wanted.
        texts: those that are to be texts even where the file says that they are numbers.

    Raises:
        UserError: the file, the line and what is wrong with it.
    """
    try:
        yield from table.chunks(columns, texts, AT_ONCE)
    except BROKEN as error:
        raise _broken(table.path, error) from error


def read_table(path: Path, columns: Sequence[str], texts: Collection[str] = ()) -> Any:
    """Some columns of a whole file, as a pandas frame.

    A column is of floats where each of its cells is a number or missing, and else of texts, empty
    where missing; those of ``texts`` are texts anyhow, so that ``001`` stays what it is. A time
    that the file's schema knows as one is a text in ISO's form.

    Raises:
        UserError: the file, the line or column, and what is wrong with it.
    """
    import pandas

    table = open_table(path)
    parts: dict[str, list[Cells]] = {column: [] for column in columns}
    profiles = {c: Profile(c) for c in columns if c not in texts}
    for chunk in read_chunks(table, columns, texts):
        for column, cells in chunk.cells.items():
            parts[column].append(cells)
            if column in profiles:
                profiles[column].add(cells, chunk.lines, table)
    commas = any(profile.sorts["comma"] for profile in profiles.values())
    frame = {}
    for column, read in parts.items():
        profile = profiles.get(column)
        if profile is not None:
            profile.commas = commas
        if profile is not None and profile.numeric:
            floats = [profile.numbers(part) for part in read]
            frame[column] = np.concatenate(floats) if floats else np.empty(0)
        else:
            frame[column] = np.array([cell for part in read for cell in part], object)
    return pandas.DataFrame(frame)


def _broken(path: Path, error: BaseException) -> UserError:
    if isinstance(error, UserError):
        return error
    return UserError(
        f"{path} cannot be read: {' '.join(str(error).split()) or type(error).__name__}"
    )
