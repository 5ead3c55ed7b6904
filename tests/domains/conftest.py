"""Every built-in dataset, collected once for the session."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import islice

import numpy as np
import numpy.typing as npt
import pytest

from vmbench.data.dataset import Dataset
from vmbench.data.domain import Domain
from vmbench_domains.index import ENTRIES

DOMAINS: dict[str, Domain] = {e.name: e.load()() for e in ENTRIES if e.kind == "domain"}
# Those that need files are tested in the folder real/, on tiny sets in their publishers' formats.
DATASETS: dict[str, Domain] = {
    name: d for d in DOMAINS.values() for name in d.datasets if d.dataset(name).package
}
# Synthesising all 9,600 clips takes longer than all other tests: the first two voices stand in.
LIMIT = {"spoken-digits": 240, "spoken-digits-waveform": 240}


@dataclass(frozen=True)
class Collected:
    """Examples of one dataset: ``labels`` and ``splits`` hold one array per task."""

    dataset: Dataset
    x: npt.NDArray[np.float32]
    labels: dict[str, npt.NDArray[np.int64]]
    splits: dict[str, npt.NDArray[np.str_]]
    groups: npt.NDArray[np.object_]

    def side(self, split: str, task: str) -> npt.NDArray[np.float32]:
        return self.x[self.splits[task] == split]


def read(name: str) -> Collected:
    dataset = DATASETS[name].dataset(name)
    examples = list(islice(dataset.examples(), LIMIT.get(name)))
    tasks = [task.name for task in dataset.tasks]
    return Collected(
        dataset,
        np.stack([example.x for example in examples]),
        {task: np.array([example.labels[task] for example in examples]) for task in tasks},
        {task: np.array([example.splits[task] for example in examples]) for task in tasks},
        np.array([example.group for example in examples], dtype=object),
    )


@pytest.fixture(scope="session")
def collect() -> Callable[[str], Collected]:
    return cache(read)


def pytest_generate_tests(metafunc):
    if "dataset_name" in metafunc.fixturenames:
        metafunc.parametrize("dataset_name", DATASETS)
    if "domain_name" in metafunc.fixturenames:
        metafunc.parametrize("domain_name", DOMAINS)


@pytest.fixture
def domain(domain_name):
    return DOMAINS[domain_name]


@pytest.fixture
def reread() -> Callable[[str], Collected]:
    """Read a dataset anew, past the session's cache."""
    return read
