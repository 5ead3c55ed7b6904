"""Tables in the publisher's files: numeric columns, then one-hot categories, read in chunks."""

import zlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Example, Inputs, Split
from vmbench.errors import UserError
from vmbench_domains.source import FileDataset
from vmbench_domains.tabular.columns import one_hot

AT_ONCE = 65_536  # rows per chunk
Rows = npt.NDArray[np.float32]


class PublishedTable(FileDataset):
    """Rows of one or more text files.

    Class attributes:
        columns: names of the columns of a file, in order.
        target: the label's column.
        codes: text of a label -> class index.
        categories: column -> its values; every other column is a number.
    """

    revision = "1"
    normalize = "channel"
    columns: ClassVar[Sequence[str]]
    target: ClassVar[str]
    codes: ClassVar[Mapping[str, int]]
    categories: ClassVar[Mapping[str, Sequence[str]]] = {}
    skip_lines: ClassVar[Mapping[str, int]] = {}

    def inspect(self, target: str | None) -> None:
        """Find the files, and name what their columns become."""
        super().inspect(target)
        blocks = (f"{c}={value}" for c, values in self.categories.items() for value in values)
        self.inputs = Inputs("as published", (*self.numeric(), *blocks))

    @abstractmethod
    def parts(self) -> Sequence[tuple[Path, Sequence[Split] | None]]:
        """Every file, with the side of each of its rows (None: all of them are test)."""

    def examples(self) -> Iterator[Example]:
        """Yield the rows, file by file."""
        (task,) = self.tasks
        for path, sides in self.parts():
            row = 0
            for frame in self.chunks(path):
                labels = [self.codes.get(str(text).strip(" .")) for text in frame[self.target]]
                try:
                    features = encode(frame, self.numeric(), self.categories)
                except ValueError as error:
                    raise UserError(f"{path} cannot be read: {error}") from error
                for x, label in zip(features, labels, strict=True):
                    if label is None or (sides is not None and row >= len(sides)):
                        raise UserError(f"{path}, row {row + 1}: unknown label or a row too many")
                    side: Split = "test" if sides is None else sides[row]
                    yield Example(x, {task.name: label}, {task.name: side})
                    row += 1

    def numeric(self) -> list[str]:
        """The columns that are numbers."""
        return [c for c in self.columns if c not in self.categories and c != self.target]

    def chunks(self, path: Path) -> Iterator[Any]:
        """The rows as pandas frames; raises :class:`UserError` naming the file."""
        import pandas

        try:
            with pandas.read_csv(
                path,
                header=None,
                names=list(self.columns),
                index_col=False,
                skiprows=self.skip_lines.get(path.name, 0),
                skipinitialspace=True,
                na_values=["?"],
                dtype=dict.fromkeys((*self.categories, self.target), str),
                chunksize=AT_ONCE,
            ) as chunks:
                for chunk in chunks:
                    if chunk[self.target].isna().any():
                        raise ValueError("a row has fewer columns than it should")
                    yield chunk
        except (OSError, ValueError, EOFError, zlib.error) as error:
            raise UserError(f"{path} cannot be read: {error}") from error

    def labels(self, path: Path) -> list[str]:
        """The label's text of every row of a file."""
        return [str(text) for frame in self.chunks(path) for text in frame[self.target]]


def encode(frame: Any, numeric: Sequence[str], categories: Mapping[str, Sequence[str]]) -> Rows:
    """Features (N, F), float32: the numeric columns, then each category's one-hot block.

    A missing or unknown category is a block of zeros.
    """
    blocks = [frame[list(numeric)].to_numpy(np.float32)]
    for column, values in categories.items():
        position = {value: code for code, value in enumerate(values)}
        codes = np.array([position.get(str(v), -1) for v in frame[column]], np.int64)
        blocks.append(one_hot(codes, len(values)) * (codes >= 0)[:, None])
    return np.concatenate(blocks, axis=1, dtype=np.float32)
