"""A dataset's examples: turned into the spec once, cached as Arrow, read in normalised batches.

The cache holds one folder per (dataset, revision, source): an Arrow file that a Hugging Face
``datasets.Dataset`` memory-maps, so that nothing is held whole in memory, and ``statistics.json``
with the mean and standard deviation of the training examples.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vmbench.config import digest
from vmbench.data.copies import Copies
from vmbench.data.dataset import SPLITS, BoundDataset, Example, Split, Task
from vmbench.data.kinds.base import ABSENT
from vmbench.data.labels import Labels, Mask, said_of_unlabelled
from vmbench.errors import UserError
from vmbench.plugins import named_failures
from vmbench.progress import say
from vmbench.storage.cache import building, cache_folder

Indices = npt.NDArray[np.int64]
CACHE_FORMAT = 2
CHUNK = 512  # examples per Arrow record batch


class Examples:
    """The examples of one dataset, in its spec.

    Reading a batch costs a copy of that batch and no more; the file stays on disk.

    Attributes:
        unlabelled: whether those without a label are pretrained on, and normalised by, too.
    """

    def __init__(self, dataset: BoundDataset, folder: Path, *, unlabelled: bool = True) -> None:
        import datasets

        self.dataset = dataset
        self.unlabelled = unlabelled
        self.spec = dataset.spec
        self.table = datasets.Dataset.from_file(str(folder / "examples.arrow")).with_format("arrow")
        statistics = json.loads((folder / "statistics.json").read_text())
        # (C, 1, ...) for channels, (F,) for features: broadcasts against one example.
        self._channels = (-1, *[1] * len(self.spec.space))
        moments = statistics if unlabelled else statistics.get("labelled", statistics)
        self.mean = torch.tensor(moments["mean"]).view(self._channels)
        self.std = torch.tensor(moments["std"]).view(self._channels)
        self._remarks: list[str] = statistics.get("remarks", [])
        if len(self.table) != statistics.get("examples", len(self.table)):
            raise ValueError(f"{len(self.table)} of {statistics['examples']} examples are there")

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.table)

    def batch(self, indices: Indices) -> Tensor:
        """Normalised examples (len(indices), *spec.shape), float32, on the CPU."""
        x = self.stored(indices)
        return x if self.dataset.normalize == "none" else (x - self.mean) / self.std

    def stored(self, indices: Indices) -> Tensor:
        """The same in the dataset's units, as it yielded them."""
        column = self.table[indices]["x"].combine_chunks()
        flat = torch.from_numpy(column.flatten().to_numpy(zero_copy_only=False).copy())
        return flat.view(len(indices), *self.spec.shape)

    def batches(self, indices: Indices, size: int) -> Iterator[Tensor]:
        """Consecutive batches over ``indices``; the last may be smaller."""
        for start in range(0, len(indices), size):
            yield self.batch(indices[start : start + size])

    @property
    def silence(self) -> tuple[Tensor, Tensor] | None:
        """The dataset's :class:`~vmbench.data.dataset.Silence` as :meth:`batch` gives it.

        The level and the distance to the peak, each (C, 1, ...) or (1, 1, ...).
        """
        silence = self.dataset.silence
        if silence is None:
            return None
        if self.dataset.normalize == "none":
            return torch.full_like(self.mean, silence.level), self.std * silence.below_peak
        return (silence.level - self.mean) / self.std, silence.below_peak / self.std

    def moments(self, indices: Indices) -> tuple[Tensor, Tensor]:
        """Mean and sd of each channel over ``indices``, as :meth:`batch` gives them.

        Each of shape (C, 1, ...) or (F,); the sd of a constant channel counts as 1.
        """
        moments = _Moments(self.spec.channels_in)
        for x in self.batches(indices, CHUNK):
            moments.add(x.numpy())
        mean, sd = (torch.tensor(each).view(self._channels) for each in moments.mean_and_sd())
        return mean, sd

    @cached_property
    def _columns(self) -> dict[str, npt.NDArray[np.int64]]:
        names = [f"split.{task.name}" for task in self.dataset.tasks]
        table = self.table.select_columns(names)[:] if names else {}
        return {name: table[name].to_numpy().astype(np.int64) for name in names}

    @cached_property
    def _labels(self) -> dict[str, Labels]:
        names = [f"label.{task.name}" for task in self.dataset.tasks]
        table = self.table.select_columns(names)[:] if names else {}
        found: dict[str, Labels] = {}
        for task, name in zip(self.dataset.tasks, names, strict=True):
            found[task.name] = task.rules.decode(table[name].combine_chunks())
        return found

    def labels(self, task: Task, indices: Indices | None = None) -> Labels:
        """Labels of ``task`` for ``indices`` (default: all).

        Class indices (N,), int64; of a multilabel task 0 and 1 per class (N, K), int64; of a
        regression the targets (N,), float64.
        """
        labels = self._labels[task.name]
        return labels if indices is None else labels[indices]

    def split_labels(self, task: Task) -> dict[Split, Labels]:
        """Labels of ``task`` per split, as :meth:`labels` gives them."""
        return {split: self.labels(task, self.split(task, split)) for split in SPLITS}

    def split(self, task: Task, split: Split) -> Indices:
        """Positions of the examples on one side of a task's split, in file order."""
        return np.flatnonzero(self._columns[f"split.{task.name}"] == SPLITS.index(split))

    @cached_property
    def _groups(self) -> Indices:
        names = self.table.select_columns(["group"])[:]["group"].combine_chunks()
        codes = names.dictionary_encode().indices.fill_null(ABSENT)
        groups: Indices = codes.to_numpy().astype(np.int64)
        return groups

    def groups(self, indices: Indices | None = None) -> Indices:
        """Code (N,) of the group that each of ``indices`` (default: all) stems from.

        Codes count the groups in the order of the file; -1 where an example names none.
        """
        return self._groups if indices is None else self._groups[indices]

    def training(self) -> Indices:
        """Examples that no task holds out: train in every task that uses them, or in no task.

        One that no task uses (it has no label) is left out where any task holds out examples of
        its group: it would show what is to be met for the first time.
        """
        labelled, gained, _ = self._roles
        return np.flatnonzero(labelled | gained if self.unlabelled else labelled)

    @cached_property
    def _roles(self) -> tuple[Mask, Mask, Mask]:
        """Which examples are train, which are without a label, and which of these stay out."""
        columns = self._columns.values()
        codes = np.array([*columns], np.int64).reshape(len(columns), len(self))
        groups = self.groups()
        unused = (codes == ABSENT).all(0)
        held_out = ~np.isin(codes, (SPLITS.index("train"), ABSENT)).all(0)
        known = np.isin(groups, groups[held_out]) & (groups != ABSENT)
        return ~held_out & ~unused, unused & ~known, unused & known

    @property
    def remarks(self) -> list[str]:
        """What the user must know of the files, and of what pretraining takes of them."""
        _, gained, kept_out = (int(role.sum()) for role in self._roles)
        return [*self._remarks, *said_of_unlabelled(gained, kept_out, used=self.unlabelled)]


