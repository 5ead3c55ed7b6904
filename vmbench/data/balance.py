"""How the labels of a task are spread over its classes and splits, in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vmbench.data.labels import SPLITS, Sides, judged

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


def spelt(counts: Mapping[str, int]) -> str:
    """The counts of few classes one by one, or the range of those of many."""
    if not counts:
        return ""
    if len(counts) <= SPELT_OUT:
        return ": " + ", ".join(f"{name} {n}" for name, n in counts.items())
    return f": {len(counts)} classes of {min(counts.values())} to {max(counts.values())}"


def left_out(classes: Sequence[str], labels: Sides) -> Iterator[str]:
    """Which classes of a multilabel task some split lacks or always has, and what follows.

    Args:
        classes: their names.
        labels: of every split, (N, K).
    """
    counted = judged(labels)
    reasons = []
    for position, name in enumerate(classes):
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
