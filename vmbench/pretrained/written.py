"""Features as a Parquet file: a row per example, written batch by batch."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from vmbench.data.dataset import BoundDataset, Example, Task
from vmbench.errors import UserError
from vmbench.storage.disk import space_in

SUFFIX = ".parquet"
IN_MEMORY = 4_000_000  # numbers that a row group holds at most


class FeatureFile:
    """Writes what is known of each example, then ``f0``, ``f1`` ...; made by :func:`writing`.

    The columns are ``file``, ``row`` (of a table, from 0 on) or ``start`` (of a window, in
    seconds), ``subject``, ``split`` and ``label``; a dataset of several tasks has a ``split.TASK``
    and a ``label.TASK`` of each. What is not known is null.
    """

    def __init__(
        self, path: Path, dataset: BoundDataset, dim: int, about: Mapping[str, str]
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.tasks: Sequence[Task] = dataset.tasks
        several = len(self.tasks) > 1
        self.named = [f".{task.name}" if several else "" for task in self.tasks]
        known = [
            pa.field("file", pa.string()),
            pa.field("row", pa.int64()),
            pa.field("start", pa.float64()),
            pa.field("subject", pa.string()),
        ]
        for task, end in zip(self.tasks, self.named, strict=True):
            known += [pa.field(f"split{end}", pa.string()), pa.field(f"label{end}", _type(task))]
        features = [pa.field(f"f{i}", pa.float32()) for i in range(dim)]
        self.schema = pa.schema([*known, *features], metadata=dict(about))
        names = [field.name for field in known]
        self.rows_at_once = max(1, IN_MEMORY // max(dim, 1))
        self.rows = 0
        self._known, self._held, self._waiting = len(known), list[Any](), 0
        # Features hardly repeat: a dictionary of them would only cost time.
        self._writer = pq.ParquetWriter(
            path, self.schema, use_dictionary=names, write_statistics=names
        )

    def add(self, examples: Sequence[Example], features: npt.NDArray[Any]) -> None:
        """The next rows; ``features`` (N, dim)."""
        import pyarrow as pa

        sources = [example.source for example in examples]
        columns: list[Any] = [
            [source.file for source in sources],
            [source.row for source in sources],
            [source.start for source in sources],
            [example.group for example in examples],
        ]
        for task in self.tasks:
            columns.append([example.splits.get(task.name) for example in examples])
            columns.append([_said(task, example.labels.get(task.name)) for example in examples])
        arrays = [pa.array(column, self.schema.field(i).type) for i, column in enumerate(columns)]
        arrays += [pa.array(column) for column in features.T.copy()]
        self._held.append(pa.record_batch(arrays, schema=self.schema))
        self.rows += len(examples)
        self._waiting += len(examples)
        if self._waiting >= self.rows_at_once:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._held:
            self._writer.write_table(pa.Table.from_batches(self._held, self.schema))
        self._held, self._waiting = [], 0

    def close(self) -> None:
        """Write the rest."""
        self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        with contextlib.suppress(Exception):
            self._writer.close()


@contextlib.contextmanager
def writing(
    path: Path, dataset: BoundDataset, dim: int, about: Mapping[str, str]
) -> Iterator[FeatureFile]:
    """A file of features that is at ``path`` once all of it is written, and else is not.

    Args:
        path: ``.parquet``.
        dataset: of the examples.
        dim: how many features each has.
        about: kept in the file's metadata.

    Raises:
        UserError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    with space_in(path.parent, str(path), "name another file with --out"):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = FeatureFile(partial, dataset, dim, about)
        except OSError as error:
            raise UserError(
                f"--out {path} cannot be written ({error.strerror or error}): name another file"
            ) from error
        try:
            yield file
            file.close()
            partial.replace(path)
        finally:
            if partial.exists():
                file.abandon()
                partial.unlink(missing_ok=True)


def _type(task: Task) -> Any:
    import pyarrow as pa

    if not task.classes:
        return pa.float64()
    return pa.string() if task.rules.exclusive else pa.list_(pa.string())


def _said(task: Task, label: Any) -> Any:
    """A label as one reads it: the name of its class, the names of several, or the number."""
    if label is None:
        return None
    if not task.classes:
        return float(label)
    names = [task.classes[int(place)] for place in task.rules.present(label)]
    return names[0] if task.rules.exclusive else names