def prepare(dataset: BoundDataset, *, unlabelled: bool = True) -> Examples:
    """The examples of ``dataset``, from the cache or built into it.

    Args:
        dataset: bound to its files.
        unlabelled: whether those without a label are pretrained on, and normalised by.

    Raises:
        UserError: what is wrong with the data or the cache folder, and where.
        RunError: a plugin's dataset fails.
    """
    folder = _folder(dataset)
    examples = _cached(dataset, folder, unlabelled=unlabelled)
    if examples is not None:
        return examples
    ready = lambda: _cached(dataset, folder) is not None  # noqa: E731
    with building(folder, dataset.name, ready) as temporary:
        if temporary is not None:
            with named_failures():
                _build(dataset, temporary)
    return Examples(dataset, folder, unlabelled=unlabelled)


def _cached(dataset: BoundDataset, folder: Path, *, unlabelled: bool = True) -> Examples | None:
    """What lies ready in ``folder``; None where nothing does, or what does was cut off."""
    if not (folder / "statistics.json").exists():
        return None
    try:
        return Examples(dataset, folder, unlabelled=unlabelled)
    except (OSError, ValueError, KeyError) as error:  # pyarrow's errors are of these types too
        say(f"{folder} is damaged ({type(error).__name__}): {dataset.name} is prepared again")
        return None


def is_prepared(dataset: BoundDataset) -> bool:
    """Whether :func:`prepare` finds the examples in the cache."""
    return (_folder(dataset) / "statistics.json").exists()


def _folder(dataset: BoundDataset) -> Path:
    name = f"{dataset.name}-{dataset.revision}"
    # What is named by its contents is the same wherever it lies.
    place = None if dataset.named_by_contents else dataset.data_dir
    source = (str(place.resolve()) if place else "") + dataset.fingerprint
    kinds = [f"{t.name}: {t.kind}" for t in dataset.tasks if t.kind != Task.kind]
    key = digest([CACHE_FORMAT, type(dataset.reader).__module__, str(dataset.spec), source, *kinds])
    return cache_folder() / f"{name}-{key}"


