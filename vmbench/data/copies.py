"""Equal examples: on two sides of a split they are known answers, under two labels a contradiction.

Whoever reads every example once, :func:`vmbench.data.examples.prepare` and ``vmbench data check``,
shows them here; 8 bytes stand for each, so that millions fit in memory.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import SPLITS, Label, Split

UNUSED = -1  # the side of an example that a task does not use


def fingerprint(x: npt.NDArray[np.float32]) -> int:
    """64 bits that stand for the values of ``x``; of 10 million, no two are alike by chance."""
    key = hashlib.blake2b(x.tobytes(), digest_size=8).digest()
    return int.from_bytes(key)


class Copies:
    """Counts equal examples, per task.

    Args:
        tasks: their names.

    >>> copies = Copies(["label"])
    >>> for side, label in (("train", 0), ("test", 1)):
    ...     copies.add(np.zeros(3, np.float32), {"label": label}, {"label": side})
    >>> list(copies.leaks("label"))
    ['1 examples occur, byte for byte, on more than one side (1 copies in val and test)']
    >>> list(copies.contradictions("label"))
    ['1 examples occur, byte for byte, under more than one label']
    """

    def __init__(self, tasks: Iterable[str]) -> None:
        self._keys = array("Q")
        self._sides = {task: array("b") for task in tasks}
        self._labels = {task: array("q") for task in self._sides}

    def add(
        self,
        x: npt.NDArray[np.float32],
        labels: Mapping[str, Label],
        splits: Mapping[str, Split],
    ) -> None:
        """Take one example, as it is yielded by a dataset."""
        self._keys.append(fingerprint(x))
        for task, sides in self._sides.items():
            sides.append(SPLITS.index(splits[task]) if task in splits else UNUSED)
            self._labels[task].append(_code(labels.get(task)))

    def leaks(self, task: str) -> Iterator[str]:
        """A sentence if any example of ``task`` is on more than one side."""
        keys, sides, _ = self._of(task)
        crossing = _mixed(keys, sides)
        if crossing.any():
            held_out = int((sides[crossing] != SPLITS.index("train")).sum())
            yield (
                f"{len(np.unique(keys[crossing]))} examples occur, byte for byte, on more than one "
                f"side ({held_out} copies in val and test)"
            )

    def contradictions(self, task: str) -> Iterator[str]:
        """A sentence if any example of ``task`` has more than one class or set of findings."""
        keys, _, labels = self._of(task)
        torn = _mixed(keys, labels)
        if torn.any():
            count = len(np.unique(keys[torn]))
            yield f"{count} examples occur, byte for byte, under more than one label"

    def unlabelled(self) -> Iterator[str]:
        """A sentence if any example without a label equals one that a task holds out."""
        keys = np.array(self._keys, np.uint64)
        sides = np.array([*self._sides.values()], np.int8).reshape(len(self._sides), len(keys))
        held_out = (sides > SPLITS.index("train")).any(0)
        seen = np.isin(keys[(sides == UNUSED).all(0)], keys[held_out])
        if seen.any():
            yield (
                f"{int(seen.sum())} examples without a label occur, byte for byte, in val or test: "
                f"pretraining sees them there"
            )

    def remarks(self) -> Iterator[str]:
        """Every sentence of every task, for a run; tasks of which the same is true share one."""
        said: dict[str, list[str]] = {}
        for task in self._sides:
            for sentence in (*self.leaks(task), *self.contradictions(task)):
                said.setdefault(sentence, []).append(task)
        for sentence, tasks in said.items():
            yield f"warning: {sentence}: {', '.join(tasks)}"
        yield from (f"warning: {sentence}" for sentence in self.unlabelled())

    def _of(
        self, task: str
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int8], npt.NDArray[np.int64]]:
        sides = np.array(self._sides[task], np.int8)
        used = sides != UNUSED
        keys, labels = np.array(self._keys, np.uint64), np.array(self._labels[task], np.int64)
        return keys[used], sides[used], labels[used]


def _code(label: object) -> int:
    """Equal for equal classes or findings, and for all numbers to predict: they may differ."""
    if isinstance(label, float):
        return 0
    return hash(tuple(label) if isinstance(label, list) else label)


def _mixed(keys: npt.NDArray[np.uint64], values: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Which entries have a key that occurs with more than one value."""
    order = np.lexsort((values, keys))
    keys, values = keys[order], values[order]
    changes = (keys[1:] == keys[:-1]) & (values[1:] != values[:-1])
    return np.isin(keys, keys[1:][changes])[np.argsort(order)]
