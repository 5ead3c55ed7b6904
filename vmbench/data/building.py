"""Examples are read from a dataset once and written down, chunk by chunk.

A listed dataset's journal says after every chunk how far it is; whoever finds one goes on from it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from vmbench.config import digest
from vmbench.data.copies import Copies
from vmbench.data.dataset import SPLITS, BoundDataset, Example
from vmbench.data.kinds.base import ABSENT
from vmbench.data.listed import CHUNK, ListedDataset, Outline
from vmbench.data.moments import Moments
from vmbench.data.roster import Indices
from vmbench.errors import UserError
from vmbench.progress import announce
from vmbench.storage.cache import JOURNAL

EXAMPLES, OUTLINE = "examples.arrow", "outline.arrow"
END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"  # of Arrow's format for streams


@dataclass
class Built:
    """What :func:`build` learned while it wrote.

    Attributes:
        count: of examples that were written.
        skipped: of those that could not be read.
        moments: of those that are train in every task that uses them.
        remarks: what the user must know.
    """

    dataset: BoundDataset
    moments: Moments
    copies: Copies
    count: int = 0
    skipped: int = 0
    remarks: list[str] = field(default_factory=list)

    def see(self, chunk: Sequence[Example]) -> npt.NDArray[np.float32]:
        """Count examples as they go by; gives their values."""
        for offset, example in enumerate(chunk):
            check(self.dataset, example, self.count + offset)
            self.copies.add(example.x, example.labels, example.splits)
        x = np.stack([example.x for example in chunk])
        self.moments.add(x[[_is_train(example) for example in chunk]])
        self.count += len(chunk)
        return x


def build(dataset: BoundDataset, folder: Path, chosen: Indices | None = None) -> Built:
    """Write ``examples.arrow``, and ``outline.arrow`` where only some are ``chosen``.

    Args:
        dataset: is read; a listed one where ``chosen``.
        folder: a temporary one; holds what an earlier process did, or nothing.
        chosen: positions of the examples that are needed; None: all.

    Raises:
        UserError: what is wrong with an example, or that there is none.
    """
    channels = {"none": 0, "global": 1}.get(dataset.normalize, dataset.spec.channels_in)
    built = Built(dataset, Moments(channels), Copies(task.name for task in dataset.tasks))
    if isinstance(dataset.reader, ListedDataset):
        _build_listed(dataset.reader, built, folder, chosen)
    else:
        examples = dataset.examples()
        with (
            ArrowFile.begun(folder / EXAMPLES, _features(dataset)) as file,
            announce(f"preparing {dataset.name}", None) as bar,
        ):
            while chunk := list(islice(examples, CHUNK)):
                values = built.see(chunk)  # what is wrong with an example is said here
                file.append(_columns(dataset, chunk) | _values(values))
                bar.advance(len(chunk))
        built.remarks = dataset.remarks
    if built.count == 0:
        raise UserError(f"dataset '{dataset.name}' has no examples")
    built.remarks += built.copies.remarks()
    return built


def _build_listed(
    reader: ListedDataset, built: Built, folder: Path, chosen: Indices | None
) -> None:
    dataset, outline = built.dataset, reader.outline()
    positions = range(len(outline)) if chosen is None else chosen.tolist()
    features = _features(dataset)
    if chosen is not None:
        import datasets

        features["position"] = datasets.Value("int64")
        with ArrowFile.begun(folder / OUTLINE, _features(dataset, values=False)) as file:
            for start in range(0, len(outline), 100 * CHUNK):
                file.append(_columns(dataset, outline[start : start + 100 * CHUNK]))
    journal = Journal(folder, digest([len(outline), *positions] if chosen is not None else []))
    with (
        journal,
        ArrowFile.begun(folder / EXAMPLES, features, at=journal.size) as file,
        announce(f"preparing {dataset.name}", len(positions)) as bar,
    ):
        skipped = set(journal.skipped)
        before = [position for position in positions[: journal.done] if position not in skipped]
        for x, start in _written(folder / EXAMPLES, journal.chunks, dataset.spec.shape):
            there = before[start : start + len(x)]
            built.see([outline[p].filled(each) for p, each in zip(there, x, strict=True)])
        bar.advance(journal.done, before=True)
        reading, tallies = reader.reading(), journal.tallies
        for start in range(journal.done, len(positions), CHUNK):
            wanted = positions[start : start + CHUNK]
            read = list(zip(wanted, reading.read(wanted), strict=True))
            found = [(position, x) for position, x in read if x is not None]
            if found:
                chunk = [outline[position].filled(x) for position, x in found]
                values = built.see(chunk)
                columns = _columns(dataset, chunk) | _values(values)
                if chosen is not None:
                    columns["position"] = [position for position, _ in found]
                file.append(columns)
            tallies.append(reading.tally())
            lacking = [position for position, x in read if x is None]
            skipped.update(lacking)
            journal.note(start + len(wanted), len(found) > 0, lacking, file.flush(), tallies[-1])
            bar.advance(len(wanted))
    built.skipped = len(skipped)
    reader.remarks.extend(reading.conclude(tallies))
    built.remarks = dataset.remarks


class Journal:
    """How far an interrupted work came; gone on with where it is the same ``work``.

    Attributes:
        done: positions that were read.
        chunks: record batches that were written.
        size: of the file of examples by then, in bytes.
        skipped: positions that could not be read.
        tallies: what was seen.
    """

    def __init__(self, folder: Path, work: str) -> None:
        self.path = folder / JOURNAL
        self.done = self.chunks = self.size = 0
        self.skipped: list[int] = []
        self.tallies: list[Any] = []
        self._work = work
        for entry in self._entries(folder / EXAMPLES):
            self.done, self.size = entry["done"], entry["size"]
            self.chunks += entry["written"]
            self.skipped += entry["skipped"]
            self.tallies.append(entry["tally"])

    def _entries(self, examples: Path) -> list[dict[str, Any]]:
        """What was noted; nothing of another work, or if ``examples`` is shorter than it says."""
        try:
            first, *lines = self.path.read_text().splitlines(keepends=True)
            same = json.loads(first) == {"work": self._work}
            # The last line may be torn.
            noted = [json.loads(line) for line in lines if same and line.endswith("\n")]
            whole = not noted or examples.stat().st_size >= noted[-1]["size"]
        except (OSError, ValueError):
            return []
        return noted if whole else []

    def __enter__(self) -> Self:
        """Begin it anew, or go on."""
        if not self.done:
            self.path.write_text(json.dumps({"work": self._work}) + "\n")
        self._file = self.path.open("a")
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def note(self, done: int, written: bool, skipped: list[int], size: int, tally: Any) -> None:
        """One chunk is on disk."""
        entry = {
            "done": done, "written": written, "size": size, "skipped": skipped, "tally": tally,
        }  # fmt: skip
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()


class ArrowFile:
    """A file of Arrow record batches that can be written on after its writer died.

    ``datasets.Dataset.from_file`` memory-maps it.
    """

    def __init__(self, path: Path, features: dict[str, Any], at: int) -> None:
        import datasets

        self.schema = datasets.Features(features).arrow_schema
        self._file = path.open("r+b" if at else "wb")
        if at:
            self._file.truncate(at)
            self._file.seek(at)
        else:
            self._file.write(self.schema.serialize())

    @classmethod
    def begun(cls, path: Path, features: dict[str, Any], *, at: int = 0) -> "ArrowFile":
        """A new file, or one that goes on behind its first ``at`` bytes."""
        return cls(path, features, at)

    def append(self, columns: dict[str, Any]) -> None:
        """Write examples; ``columns`` are those of the features."""
        import pyarrow as pa
        from datasets.table import table_cast

        table = table_cast(pa.table(columns).select(self.schema.names), self.schema)
        for batch in table.combine_chunks().to_batches():
            self._file.write(batch.serialize())

    def flush(self) -> int:
        """Hand all to the operating system; gives the file's size in bytes."""
        self._file.flush()
        return self._file.tell()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        """End the stream, unless something failed."""
        with self._file:
            if failed is None:
                self._file.write(END_OF_STREAM)