def _build(dataset: BoundDataset, folder: Path) -> None:
    import datasets
    import pyarrow as pa
    from datasets.arrow_writer import ArrowWriter

    tasks = dataset.tasks
    size = dataset.spec.numel
    features: dict[str, Any] = {
        "x": datasets.List(datasets.Value("float32"), length=size),
        "group": datasets.Value("string"),
    }
    for task in tasks:
        features[f"label.{task.name}"] = task.rules.feature()
        features[f"split.{task.name}"] = datasets.Value("int8")
    channels = {"none": 0, "global": 1}.get(dataset.normalize, dataset.spec.channels_in)
    moments = _Moments(channels)
    copies = Copies(task.name for task in tasks)
    writer = ArrowWriter(features=datasets.Features(features), path=str(folder / "examples.arrow"))
    examples = dataset.examples()
    count = 0
    while chunk := list(islice(examples, CHUNK)):
        for offset, example in enumerate(chunk):
            _check(dataset, example, count + offset)
            copies.add(example.x, example.labels, example.splits)
        x = np.stack([example.x for example in chunk])
        moments.add(x[[_is_train(example) for example in chunk]])
        columns: dict[str, Any] = {
            "x": pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), size),
            "group": pa.array([example.group for example in chunk], pa.string()),
        }
        for task in tasks:
            splits = [
                SPLITS.index(example.splits[task.name]) if task.name in example.splits else ABSENT
                for example in chunk
            ]
            labels = [example.labels.get(task.name) for example in chunk]
            columns[f"label.{task.name}"] = task.rules.encode(labels)
            columns[f"split.{task.name}"] = pa.array(splits, pa.int8())
        writer.write_table(pa.table(columns))
        count += len(chunk)
    if count == 0:
        raise UserError(f"dataset '{dataset.name}' has no examples")
    writer.finalize()
    remarks = [*dataset.remarks, *copies.remarks()]
    statistics = {**moments.document(), "remarks": remarks, "examples": count}
    _write_statistics(folder, statistics)
    built = Examples(dataset, folder)
    for task in tasks:
        check_task(built, task)
    # Whose group is held out is known only now.
    gained = np.setdiff1d(built.training(), Examples(dataset, folder, unlabelled=False).training())
    if len(gained):
        for start in range(0, len(gained), CHUNK):
            moments.add(built.stored(gained[start : start + CHUNK]).numpy())
        labelled = {key: statistics[key] for key in ("mean", "std")}
        _write_statistics(folder, {**statistics, **moments.document(), "labelled": labelled})


def _write_statistics(folder: Path, statistics: Mapping[str, Any]) -> None:
    (folder / "statistics.json").write_text(json.dumps(statistics))


def _is_train(example: Example) -> bool:
    return bool(example.splits) and all(side == "train" for side in example.splits.values())


def _check(dataset: BoundDataset, example: Example, position: int) -> None:
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


def check_task(examples: Examples, task: Task) -> None:
    """Raise :class:`UserError` for a task that cannot be learned or judged.

    The first of its kind's problems (:meth:`vmbench.data.kinds.base.TaskKind.problems`).
    """
    for problem in task.rules.problems(examples.split_labels(task)):
        raise UserError(f"task {examples.dataset.name}/{task.name}: {problem}")


class _Moments:
    """Running mean and sd of examples, per channel; over all where it is one, of none for 0."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.count = 0
        self.total = np.zeros(self.channels)
        self.squares = np.zeros(self.channels)

    def add(self, x: npt.NDArray[np.float32]) -> None:
        if len(x) == 0 or self.channels == 0:  # a chunk of held-out examples only
            return
        values = x.astype(np.float64).reshape(len(x), self.channels, -1)
        self.count += values.shape[0] * values.shape[2]
        self.total += values.sum((0, 2))
        self.squares += (values**2).sum((0, 2))

    def document(self) -> dict[str, list[float]]:
        """Mean and sd by their names in ``statistics.json``."""
        mean, std = self.mean_and_sd()
        return {"mean": mean, "std": std}

    def mean_and_sd(self) -> tuple[list[float], list[float]]:
        if self.count == 0:
            return [0.0], [1.0]
        mean = self.total / self.count
        std = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0))
        # A constant channel carries nothing; dividing by 1 keeps it at zero.
        return mean.tolist(), np.where(std > 1e-8, std, 1.0).tolist()
