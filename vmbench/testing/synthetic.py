"""Tiny data for checking methods: a dataset per kind of spec, made from a seed."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from torch import Tensor

from vmbench.data.dataset import SPLITS, Card, Dataset, Example, Task
from vmbench.data.domain import Domain
from vmbench.data.examples import Examples, prepare
from vmbench.data.specs import SPECS, Spec
from vmbench.evaluation import Evaluation, Problem
from vmbench.progress import Progress
from vmbench.registry import Entry, kind_of, registry
from vmbench.runs.plan import plan_on
from vmbench.runs.representations import Representations
from vmbench.runs.request import RunRequest
from vmbench.settings import Component
from vmbench.training.device import place
from vmbench.training.trainer import Trainer
from vmbench.views.method import Method, Representation

# Odd and unequal axes, so that a method that swaps or halves them shows.
SAMPLES: dict[str, Spec] = {
    spec.kind: cast(Callable[..., Spec], spec)(*spec.sample) for spec in SPECS
}
ROWS = 60
CLASSES = ("low", "high")


class SyntheticDataset(Dataset):
    """Noise around one of two levels; of every five rows one is val and one is test."""

    revision = "1"
    spec: Spec
    tasks: tuple[Task, ...] = (
        Task("level", CLASSES, "of every five rows the fourth is val, the fifth test"),
    )
    card = Card("CC0", "made from a seed by vmbench.testing", "none")
    package = ("vmbench", "")

    def __init__(self, spec: Spec) -> None:
        # An instance may narrow what the base declares for the class.
        self.spec = spec
        self.name = f"synthetic-{spec.kind}"  # type: ignore[misc]

    def examples(self) -> Iterator[Example]:
        """Yield the rows."""
        rng = np.random.default_rng(0)
        sides = (SPLITS[0], SPLITS[0], SPLITS[0], SPLITS[1], SPLITS[2])
        for row in range(ROWS):
            label = row // 5 % 2
            x = rng.standard_normal(self.spec.shape, dtype=np.float32) + np.float32(label)
            yield Example(x, {"level": label}, {"level": sides[row % 5]})


# The smallest settings, on the CPU: one epoch of two batches.
SMALLEST = {"epochs": 1, "batch_size": 16, "device": "cpu", "precision": "float32"}


@dataclass(frozen=True)
class TinyRun:
    """A run on synthetic data: its examples, what they become, and how it judges them."""

    examples: Examples
    representation: Representation
    trainer: Trainer
    evaluation: Evaluation
    folder: Path

    @property
    def x(self) -> Tensor:
        """The training examples."""
        return self.examples.batch(self.examples.training())

    def problem(self, task: Task) -> Problem:
        """``task`` of the examples, for an evaluation to judge."""
        return Problem.of(self.trainer, self.examples, task, self.representation, self.folder)


@contextmanager
def tiny_run(
    method: Method,
    spec: Spec,
    seed: int = 0,
    *,
    dataset: Dataset | None = None,
    settings: Mapping[str, Any] = MappingProxyType({}),
    **asked: Any,
) -> Iterator[TinyRun]:
    """A run of ``method`` in folders of its own, gone afterwards.

    Args:
        method: registered or not.
        spec: of the examples.
        seed: of the run.
        dataset: by default :class:`SyntheticDataset` of ``spec``.
        settings: beside the smallest.
        asked: other fields of the request, as ``objective``.
    """
    family = handcrafted_family(spec.kind)

    class SyntheticDomain(Domain):
        name = "synthetic"
        datasets = {}
        handcrafted = {} if family is None else {spec.kind: family}

    with tempfile.TemporaryDirectory(prefix="vmbench-testing-") as name:
        folder, bound = Path(name), (dataset or SyntheticDataset(spec)).bind()
        with _cache_in(folder / "cache"):
            examples = prepare(bound)
        request = RunRequest(
            domain="synthetic",
            method=method.name,
            preset="smoke",
            seed=seed,
            settings=SMALLEST | dict(settings),
            **asked,
        )
        plan = plan_on(request, SyntheticDomain(), method, bound)
        trainer = Trainer(
            plan.config,
            place(plan.config, spec),
            seed,
            Progress(quiet=True),
            architecture=plan.architecture,
        )
        read = Representations(plan, trainer, examples, folder).of(examples, bound.tasks[0])
        yield TinyRun(examples, read, trainer, plan.evaluation, folder)


@contextmanager
def registered(component: type[Component]) -> Iterator[None]:
    """Have a class registered that may be installed or not, so that a run finds it by its name."""
    kind, name = kind_of(component), component.name
    assert kind is not None
    known = registry(kind)
    if name in known and known.load_class(name) is component:
        yield
        return
    target = f"{component.__module__}:{component.__qualname__}"
    with known.lent(Entry(kind, name, target, owner="this contract")):
        yield


def handcrafted_family(kind: str) -> str | None:
    """A registered handcrafted family for specs of ``kind``, as a domain would name one."""
    for entry in registry("method"):
        if entry.facts.get("views") == "handcrafted" and kind in entry.facts.get("specs", ()):
            return entry.name
    return None


@contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    """Prepare in ``folder``: a check leaves nothing in the user's cache."""
    before = os.environ.get("VMBENCH_CACHE")
    os.environ["VMBENCH_CACHE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["VMBENCH_CACHE"]
        else:
            os.environ["VMBENCH_CACHE"] = before