def _written(
    path: Path, chunks: int, shape: tuple[int, ...]
) -> Iterator[tuple[npt.NDArray[np.float32], int]]:
    """The values in the first ``chunks`` record batches, and how many examples come before."""
    import pyarrow as pa

    count = 0
    if chunks:
        with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as stream:
            for _ in range(chunks):
                column = stream.read_next_batch()["x"]
                yield column.flatten().to_numpy().reshape(len(column), *shape), count
                count += len(column)


def _features(dataset: BoundDataset, *, values: bool = True) -> dict[str, Any]:
    import datasets

    features: dict[str, Any] = {"group": datasets.Value("string")}
    if values:
        size = dataset.spec.numel
        features = {"x": datasets.List(datasets.Value("float32"), length=size)} | features
    for task in dataset.tasks:
        features[f"label.{task.name}"] = task.rules.feature()
        features[f"split.{task.name}"] = datasets.Value("int8")
    return features


def _values(x: npt.NDArray[np.float32]) -> dict[str, Any]:
    import pyarrow as pa

    return {"x": pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), x[0].size)}


def _columns(dataset: BoundDataset, chunk: Sequence[Example | Outline]) -> dict[str, Any]:
    import pyarrow as pa

    columns: dict[str, Any] = {"group": pa.array([each.group for each in chunk], pa.string())}
    for task in dataset.tasks:
        sides = [
            SPLITS.index(each.splits[task.name]) if task.name in each.splits else ABSENT
            for each in chunk
        ]
        labels = [each.labels.get(task.name) for each in chunk]
        columns[f"label.{task.name}"] = task.rules.encode(labels)
        columns[f"split.{task.name}"] = pa.array(sides, pa.int8())
    return columns


def _is_train(example: Example) -> bool:
    return bool(example.splits) and all(side == "train" for side in example.splits.values())


def check(dataset: BoundDataset, example: Example, position: int) -> None:
    """Raise :class:`UserError` for an example that is not what its dataset says."""
    if example.x.shape != dataset.spec.shape:
        raise UserError(
            f"example {position} of dataset '{dataset.name}' has shape {example.x.shape}; "
            f"its spec is {dataset.spec}"
        )
    for name in example.splits.keys() - {task.name for task in dataset.tasks}:
        raise UserError(
            f"example {position} of dataset '{dataset.name}' is of a task '{name}', which the "
            f"dataset does not state"
        )
    finite = np.isfinite(example.x)
    if not finite.all():
        raise UserError(
            f"example {position} of dataset '{dataset.name}' has {int((~finite).sum())} NaN or "
            f"infinite values: clean or drop it in the dataset's examples()"
        )
    for task in dataset.tasks:
        if task.name not in example.splits:
            continue
        if not task.accepts(label := example.labels.get(task.name)):
            raise UserError(
                f"example {position} of dataset '{dataset.name}': label {label!r} of task "
                f"{task.name} is not {task.labels_wanted}"
            )
