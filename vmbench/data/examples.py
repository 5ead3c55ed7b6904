"""A dataset's examples: turned into the spec once, cached as Arrow, read in normalised batches.

The cache holds one folder per (dataset, revision, source): an Arrow file that a Hugging Face
``datasets.Dataset`` memory-maps, so that nothing is held whole in memory, and ``statistics.json``
with the mean and standard deviation of the training examples. Of a listed dataset
(:mod:`vmbench.data.listed`) it may hold only what one kind of run needs.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vmbench.config import digest
from vmbench.data.building import EXAMPLES, OUTLINE, build
from vmbench.data.dataset import SPLITS, BoundDataset, Split, Task
from vmbench.data.kinds.base import ABSENT
from vmbench.data.labels import Labels, said_of_unlabelled
from vmbench.data.listed import CHUNK, ListedDataset, Outline, roster_of
from vmbench.data.moments import Moments
from vmbench.data.roster import Indices, Roster, limit
from vmbench.errors import UserError
from vmbench.plugins import named_failures
from vmbench.progress import say
from vmbench.storage.cache import building, cache_folder

__all__ = ["Examples", "Indices", "check_task", "is_prepared", "prepare"]

CACHE_FORMAT = 3
STATISTICS = "statistics.json"


class Examples:
    """The examples of one dataset, in its spec.

    Reading a batch costs a copy of that batch and no more; the file stays on disk.

    Attributes:
        unlabelled: whether those without a label are pretrained on, and normalised by, too.
        most: training examples that are used of the pretraining and of each task. Where the rest
            is not stored, :meth:`training` and :meth:`split` leave it out.
    """

    def __init__(
        self,
        dataset: BoundDataset,
        folder: Path,
        *,
        unlabelled: bool = True,
        most: int | None = None,
    ) -> None:
        self.dataset, self.unlabelled, self.most = dataset, unlabelled, most
        self.spec = dataset.spec
        self.table = _table(folder / EXAMPLES)
        statistics = json.loads((folder / STATISTICS).read_text())
        stored = len(self.table)
        if stored != statistics.get("examples", stored):
            raise ValueError(f"{stored} of {statistics['examples']} examples are there")
        self.complete = statistics.get("skipped", 0) == 0
        self._rows: Indices | None = None  # of each example in the table; ABSENT where it is not
        self._described = self.table
        if (folder / OUTLINE).exists():
            self._described = _table(folder / OUTLINE)
            column = self.table.select_columns(["position"])[:]["position"]
            self._rows = np.full(len(self._described), ABSENT, np.int64)
            self._rows[column.to_numpy()] = np.arange(stored)
        # (C, 1, ...) for channels, (F,) for features: broadcasts against one example.
        self._channels = (-1, *[1] * len(self.spec.space))
        moments = statistics if unlabelled else statistics.get("labelled", statistics)
        mean, std = moments["mean"], moments["std"]
        if dataset.normalize != "none" and most is not None:
            training = limit(self.training(), most)
            if len(training) < len(self._roster.training(unlabelled=unlabelled)):
                channels = 1 if dataset.normalize == "global" else self.spec.channels_in
                mean, std = self._moments(training, channels).mean_and_sd()
        self.mean = torch.tensor(mean).view(self._channels)
        self.std = torch.tensor(std).view(self._channels)
        self._remarks: list[str] = statistics.get("remarks", [])

    def __len__(self) -> int:
        """Number of examples, stored or not."""
        return len(self._described)

    def batch(self, indices: Indices) -> Tensor:
        """Normalised examples (len(indices), *spec.shape), float32, on the CPU."""
        x = self.stored(indices)
        return x if self.dataset.normalize == "none" else (x - self.mean) / self.std

    def stored(self, indices: Indices) -> Tensor:
        """The same in the dataset's units, as it yielded them."""
        if self._rows is not None and len(indices):
            rows = self._rows[indices]
            if (rows == ABSENT).any():
                raise IndexError(f"{int((rows == ABSENT).sum())} of the examples are not prepared")
            indices = rows
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
        moments = Moments(self.spec.channels_in)
        for x in self.batches(indices, CHUNK):
            moments.add(x.numpy())
        mean, sd = (torch.tensor(each).view(self._channels) for each in moments.mean_and_sd())
        return mean, sd

    def _moments(self, indices: Indices, channels: int) -> Moments:
        """Those of ``indices`` in the dataset's units."""
        moments = Moments(channels)
        for start in range(0, len(indices), CHUNK):
            moments.add(self.stored(indices[start : start + CHUNK]).numpy())
        return moments

    @cached_property
    def _columns(self) -> dict[str, Indices]:
        names = [f"split.{task.name}" for task in self.dataset.tasks]
        table = self._described.select_columns(names)[:] if names else {}
        return {name: table[name].to_numpy().astype(np.int64) for name in names}

    @cached_property
    def _labels(self) -> dict[str, Labels]:
        names = [f"label.{task.name}" for task in self.dataset.tasks]
        table = self._described.select_columns(names)[:] if names else {}
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
        """Labels of ``task`` per split, as :meth:`labels` gives them; stored or not."""
        return {split: self.labels(task, self._roster.split(task.name, split)) for split in SPLITS}

    def split(self, task: Task, split: Split) -> Indices:
        """Positions of the examples on one side of a task's split, in file order."""
        found = self._roster.split(task.name, split)
        return self._stored(limit(found, self.most) if split == "train" else found, found)

    def _stored(self, used: Indices, all_: Indices) -> Indices:
        """``all_``, or where not all are stored, of ``used`` what could be read."""
        return all_ if self._rows is None else used[self._rows[used] != ABSENT]

    @cached_property
    def _groups(self) -> Indices:
        names = self._described.select_columns(["group"])[:]["group"].combine_chunks()
        codes = names.dictionary_encode().indices.fill_null(ABSENT)
        groups: Indices = codes.to_numpy().astype(np.int64)
        return groups

    def groups(self, indices: Indices | None = None) -> Indices:
        """Code (N,) of the group that each of ``indices`` (default: all) stems from.

        Codes count the groups in the order of the file; -1 where an example names none.
        """
        return self._groups if indices is None else self._groups[indices]

    def training(self) -> Indices:
        """What is pretrained on: :meth:`vmbench.data.roster.Roster.training`."""
        found = self._roster.training(unlabelled=self.unlabelled)
        return self._stored(limit(found, self.most), found)

    @cached_property
    def _roster(self) -> Roster:
        sides = {task.name: self._columns[f"split.{task.name}"] for task in self.dataset.tasks}
        return Roster(sides, self.groups())

    @property
    def remarks(self) -> list[str]:
        """What the user must know of the files, and of what pretraining takes of them."""
        _, gained, kept_out = (int(role.sum()) for role in self._roster.roles)
        return [*self._remarks, *said_of_unlabelled(gained, kept_out, used=self.unlabelled)]


