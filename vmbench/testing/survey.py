"""One pass over a dataset's examples that notes everything the contract asks about.

Nothing is held but 16 bytes per example and the last few examples, so a large dataset is checked
in the memory of a small one.
"""

import hashlib
import os
import pickle
import random
import subprocess
import sys
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from vmbench.data.dataset import SPLITS, BoundDataset, Example, Split

KEPT = 8  # examples that are looked at again after later ones were yielded
WORKER_EXAMPLES = 256  # compared between this process and a fresh one
WORKER_SECONDS = 300
UNLIKELY_SEED = 1_618_033_988


@dataclass
class Survey:
    """What one pass saw.

    Attributes:
        count: examples.
        digest: of every value, label and split in order; equal for equal passes.
        problems: clause -> the first violation of it.
        counts: task -> split -> how many examples are there.
        classes: task -> split -> class indices seen there (of a multilabel task, those that some
            example has); of a regression, the first two different targets.
        leaks: task -> how many examples repeat, byte for byte, one on another side of the split.
        draws_globally: whether a global random state changed.
        start: digest of the first ``WORKER_EXAMPLES``.
    """

    count: int = 0
    digest: str = ""
    start: str = ""
    draws_globally: bool = False
    problems: dict[str, str] = field(default_factory=dict)
    counts: dict[str, dict[Split, int]] = field(default_factory=dict)
    classes: dict[str, dict[Split, set[float]]] = field(default_factory=dict)
    leaks: dict[str, int] = field(default_factory=dict)

    def note(self, clause: str, problem: str) -> None:
        """Remember the first problem of each clause."""
        self.problems.setdefault(clause, problem)


def survey(dataset: BoundDataset) -> Survey:
    """Read every example of ``dataset`` once. What it raises goes through."""
    seen = Survey(
        counts={task.name: dict.fromkeys(SPLITS, 0) for task in dataset.tasks},
        classes={task.name: {split: set() for split in SPLITS} for task in dataset.tasks},
        leaks={task.name: 0 for task in dataset.tasks},
    )
    files_before = fingerprint(dataset.data_dir)
    with known_randomness() as random_before:
        _read(seen, dataset)
        seen.draws_globally = global_randomness() != random_before
    if fingerprint(dataset.data_dir) != files_before:
        seen.note("no-mutation", f"examples() changes the files in {dataset.data_dir}")
    return seen


def _read(seen: Survey, dataset: BoundDataset) -> None:
    sides: dict[str, dict[bytes, Split]] = {task.name: {} for task in dataset.tasks}
    whole = hashlib.blake2b(digest_size=16)
    kept: deque[tuple[int, Example, bytes]] = deque()
    for i, example in enumerate(dataset.examples()):
        content = values_digest(example)
        whole.update(content + labels_digest(example))
        seen.count = i + 1
        if seen.count == WORKER_EXAMPLES:
            seen.start = whole.hexdigest()
        _check_values(seen, dataset, i, example)
        _check_labels(seen, dataset, i, example)
        for task, side in example.splits.items():
            if task in sides and sides[task].setdefault(content, side) != side:
                seen.leaks[task] += 1
        kept.append((i, example, content))
        if len(kept) > KEPT:
            _check_kept(seen, *kept.popleft())
    for each in kept:
        _check_kept(seen, *each)
    seen.digest = whole.hexdigest()
    seen.start = seen.start or seen.digest


def _check_values(seen: Survey, dataset: BoundDataset, i: int, example: Example) -> None:
    x = example.x
    if not isinstance(x, np.ndarray) or x.shape != dataset.spec.shape or x.dtype != np.float32:
        got = f"{x.dtype} {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__
        seen.note("shape-dtype", f"example {i} is {got}; the spec is float32 {dataset.spec}")
        return
    if not np.isfinite(x).all():
        seen.note(
            "finite", f"example {i} has {int((~np.isfinite(x)).sum())} NaN or infinite values"
        )
    elif dataset.value_range is not None:
        low, high = dataset.value_range
        if x.min() < low or x.max() > high:
            seen.note(
                "value-range",
                f"example {i} spans {x.min():g} to {x.max():g}; value_range is {low:g} to {high:g}",
            )


