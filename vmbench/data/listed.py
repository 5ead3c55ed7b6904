"""Datasets that know all of their examples but the values before any is read.

They can be read in part, by all cores, and on from where a reading was interrupted.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import NOWHERE, SPLITS, Dataset, Example, Label, Source, Split, Task
from vmbench.data.kinds.base import ABSENT
from vmbench.data.roster import Roster
from vmbench.storage.cores import usable_cores

CHUNK = 512  # examples that are read, and written down, at once
Job = TypeVar("Job")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Outline:
    """An :class:`~vmbench.data.dataset.Example` less its values."""

    labels: Mapping[str, Label]
    splits: Mapping[str, Split]
    group: str | None = None
    source: Source = NOWHERE

    def filled(self, x: npt.NDArray[np.float32]) -> Example:
        """The example whose values are ``x``."""
        return Example(x, self.labels, self.splits, self.group, self.source)


def roster_of(outline: Sequence[Outline], tasks: Iterable[Task]) -> Roster:
    """What is pretrained on and what each of ``tasks`` uses of the examples."""
    names: dict[str | None, int] = {None: ABSENT}
    groups = [names.setdefault(each.group, len(names)) for each in outline]
    sides = {
        task.name: np.array(
            [
                SPLITS.index(each.splits[task.name]) if task.name in each.splits else ABSENT
                for each in outline
            ],
            np.int64,
        )
        for task in tasks
    }
    return Roster(sides, np.array(groups, np.int64))


class Reading(ABC):
    """One pass over a dataset, or the rest of one."""

    @abstractmethod
    def read(self, positions: Sequence[int]) -> Iterator[npt.NDArray[np.float32] | None]:
        """Yield the values at each of ``positions``, in their order; None for what is skipped.

        Raises:
            UserError: too much is broken.
        """

    def tally(self) -> Any:
        """What the user must know of all that was read since this was last asked; JSON."""
        return None

    def conclude(self, tallies: Iterable[Any]) -> Iterator[str]:
        """The remarks that follow from all tallies of a pass, some of an earlier process.

        Raises:
            UserError: too much is broken, or the data make no sense as a whole.
        """
        yield from ()


class ListedDataset(Dataset):
    """Base of datasets of files that are listed before any of them is opened."""

    @abstractmethod
    def outline(self) -> Sequence[Outline]:
        """All examples in an order that never changes, those that cannot be read among them."""

    @abstractmethod
    def reading(self) -> Reading:
        """Begin a pass."""

    def examples(self) -> Iterator[Example]:
        """Yield every example that can be read."""
        outline, reading, tallies = self.outline(), self.reading(), []
        for start in range(0, len(outline), CHUNK):
            positions = range(start, min(start + CHUNK, len(outline)))
            for position, x in zip(positions, reading.read(positions), strict=True):
                if x is not None:
                    yield outline[position].filled(x)
            tallies.append(reading.tally())
        self.remarks.extend(reading.conclude(tallies))


def in_order(function: Callable[[Job], Done], jobs: Iterable[Job]) -> Iterator[Done]:
    """Map ``jobs`` by as many threads as there are cores, a few ahead of what is taken.

    Decoders of images and audio leave Python's lock while they work, so that threads are enough.
    The first exception is raised in its turn.
    """
    workers = usable_cores()
    waiting = iter(jobs)
    pool = ThreadPoolExecutor(workers)
    try:
        ahead: deque[Future[Done]] = deque(
            pool.submit(function, job) for job in islice(waiting, 4 * workers)
        )
        while ahead:
            done = ahead.popleft().result()
            ahead.extend(pool.submit(function, job) for job in islice(waiting, 1))
            yield done
    finally:
        pool.shutdown(cancel_futures=True)
