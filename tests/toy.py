"""A tiny domain for the core's tests: one dataset per spec, made from a seed, no package needed."""

from collections.abc import Iterator

import numpy as np

from vmbench.data.dataset import SPLITS, Card, Dataset, Example, Task
from vmbench.data.domain import Domain
from vmbench.data.specs import Grid, Sequence, Spec, Vector
from vmbench.registry import Entry, registry

CLASSES = ("a", "b", "c")
CARD = Card("CC0", "none", "none")


class ToyDataset(Dataset):
    """Three classes, each its own smooth pattern in noise; the fifth and fourth rows held out."""

    revision = "1"
    spec: Spec
    card = CARD
    package = ("numpy", "toy")
    tasks = (Task("kind", CLASSES, "every fifth row is test, every fifth val"),)
    count = 300
    noise = 1.0

    def examples(self) -> Iterator[Example]:
        rng = np.random.default_rng(7)
        patterns = rng.standard_normal((len(CLASSES), *self.spec.shape))
        for i in range(self.count):
            label = int(rng.integers(len(CLASSES)))
            x = patterns[label] + self.noise * rng.standard_normal(self.spec.shape)
            split = {3: SPLITS[1], 4: SPLITS[2]}.get(i % 5, SPLITS[0])
            yield Example(x.astype(np.float32), {"kind": label}, {"kind": split})


class ToyGrid(ToyDataset):
    name = "toy-grid"
    spec = Grid(1, 12, 10)


class ToySequence(ToyDataset):
    name = "toy-sequence"
    spec = Sequence(2, 30)


class ToyVector(ToyDataset):
    name = "toy-vector"
    spec = Vector(9)
    normalize = "channel"


class ToyBare(ToyVector):
    """The same without a label."""

    name = "toy-bare"
    tasks = ()
    no_task = "nobody labelled it"

    def examples(self) -> Iterator[Example]:
        yield from (Example(e.x, {}, {}) for e in super().examples())


class ToyOther(ToyVector):
    name = "toy-other"
    count = 200


class ToyFindings(ToyDataset):
    """Each of three findings is there or not, its pattern added to noise; the last one is rare."""

    name = "toy-findings"
    spec = Vector(8)
    normalize = "channel"
    tasks = (
        Task("findings", CLASSES, "every fifth row is test, every fifth val", kind="multilabel"),
    )

    def examples(self) -> Iterator[Example]:
        rng = np.random.default_rng(8)
        patterns = rng.standard_normal((len(CLASSES), *self.spec.shape))
        for i in range(self.count):
            there = rng.random(len(CLASSES)) < (0.5, 0.3, 0.1)
            x = there @ patterns + self.noise * rng.standard_normal(self.spec.shape)
            split = {3: SPLITS[1], 4: SPLITS[2]}.get(i % 5, SPLITS[0])
            label = tuple(map(int, there))
            yield Example(x.astype(np.float32), {"findings": label}, {"findings": split})


class ToyAmount(ToyDataset):
    """A real target in thousands, linear in the values but for noise."""

    name = "toy-amount"
    spec = Vector(7)
    normalize = "channel"
    tasks = (Task("amount", (), "every fifth row is test, every fifth val", kind="regression"),)

    def examples(self) -> Iterator[Example]:
        rng = np.random.default_rng(9)
        weights = rng.standard_normal(self.spec.shape)
        for i in range(self.count):
            x = rng.standard_normal(self.spec.shape)
            amount = 1000 * (5 + x @ weights + self.noise * rng.standard_normal())
            split = {3: SPLITS[1], 4: SPLITS[2]}.get(i % 5, SPLITS[0])
            yield Example(x.astype(np.float32), {"amount": float(amount)}, {"amount": split})


class Toy(Domain):
    """The toy domain."""

    name = "toy"
    summary = "for tests"
    datasets = {
        d.name: d
        for d in (ToyGrid, ToySequence, ToyVector, ToyBare, ToyOther, ToyFindings, ToyAmount)
    }
    default = "toy-vector"


def register() -> None:
    """Make ``--domain toy`` known to this process."""
    registry("domain").add(
        Entry(
            "domain",
            "toy",
            "toy:Toy",
            "for tests",
            {"datasets": tuple(Toy.datasets), "default": Toy.default},
            owner="tests",
        )
    )
