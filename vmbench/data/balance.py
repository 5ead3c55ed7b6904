"""How the labels of a task are spread over its classes and splits, in plain words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from vmbench.data.dataset import SPLITS, Split, Task
from vmbench.data.labels import Labels, judged

# Above this ratio of the largest class in train to the smallest, accuracy is mostly about the
# large ones.
UNEQUAL = 2.0
SPELT_OUT = 12  # classes whose counts fit in a line


@dataclass(frozen=True)
class Balance:
    """How unequal the classes are.

    Attributes:
        majority: name of the largest class.
        share: its share of the examples, 0..1.
        ratio: examples of the largest class per example of the smallest; infinite if that has none.
    """

    majority: str
    share: float
    ratio: float

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Balance":
        """From the count of each class; at least one class has examples.

        >>> Balance.of({"cat": 30, "dog": 10})
        Balance(majority='cat', share=0.75, ratio=3.0)
        """
        majority = max(counts, key=counts.__getitem__)
        least = min(counts.values())
        ratio = counts[majority] / least if least else float("inf")
        return cls(majority, counts[majority] / sum(counts.values()), ratio)

    @property
    def unequal(self) -> bool:
        """Whether accuracy alone would mislead."""
        return self.ratio > UNEQUAL

    def __str__(self) -> str:
        return (
            f"majority {self.majority} {self.share:.1%}, imbalance ratio {self.ratio:.1f} "
            f"(largest to smallest class)"
        )


def class_counts(task: Task, labels: Labels) -> dict[str, int]:
    """Class -> how many of the examples have it; not for a regression.

    Args:
        task: multiclass or multilabel.
        labels: (N,) class indices or (N, K) of 0 and 1.
    """
    if task.kind == "multilabel":
        counts = labels.sum(0)
    else:
        counts = np.bincount(labels.astype(np.int64), minlength=len(task.classes))
    return dict(zip(task.classes, map(int, counts), strict=True))


def remarks(task: Task, labels: Mapping[Split, Labels]) -> Iterator[str]:
    """What a user should know of a task's labels before reading its value.

    Counts per split; the majority and the imbalance ratio of train, with a warning above
    ``UNEQUAL``; the classes of a multilabel task that its averages leave out, and why.

    Args:
        task: whose labels they are.
        labels: of every split.
    """
    if task.kind == "regression":
        yield "; ".join(
            f"{split} {len(labels[split])}: {labels[split].min():g} to {labels[split].max():g}, "
            f"mean {labels[split].mean():g}"
            for split in SPLITS
        )
        return
    counts = {split: class_counts(task, labels[split]) for split in SPLITS}
    yield "; ".join(f"{split} {len(labels[split])}{_spelt(counts[split])}" for split in SPLITS)
    if task.kind == "multilabel":
        yield from _left_out(task, labels)
        return
    balance = Balance.of(counts["train"])
    yield f"train: {balance}"
    if balance.unequal:
        yield (
            f"warning: unequal classes (ratio above {UNEQUAL:g}): look at balanced_accuracy, and "
            f"compare accuracy with majority_accuracy"
        )


def notable(task: Task, labels: Mapping[Split, Labels]) -> Iterator[str]:
    """What a run says of a task's labels: one short line, and what its value is distorted by.

    Classes that are absent from a side, and in train an imbalance ratio above ``UNEQUAL``; all
    counts are :func:`remarks`'.

    Args:
        task: whose labels they are.
        labels: of every split.
    """
    sizes = ", ".join(f"{len(labels[split])} {split}" for split in SPLITS)
    yield f"{task.summary}; {sizes}"
    if task.kind == "multilabel":
        yield from _left_out(task, labels)
    if task.kind != "multiclass":
        return
    counts = {split: class_counts(task, labels[split]) for split in SPLITS}
    for split in SPLITS:
        absent = [name for name, count in counts[split].items() if not count]
        if absent:
            named = ", ".join(absent[:SPELT_OUT]) + (", ..." if len(absent) > SPELT_OUT else "")
            yield f"warning: {split} has no example of {len(absent)} classes: {named}"
    balance = Balance.of(counts["train"])
    if balance.unequal:
        yield (
            f"warning: unequal classes ({balance.majority} is {balance.share:.1%} of train, "
            f"largest to smallest {balance.ratio:.1f}): read balanced_accuracy"
        )


def _spelt(counts: Mapping[str, int]) -> str:
    if len(counts) <= SPELT_OUT:
        return ": " + ", ".join(f"{name} {n}" for name, n in counts.items())
    return f": {len(counts)} classes of {min(counts.values())} to {max(counts.values())}"


def _left_out(task: Task, labels: Mapping[Split, Labels]) -> Iterator[str]:
    counted = judged(labels)
    reasons = []
    for position, name in enumerate(task.classes):
        column = {split: labels[split][:, position] for split in SPLITS}
        never = [split for split in SPLITS if not column[split].any()]
        always = [split for split in SPLITS if column[split].all()]
        where = [
            f"{word} in {' and '.join(found)}"
            for word, found in (("never", never), ("always", always))
            if found
        ]
        if where:
            outcome = "" if counted[position] else "; left out of every average"
            reasons.append(f"{name} ({', '.join(where)}{outcome})")
    if reasons:
        yield f"classes without both values: {', '.join(reasons)}"