def prepare(
    dataset: BoundDataset,
    *,
    unlabelled: bool = True,
    most: int | None = None,
    tasks: Sequence[Task] | None = None,
) -> Examples:
    """The examples of ``dataset``, from the cache or built into it.

    Args:
        dataset: bound to its files.
        unlabelled: whether those without a label are pretrained on, and normalised by.
        most: training examples that are needed of the pretraining, and of each task; None: all.
            Of a listed dataset no more is read.
        tasks: whose val and test are needed; None: those of all.

    Raises:
        UserError: what is wrong with the data or the cache folder, and where.
        RunError: a plugin's dataset fails.
    """
    chosen = None

    def cached() -> Examples | None:
        return _cached(dataset, _folder(dataset, chosen), unlabelled=unlabelled, most=most)

    if most is not None and isinstance(dataset.reader, ListedDataset):
        whole = cached()
        if whole is not None and whole.complete:
            return whole
        chosen = _chosen(dataset, dataset.reader.outline(), tasks, most, unlabelled=unlabelled)
    examples = cached()
    if examples is not None:
        return examples
    with building(
        _folder(dataset, chosen), dataset.name, lambda: cached() is not None
    ) as temporary:
        if temporary is not None:
            with named_failures():
                _build(dataset, temporary, chosen)
    return Examples(dataset, _folder(dataset, chosen), unlabelled=unlabelled, most=most)


