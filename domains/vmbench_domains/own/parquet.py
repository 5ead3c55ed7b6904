"""Parquet files, read by what their schema says: https://arrow.apache.org/docs/python/parquet.html"""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from vmbench_domains.own.columns import Cells, Chunk, Column, ColumnKind, RowFile, cell_text

ROW_NAMES = re.compile(r"__index_level_\d+__")  # pandas' index, where it has no name


class ParquetFile(RowFile):
    """A Parquet file; integers, floats, decimals and booleans are numbers.

    Raises:
        ValueError: it is none.
        OSError: it cannot be read.
    """

    counted: ClassVar[str] = "row"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        from pyarrow import parquet

        schema = parquet.read_schema(path)
        kept = [i for i, name in enumerate(schema.names) if not ROW_NAMES.fullmatch(name)]
        if len(kept) < len(schema.names):
            self.remarks.append("the row names that pandas stored are left out")
        names = self.name_columns([schema.names[i] for i in kept])
        self.places = dict(zip(names, kept, strict=True))
        self.columns = {
            name: Column(name, *_kind(schema.types[i])) for name, i in self.places.items()
        }

    def chunks(self, names: Sequence[str], texts: Collection[str], rows: int) -> Iterator[Chunk]:
        """Some columns, numbers as floats; those of ``texts`` as texts."""
        from pyarrow import parquet

        stored = [self.places[name] for name in names]
        done = 0
        with parquet.ParquetFile(self.path) as file:
            wanted = None if self.doubled else [file.schema_arrow.names[i] for i in stored]
            for batch in file.iter_batches(rows, columns=wanted):
                order = stored if wanted is None else [batch.schema.names.index(n) for n in wanted]
                cells: dict[str, Cells] = {
                    name: _numbers(batch.column(i))
                    if self.columns[name].kind == "number" and name not in texts
                    else _texts(batch.column(i))
                    for name, i in zip(names, order, strict=True)
                }
                yield Chunk(cells, range(done + 1, done + len(batch) + 1))
                done += len(batch)


def _kind(kind: Any) -> tuple[ColumnKind, str, bool]:
    from pyarrow import types

    name = str(kind)
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_integer(kind):
        return "number", name, True
    if types.is_floating(kind) or types.is_decimal(kind) or types.is_boolean(kind):
        return "number", name, False
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "text", name, False
    if types.is_null(kind):
        return "open", name, False
    return ("time" if types.is_temporal(kind) else "other"), name, False


def _plain(column: Any) -> Any:
    from pyarrow import types

    return column.dictionary_decode() if types.is_dictionary(column.type) else column


def _numbers(column: Any) -> npt.NDArray[np.float64]:
    import pyarrow
    from pyarrow import types

    column = _plain(column)
    if types.is_boolean(column.type):
        column = column.cast(pyarrow.int8())
    floats = column.cast(pyarrow.float64(), safe=False)
    return np.array(floats.fill_null(float("nan")).to_numpy(zero_copy_only=False), np.float64)


def _texts(column: Any) -> list[str]:
    import pyarrow
    from pyarrow import types

    column = _plain(column)
    if types.is_integer(column.type) or types.is_temporal(column.type):
        column = column.cast(pyarrow.string())
    if types.is_null(column.type):
        return [""] * len(column)
    return [cell_text(value) for value in column.to_pylist()]
