"""Tiny data for checking methods: a dataset per kind of spec, made from a seed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vmbench.config import Config, make_config
from vmbench.data.dataset import SPLITS, Card, Dataset, Example, Task
from vmbench.data.examples import prepare
from vmbench.data.specs import Grid, Sequence, Spec, Vector
from vmbench.progress import Progress
from vmbench.registry import registry
from vmbench.runs.presets import PRESETS
from vmbench.runs.session import Session
from vmbench.training.device import place

# Odd and unequal axes, so that a method that swaps or halves them shows.
SPECS: dict[str, Spec] = {
    "grid": Grid(3, 17, 23),
    "sequence": Sequence(2, 37),
    "vector": Vector(27),
}
ROWS = 60
CLASSES = ("low", "high")


class SyntheticDataset(Dataset):
    """Noise around one of two levels; of every five rows one is val and one is test."""

    revision = "1"
    tasks = (Task("level", CLASSES, "of every five rows the fourth is val, the fifth test"),)
    card = Card("CC0", "made from a seed by vmbench.testing", "none")
    package = ("vmbench", "")

    def __init__(self, spec: Spec) -> None:
        # An instance may narrow what the base declares for the class.
        self.spec = spec
        self.name = f"synthetic-{spec.kind}"  # type: ignore[misc]

    def examples(self, data_dir: Path | None) -> Iterator[Example]:
        """Yield the rows."""
        rng = np.random.default_rng(0)
        sides = (SPLITS[0], SPLITS[0], SPLITS[0], SPLITS[1], SPLITS[2])
        for row in range(ROWS):
            label = row // 5 % 2
            x = rng.standard_normal(self.spec.shape, dtype=np.float32) + np.float32(label)
            yield Example(x, {"level": label}, {"level": sides[row % 5]})


def smoke_config() -> Config:
    """The smallest settings, on the CPU: one epoch of two batches."""
    return make_config(
        PRESETS["smoke"], {"epochs": 1, "batch_size": 16, "device": "cpu", "precision": "float32"}
    )


@contextmanager
def tiny_session(spec: Spec, seed: int = 0) -> Iterator[Session]:
    """A session on :class:`SyntheticDataset` in folders of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="vmbench-testing-") as folder:
        with _cache_in(Path(folder) / "cache"):
            examples = prepare(SyntheticDataset(spec))
        config = smoke_config()
        yield Session(
            folder=Path(folder),
            examples=examples,
            indices=examples.training(),
            objective="simclr",
            config=config,
            placement=place(config, spec),
            seed=seed,
            progress=Progress(quiet=True),
            handcrafted=handcrafted_family(spec.kind),
        )


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