def _chosen(
    dataset: BoundDataset,
    outline: Sequence[Outline],
    tasks: Sequence[Task] | None,
    most: int,
    *,
    unlabelled: bool,
) -> Indices | None:
    """Positions of what is needed; None: all."""
    judged = [task.name for task in (dataset.tasks if tasks is None else tasks)]
    used = roster_of(outline, dataset.tasks).used(judged, most, unlabelled=unlabelled)
    return used if len(used) < len(outline) else None


def _cached(
    dataset: BoundDataset, folder: Path, *, unlabelled: bool = True, most: int | None = None
) -> Examples | None:
    """What lies ready in ``folder``; None where nothing does, or what does was cut off."""
    if not (folder / STATISTICS).exists():
        return None
    try:
        return Examples(dataset, folder, unlabelled=unlabelled, most=most)
    except (OSError, ValueError, KeyError) as error:  # pyarrow's errors are of these types too
        say(f"{folder} is damaged ({type(error).__name__}): {dataset.name} is prepared again")
        return None


def is_prepared(dataset: BoundDataset) -> bool:
    """Whether :func:`prepare` finds the examples in the cache."""
    return (_folder(dataset) / STATISTICS).exists()


def _folder(dataset: BoundDataset, chosen: Indices | None = None) -> Path:
    name = f"{dataset.name}-{dataset.revision}"
    # What is named by its contents is the same wherever it lies.
    place = None if dataset.named_by_contents else dataset.data_dir
    source = (str(place.resolve()) if place else "") + dataset.fingerprint
    tasks = [[task.name, task.kind, *task.classes] for task in dataset.tasks]
    part = [] if chosen is None else [chosen.tolist()]
    reader = type(dataset.reader).__module__
    key = digest([CACHE_FORMAT, reader, str(dataset.spec), source, tasks, *part])
    return cache_folder() / f"{name}-{key}"


def _table(path: Path) -> Any:
    import datasets

    return datasets.Dataset.from_file(str(path)).with_format("arrow")


def _build(dataset: BoundDataset, folder: Path, chosen: Indices | None = None) -> None:
    built = build(dataset, folder, chosen)
    statistics: dict[str, Any] = {
        **built.moments.document(),
        "remarks": built.remarks,
        "examples": built.count,
        "skipped": built.skipped,
    }
    _write_statistics(folder, statistics)
    examples = Examples(dataset, folder)
    for task in dataset.tasks:
        check_task(examples, task)
    # Whose group is held out is known only now.
    labelled = Examples(dataset, folder, unlabelled=False).training()
    gained = np.setdiff1d(examples.training(), labelled)
    if len(gained):
        for start in range(0, len(gained), CHUNK):
            built.moments.add(examples.stored(gained[start : start + CHUNK]).numpy())
        before = {key: statistics[key] for key in ("mean", "std")}
        _write_statistics(folder, {**statistics, **built.moments.document(), "labelled": before})


def _write_statistics(folder: Path, statistics: Mapping[str, Any]) -> None:
    (folder / STATISTICS).write_text(json.dumps(statistics))


def check_task(examples: Examples, task: Task) -> None:
    """Raise :class:`UserError` for a task that cannot be learned or judged.

    The first of its kind's problems (:meth:`vmbench.data.kinds.base.TaskKind.problems`).
    """
    for problem in task.rules.problems(examples.split_labels(task)):
        raise UserError(f"task {examples.dataset.name}/{task.name}: {problem}")
