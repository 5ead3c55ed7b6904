"""CSV, Parquet and ARFF files of a user: which there are, their columns, their rows."""

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vmbench.errors import UserError
from vmbench_domains.own.arff import read_arff, read_arff_header

SUFFIXES = (".csv", ".tsv", ".parquet", ".pq", ".arff")
PARQUET = (".parquet", ".pq")
AT_ONCE = 65_536  # rows per chunk
BROKEN = (OSError, ValueError, EOFError, zlib.error)  # the last two: a .gz that is cut short


def find_tables(where: Path) -> list[Path]:
    """Every table in a folder and below it, sorted, or the one file that ``where`` is.

    Raises:
        UserError: there is none.
    """
    if where.is_file() and _suffix(where) in SUFFIXES:
        return [where]
    if not where.exists():
        raise UserError(f"--data-dir {where} does not exist")
    paths = sorted(
        path
        for path in where.rglob("*")
        if path.is_file() and _suffix(path) in SUFFIXES and not path.name.startswith(".")
    )
    if not paths:
        raise UserError(
            f"--data-dir {where} holds no table ({', '.join(SUFFIXES)}, or .csv.gz): "
            f"see docs/your-data.md"
        )
    return paths


def _suffix(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def read_header(path: Path) -> list[str]:
    """The names of the columns; raises :class:`UserError` if they cannot be read."""
    return [str(name) for name in _guarded(path, rows=0).columns]


def read_table(path: Path, columns: Sequence[str]) -> Any:
    """Some columns of a whole file, as a pandas frame; raises :class:`UserError`."""
    return _guarded(path, columns=list(columns))


def read_chunks(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    """The same, as frames of up to AT_ONCE rows, so that the file is never in memory whole."""
    import pandas

    try:
        if _suffix(path) == ".arff":
            yield from read_arff(path, columns, AT_ONCE)
        elif _suffix(path) in PARQUET:
            from pyarrow import parquet

            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(AT_ONCE, columns=list(columns)):
                    yield batch.to_pandas()
        else:
            with pandas.read_csv(
                path, sep=_separator(path), usecols=list(columns), chunksize=AT_ONCE
            ) as chunks:
                for chunk in chunks:
                    yield chunk[list(columns)]
    except BROKEN as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def _separator(path: Path) -> str:
    return "\t" if _suffix(path) == ".tsv" else ","


def _guarded(path: Path, *, columns: list[str] | None = None, rows: int | None = None) -> Any:
    import pandas

    try:
        if _suffix(path) == ".arff":
            names = list(read_arff_header(path))
            if rows == 0:
                return pandas.DataFrame(columns=names)
            return pandas.concat(read_arff(path, columns or names, AT_ONCE), ignore_index=True)
        if _suffix(path) in PARQUET:
            from pyarrow import parquet

            if rows == 0:
                return parquet.read_schema(path).empty_table().to_pandas()
            return parquet.read_table(path, columns=columns).to_pandas()
        return pandas.read_csv(path, sep=_separator(path), usecols=columns, nrows=rows)
    except BROKEN as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def cell_text(value: Any) -> str:
    """A cell as text; empty if missing, and 1.0 as 1: a gap turns whole numbers into floats.

    >>> [cell_text(value) for value in (1.0, float("nan"), None, " a ", 0.5)]
    ['1', '', '', 'a', '0.5']
    """
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