def _check_labels(seen: Survey, dataset: BoundDataset, i: int, example: Example) -> None:
    tasks = {task.name: task for task in dataset.tasks}
    for name in {*example.labels, *example.splits} - set(tasks):
        seen.note("labels", f"example {i} names a task '{name}' that the dataset does not state")
    for name, side in example.splits.items():
        if side not in SPLITS:
            seen.note("splits", f"example {i} is in a split {side!r}; use {', '.join(SPLITS)}")
            continue
        if name not in tasks:
            continue
        task, label = tasks[name], example.labels.get(name)
        seen.counts[name][side] += 1
        if task.accepts(label):
            found = seen.classes[name][side]
            # Of targets without classes two tell whether they differ.
            if task.classes or len(found) < 2:
                found.update(task.rules.present(label))
        else:
            got = example.labels.get(name, "none")
            seen.note(
                "labels",
                f"example {i}: label {got!r} of task {name} is not {task.labels_wanted}",
            )


def _check_kept(seen: Survey, i: int, example: Example, content: bytes) -> None:
    if values_digest(example) != content:
        seen.note(
            "no-mutation",
            f"example {i} changes after it is yielded: yield a copy, not a buffer used again",
        )


def values_digest(example: Example) -> bytes:
    """16 bytes for the values of an example."""
    return hashlib.blake2b(np.ascontiguousarray(example.x).tobytes(), digest_size=16).digest()


def labels_digest(example: Example) -> bytes:
    """The labels and splits of an example as bytes, whatever the order of their tasks."""
    labels = sorted((task, str(label)) for task, label in example.labels.items())
    return repr((labels, sorted(example.splits.items()))).encode()


def start_digest(examples: Iterable[Example]) -> str:
    """As :attr:`Survey.start`, of the first examples alone."""
    whole = hashlib.blake2b(digest_size=16)
    for example in islice(examples, WORKER_EXAMPLES):
        whole.update(values_digest(example) + labels_digest(example))
    return whole.hexdigest()


_WORKER = """
import pickle, sys
from vmbench.testing.survey import start_digest
dataset = pickle.load(sys.stdin.buffer)
print("digest", start_digest(dataset.examples()))
"""


def digest_in_a_worker(dataset: BoundDataset) -> str:
    """:func:`start_digest` of a pickled copy of ``dataset`` in a fresh process.

    Its hash seed is another one, so that an order that comes from a ``set`` shows.

    Raises:
        RuntimeError: the process failed; the last line that it wrote.
    """
    hash_seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
    done = subprocess.run(
        [sys.executable, "-c", _WORKER],
        input=pickle.dumps(dataset),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": hash_seed},
        timeout=WORKER_SECONDS,
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise RuntimeError(lines[-1])
    return done.stdout.decode().split()[-1]


def global_randomness() -> Hashable:
    """The states of the random generators that anybody may share."""
    _, keys, position, *_ = np.random.get_state(legacy=True)
    states: list[Hashable] = [random.getstate(), np.asarray(keys).tobytes(), position]
    if "torch" in sys.modules:  # nobody drew from torch who did not import it
        states.append(sys.modules["torch"].get_rng_state().numpy().tobytes())
    return tuple(states)


@contextmanager
def known_randomness() -> Iterator[Hashable]:
    """Seed the shared generators with a number that nobody else takes, and restore them after.

    So a library that seeds them with the same number each time is seen too.
    """
    python, numpy, torch = random.getstate(), np.random.get_state(), sys.modules.get("torch")
    torch_state = None if torch is None else torch.get_rng_state()
    random.seed(UNLIKELY_SEED)
    np.random.seed(UNLIKELY_SEED)
    if torch is not None:
        torch.manual_seed(UNLIKELY_SEED)
    try:
        yield global_randomness()
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if torch is not None:
            torch.set_rng_state(torch_state)


def fingerprint(folder: Path | None) -> Hashable:
    """Every file in ``folder`` with its size and time of change."""
    if folder is None:
        return None
    stats = ((path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file())
    return tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats)
