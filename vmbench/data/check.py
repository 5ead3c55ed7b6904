"""What a folder of data holds, and what a run would do with it: ``vmbench data check``."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import numpy as np

from vmbench.data.copies import Copies
from vmbench.data.dataset import SPLITS, BoundDataset, Label, Split, Task
from vmbench.data.domain import Domain
from vmbench.data.labels import Labels, listed
from vmbench.data.listed import Outline, roster_of
from vmbench.errors import AbsentError, MissingPackageError, UserError

NAMED = 5  # groups that a line names one by one


@dataclass
class TaskReport:
    """One task: how many examples of every class are on each side, and what crosses sides.

    Attributes:
        kind: as :class:`~vmbench.data.task.Task` has it.
        examples: split -> count.
        classes: class -> split -> count of those that have it; empty where there are none.
        targets: split -> least, mean and greatest target, where there are no classes.
        problems: what a run would refuse.
        leaks: what is on two sides of the split.
    """

    name: str
    kind: str
    split_rule: str
    examples: dict[Split, int]
    classes: dict[str, dict[Split, int]]
    targets: dict[Split, tuple[float, float, float]]
    problems: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)


@dataclass
class Report:
    """What :func:`check_data` found.

    Attributes:
        no_task: why there is no task, and so nothing to evaluate; "" where there are some.
        pretraining: examples that a run would pretrain on.
        unlabelled: those of them that have no label.
        unlabelled_held_out: examples without a label that it would leave out, as a task holds out
            others of their group.
        groups_held_out: named groups of whom a task holds out examples; of what a run would really
            pretrain on, every example without a label was compared with them.
    """

    dataset: str
    spec: str
    no_task: str
    examples: int
    megabytes: float
    groups: int
    normalize: str
    pretraining: int
    unlabelled: int
    unlabelled_held_out: int
    groups_held_out: int
    remarks: list[str]
    problems: list[str]
    tasks: list[TaskReport]

    @property
    def usable(self) -> bool:
        """Whether a run would take the data."""
        return not self.problems and not any(task.problems for task in self.tasks)


def recognise(domain: Domain, data_dir: Path, target: str | None) -> list[BoundDataset]:
    """The datasets of ``domain`` whose files are in ``data_dir``, published ones before generic.

    Raises:
        UserError: none is; or one's own files are there and something is wrong with them.
        MissingPackageError: the files are there, and what reads them is not installed.
    """
    if not data_dir.exists():
        raise UserError(f"{data_dir} does not exist")
    found: list[BoundDataset] = []
    absent: list[str] = []
    faults: list[UserError] = []
    candidates = [domain.dataset(name) for name in domain.datasets]
    for generic in (False, True):
        for dataset in candidates:
            if dataset.package is not None or dataset.generic != generic:
                continue
            try:
                found.append(dataset.bind(data_dir, target))
            except MissingPackageError:
                raise
            except AbsentError as error:
                absent += [str(error)] if generic else []
            except UserError as error:
                # A publisher's name may be another's too; one's own files are what they are.
                faults += [error] if generic else []
        if found:
            return found
    if faults:
        raise faults[0]
    if not any(dataset.package is None for dataset in candidates):
        raise UserError(f"domain {domain.name} has embedded datasets alone")
    names = ", ".join(d.name for d in candidates if d.package is None and not d.generic)
    detail = f"; as your own: {'; '.join(absent)}" if absent else ""
    raise UserError(f"{data_dir} holds none of {names or 'the known datasets'}{detail}")


def check_data(dataset: BoundDataset) -> Report:
    """Read every example once and count; nothing is cached, and one example is in memory at a time.

    Args:
        dataset: bound to the user's folder.

    Raises:
        UserError: the data cannot be read.
    """
    copies = Copies(task.name for task in dataset.tasks)
    tasks = {task.name: _Tally(task, copies) for task in dataset.tasks}
    groups: set[str] = set()
    held_out: set[str | None] = set()
    unlabelled: Counter[str | None] = Counter()
    outline: list[Outline] = []
    count, unfit, infinite, train = 0, 0, 0, 0
    for example in dataset.examples():
        count += 1
        outline.append(Outline({}, example.splits, example.group))
        unfit += example.x.shape != dataset.spec.shape
        infinite += not np.isfinite(example.x).all()
        copies.add(example.x, example.labels, example.splits)
        for name, side in example.splits.items():
            tasks[name].add(example.group, example.labels[name], side)
        if example.group is not None:
            groups.add(example.group)
        if not example.splits:
            unlabelled[example.group] += 1
        elif set(example.splits.values()) == {"train"}:
            train += 1
        else:
            held_out.add(example.group)
    kept_out = sum(unlabelled[group] for group in held_out - {None})
    gained = unlabelled.total() - kept_out
    torn = [f"{name}: {said}" for name in tasks for said in copies.contradictions(name)]
    torn += [f"LEAK: {said}" for said in copies.unlabelled()]
    problems = [] if count else ["there are no examples"]
    taken = roster_of(outline, dataset.tasks).training(unlabelled=True)
    crossing = [i for i in taken if not outline[i].splits and outline[i].group in held_out - {None}]
    if crossing or len(taken) != train + gained:
        problems.append(
            f"of the {len(taken)} examples that a run would pretrain on, {len(crossing)} without a "
            f"label are of groups that a task holds out: a fault of vmbench, please report it"
        )
    if unfit:
        problems.append(f"{unfit} examples are of another shape than {dataset.spec}")
    if infinite:
        problems.append(f"{infinite} examples hold NaN or infinite values")
    return Report(
        dataset=dataset.name,
        spec=str(dataset.spec),
        no_task=dataset.no_task,
        examples=count,
        megabytes=round(count * dataset.spec.numel * 4 / 1e6, 1),
        groups=len(groups),
        normalize=dataset.normalize,
        pretraining=train + gained,
        unlabelled=gained,
        unlabelled_held_out=kept_out,
        groups_held_out=len(held_out - {None}),
        remarks=[*dataset.remarks, *torn],
        problems=problems,
        tasks=[tally.report() for tally in tasks.values()],
    )


class _Tally:
    """Counts of one task while its examples go by."""

    def __init__(self, task: Task, copies: Copies) -> None:
        self.task, self.copies, self.rules = task, copies, task.rules
        self.labels: dict[Split, list[Label]] = {split: [] for split in SPLITS}
        self.outside = 0
        self.sides_of_group: dict[str, set[Split]] = defaultdict(set)
        self.labels_of_group: dict[str, set[Label]] = defaultdict(set)

    def add(self, group: str | None, label: Label, side: Split) -> None:
        if not self.rules.accepts(label):
            self.outside += 1
            return
        self.labels[side].append(label)
        if group is not None:
            self.sides_of_group[group].add(side)
            if self.rules.exclusive:
                self.labels_of_group[group].add(label)

    def report(self) -> TaskReport:
        sides: dict[Split, Labels] = {
            split: self.rules.decode(self.rules.encode(labels))
            for split, labels in self.labels.items()
        }
        counts = {split: self.rules.class_counts(labels) for split, labels in sides.items()}
        problems = [f"{self.outside} labels are not {self.rules.wanted}"] if self.outside else []
        return TaskReport(
            self.task.name,
            self.task.kind,
            self.task.split_rule,
            {split: len(labels) for split, labels in sides.items()},
            {name: {split: counts[split][name] for split in SPLITS} for name in self.task.classes},
            {} if self.task.classes else _targets(sides),
            [*problems, *self.rules.problems(sides)],
            list(self._leaks()),
        )

    def _leaks(self) -> Iterator[str]:
        torn = sorted(group for group, sides in self.sides_of_group.items() if len(sides) > 1)
        if torn and not self._groups_are_classes():
            yield (
                f"{len(torn)} of {len(self.sides_of_group)} subjects (speakers, sources) are on "
                f"more than one side: {listed(torn, NAMED)}"
            )
        yield from self.copies.leaks(self.task.name)

    def _groups_are_classes(self) -> bool:
        """Where the task is to recognise the groups, they must be on all sides."""
        if not self.rules.exclusive:
            return False
        labels = [next(iter(found)) for found in self.labels_of_group.values() if len(found) == 1]
        return len(labels) == len(self.labels_of_group) == len(set(labels))


def _targets(sides: Mapping[Split, Labels]) -> dict[Split, tuple[float, float, float]]:
    return {
        split: (float(found.min()), fmean(found), float(found.max()))
        for split, found in sides.items()
        if len(found)
    }
