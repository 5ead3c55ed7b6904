"""The contract of a domain and of each of its datasets."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from vmbench.data.dataset import SPLITS, BoundDataset, Dataset
from vmbench.data.domain import Domain
from vmbench.data.specs import ALL_KINDS, SPECS
from vmbench.errors import UserError, unknown_name
from vmbench.registry import registry
from vmbench.results import ViewKind
from vmbench.runs.presets import PRESETS
from vmbench.runs.sections import check_settings
from vmbench.testing.component import check_name
from vmbench.testing.report import Check, violated
from vmbench.testing.survey import Survey, digest_in_a_worker, survey


def domain_checks(domain: Domain, data_dir: Path | None = None) -> Iterator[Check]:
    """Every check of ``domain``, then of each of its datasets; nothing is done before the calls."""
    yield Check(
        "identity", "", "name, summary, datasets and default are stated", lambda: _identity(domain)
    )
    yield Check(
        "handcrafted", "", "each handcrafted family is registered and serves its spec",
        lambda: _handcrafted(domain),
    )  # fmt: skip
    yield Check(
        "presets", "", "each adapted preset exists and its settings are valid",
        lambda: _presets(domain),
    )  # fmt: skip
    for name in getattr(domain, "datasets", ()):
        source = Source(domain, name, data_dir)
        for clause, (promise, body) in DATASET_CLAUSES.items():
            yield Check(clause, name, promise, lambda body=body, source=source: body(source))  # type: ignore[misc]


def _identity(domain: Domain) -> None:
    for attribute in ("name", "summary", "datasets", "default"):
        if not getattr(domain, attribute, None):
            violated(f"the class attribute {attribute} is missing or empty")
    check_name(domain.name)
    for name in domain.datasets:
        check_name(name)
    if domain.default not in domain.datasets:
        violated(f"default = {domain.default!r} is none of {', '.join(domain.datasets)}")


def _handcrafted(domain: Domain) -> None:
    from vmbench.views.method import ViewMethod

    for kind, name in domain.handcrafted.items():
        if kind not in ALL_KINDS:
            violated(f"handcrafted: {kind!r} is no kind of spec; use {', '.join(ALL_KINDS)}")
        method = registry("method").get(name)  # raises with a near miss
        if not isinstance(method, ViewMethod):
            violated(f"handcrafted[{kind!r}] = {name!r} is no view family")
        if kind not in method.specs:
            violated(f"handcrafted[{kind!r}] = {name!r} serves {' and '.join(method.specs)} alone")


def _presets(domain: Domain) -> None:
    known = [*get_args(ViewKind), *(entry.name for entry in registry("method"))]
    for preset, chosen in domain.presets.items():
        if preset not in PRESETS:
            raise unknown_name("preset", preset, PRESETS)
        named = chosen.get("for", {})
        for name in named:
            if name not in known:
                raise unknown_name("kind of views or method", name, known)
        for settings in ({k: v for k, v in chosen.items() if k != "for"}, *named.values()):
            check_settings(settings)


class Source:
    """A dataset and where its examples are read from: its package, ``data_dir`` or its sample."""

    def __init__(self, domain: Domain, name: str, data_dir: Path | None) -> None:
        self.domain, self.name, self.data_dir = domain, name, data_dir
        self._surveys: list[Survey | Exception] = []

    @cached_property
    def loaded(self) -> Dataset:
        """The dataset, before it saw any files."""
        return self.domain.dataset(self.name)

    @cached_property
    def dataset(self) -> BoundDataset:
        """The dataset, bound to its files as a run binds it."""
        return self.loaded.bind(self.folder)

    @property
    def stated(self) -> Dataset | BoundDataset:
        """The bound dataset; where it offers no sample, what the class itself states."""
        try:
            _ = self.folder
        except UserError:
            return self.loaded
        return self.dataset

    @property
    def sampled(self) -> bool:
        """Whether the examples are a synthetic sample, so that few of them is no fault."""
        return self.loaded.package is None and self.data_dir is None

    @cached_property
    def folder(self) -> Path | None:
        """What the dataset is bound to; a written sample lives as long as this object."""
        if not self.sampled:
            return self.data_dir
        folder = Path(tempfile.mkdtemp(prefix=f"vmbench-{self.name}-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.loaded.write_sample(folder)
        return folder

    def survey(self, number: int = 0) -> Survey:
        """The first pass over the examples, or the second (1); every clause shares them."""
        while len(self._surveys) <= number:
            try:
                self._surveys.append(survey(self.dataset))
            except Exception as error:
                self._surveys.append(error)
        found = self._surveys[number]
        if isinstance(found, Exception):
            violated(f"the examples cannot be read: {type(found).__name__}: {found}")
        return found


def _loads(source: Source) -> None:
    if source.loaded.name != source.name:
        violated(f"datasets[{source.name!r}] has name = {source.loaded.name!r}")
    if not isinstance(source.stated.revision, str) or not source.stated.revision:
        violated("revision is no text; it is part of the cache's key")


def _card(source: Source) -> None:
    for attribute in ("licence", "citation", "homepage"):
        if not str(getattr(source.loaded.card, attribute)).strip():
            violated(f"card.{attribute} is empty; if it is not known, say so")
    for task in source.stated.tasks:
        if not task.split_rule.strip():
            violated(f"task {task.name} states no split rule")


def _spec(source: Source) -> None:
    dataset = source.stated
    if not isinstance(dataset.spec, SPECS):
        violated(f"spec = {dataset.spec!r} is none of {', '.join(spec.__name__ for spec in SPECS)}")
    names = [task.name for task in dataset.tasks]
    if bool(names) == bool(dataset.no_task) or len(set(names)) != len(names):
        violated(f"tasks are named {names}: state at least one, each once, or why there is no_task")
    for task in dataset.tasks:
        check_name(task.name)
        fewest = task.rules.fewest_classes
        if len(set(task.classes)) != len(task.classes) or len(task.classes) < fewest:
            violated(f"task {task.name} needs {fewest} or more classes of different names")
        for start, stop in task.hidden:
            if dataset.spec.space or not 0 <= start < stop <= dataset.spec.numel:
                violated(f"task {task.name}: hidden {(start, stop)} is no span of {dataset.spec}")
    if dataset.normalize not in ("none", "channel", "global"):
        violated(f"normalize = {dataset.normalize!r}; use none, channel or global")
    if dataset.value_range is not None:
        if not dataset.value_range[0] < dataset.value_range[1]:
            violated(f"value_range = {dataset.value_range} is empty")
        if dataset.normalize != "none":
            violated("value_range bounds the views, which normalize would move: state one of them")


def _sample(source: Source) -> None:
    package = source.loaded.package
    if package is not None:
        if find_spec(package[0]) is None:
            violated(f"the package {package[0]}, which carries the data, is not installed")
    elif source.sampled:
        if source.folder is None or not any(source.folder.rglob("*")):
            violated("write_sample(folder) writes nothing")
    else:
        fresh = source.domain.dataset(source.name)
        with tempfile.TemporaryDirectory() as folder:
            fresh.write_sample(Path(folder))
            if survey(fresh.bind(Path(folder))).count == 0:
                violated("write_sample(folder) writes files that hold no example")


def _first_problem(clause: str) -> Callable[[Source], None]:
    def body(source: Source) -> None:
        found = source.survey()
        if not found.count:
            violated("the dataset has no examples")
        if clause in found.problems:
            violated(found.problems[clause])

    return body


def _splits(source: Source) -> None:
    _first_problem("splits")(source)
    for task, counts in source.survey().counts.items():
        for split in SPLITS:
            if not counts[split]:
                violated(f"the {split} split of task {task} is empty")


def _disjoint(source: Source) -> None:
    for task, count in source.survey().leaks.items():
        if count:
            violated(
                f"task {task}: {count} of {source.survey().count} examples repeat one on another "
                f"side of the split, byte for byte"
            )


def _classes(source: Source) -> None:
    for task in source.dataset.tasks:
        sides = source.survey().classes[task.name]
        if not task.classes:
            for split in SPLITS:
                if len(sides[split]) < 2:
                    violated(f"every target of task {task.name} is the same in {split}")
            continue
        # A tiny sample need not show every class of a large dataset.
        wanted = sides["val"] | sides["test"] if source.sampled else set(range(len(task.classes)))
        if lacking := sorted(wanted - sides["train"]):
            names = ", ".join(task.classes[int(label)] for label in lacking[:5])
            more = ", ..." if len(lacking) > 5 else ""
            violated(f"train of task {task.name} has no example of {names}{more}")


def _no_mutation(source: Source) -> None:
    _first_problem("no-mutation")(source)
    # In the first pass a library may be imported that draws as it loads: judge by the second.
    if source.survey().draws_globally and source.survey(1).draws_globally:
        violated("examples() changes a global random state: draw from a generator")


def _deterministic(source: Source) -> None:
    first, second = source.survey(), source.survey(1)
    if first.count != second.count:
        violated(f"one pass yields {first.count} examples, the next {second.count}")
    if first.digest != second.digest:
        violated("two passes differ in values, labels, splits or order")


def _worker(source: Source) -> None:
    expected = source.survey().start
    if digest_in_a_worker(source.dataset) != expected:
        violated(
            "a pickled copy yields other examples in another process; an order that comes from a "
            "set depends on Python's hash seed"
        )


DATASET_CLAUSES: dict[str, tuple[str, Callable[[Source], None]]] = {
    "loads": ("it can be imported and says who it is", _loads),
    "card": ("licence, citation, homepage and split rules are stated", _card),
    "spec": ("spec, tasks, classes and ranges make sense", _spec),
    "sample": ("there are examples without a network", _sample),
    "shape-dtype": ("every example is float32 of the spec's shape", _first_problem("shape-dtype")),
    "finite": ("no NaN, no infinity", _first_problem("finite")),
    "value-range": ("every value lies in value_range", _first_problem("value-range")),
    "labels": ("every label is one of its task's kind", _first_problem("labels")),
    "splits": ("train, val and test have examples", _splits),
    "disjoint": ("no example is on two sides of a split", _disjoint),
    "classes": ("train has every class, and targets differ", _classes),
    "no-mutation": (
        "reading changes no file, no yielded example and no global random state",
        _no_mutation,
    ),
    "deterministic": ("two passes are equal", _deterministic),
    "worker": ("a pickled copy yields the same in another process", _worker),
}
