"""What a dataset says of itself, and how its examples are written down.

A dataset is a short class: attributes that state its licence, tasks and split rules, and one
method, :meth:`Dataset.examples`, that yields every example in the spec once. Its instances declare
and read nothing; :meth:`Dataset.bind` looks at the files and gives a :class:`BoundDataset`. All
that follows (validation, the Arrow cache, batches, normalisation) is :mod:`vmbench.data.examples`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields, replace
from math import inf
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from vmbench.data.labels import SPLITS, Label, Split
from vmbench.data.specs import Spec
from vmbench.data.task import Task
from vmbench.errors import AbsentError, UserError, unknown_name

__all__ = [
    "SPLITS", "Card", "Dataset", "Example", "HeldOut", "Inputs", "Label", "Silence", "Source",
    "Split", "Task",
]  # fmt: skip

Normalize = Literal["none", "channel", "global"]


@dataclass(frozen=True)
class Source:
    """Where an example was read.

    Attributes:
        file: its path below the data's folder.
        row: of a table, from 0 on.
        start: of a window, in seconds from the file's first sample.
    """

    file: str | None = None
    row: int | None = None
    start: float | None = None


NOWHERE = Source()


@dataclass(frozen=True)
class Example:
    """One example: ``x`` of the spec's shape, and per task a label and a split.

    What a label is follows from the task's ``kind``: a class index, a tuple with a 0 or 1 per
    class, or a real number in the unit that results are to be in. A task that is missing from
    ``splits`` does not use this example at all; without labels and splits it is pretrained on
    alone. ``group`` is who or what it stems from (a subject, speaker, patient), where that is
    known: no unlabelled example is pretrained on of whose group a task holds out others, and
    ``vmbench data check`` looks for groups on both sides of a split. ``source`` is where it was
    read, for ``vmbench embed`` to write beside its features.
    """

    x: npt.NDArray[np.float32]
    labels: Mapping[str, Label]
    splits: Mapping[str, Split]
    group: str | None = None
    source: Source = NOWHERE


@dataclass(frozen=True)
class Card:
    """What a user may need to know before using a dataset; ``vmbench info`` prints it."""

    licence: str
    citation: str
    homepage: str
    notes: str = ""


@dataclass(frozen=True)
class Silence:
    """What the bins of a spectrogram hold where there is no power at all, in the dataset's units.

    Attributes:
        level: the transform of power 0.
        below_peak: how far below an example's loudest bin its quieter bins are cut off, where the
            transform does that; a silent bin is never lower.
    """

    level: float
    below_peak: float = inf


@dataclass(frozen=True)
class Inputs:
    """What the numbers of an example are, before any normalisation.

    Attributes:
        units: of the values, e.g. ``dB``.
        channels: a name for each entry of the spec's first axis; empty where nobody named them.
        preparation: how the publisher's or user's data became an example, with units.
    """

    units: str = ""
    channels: tuple[str, ...] = ()
    preparation: str = ""


class Dataset(ABC):
    """Base of every dataset: a declaration, and how examples are read once it is bound.

    Class attributes:
        name: as in ``--pretrain`` and ``--transfer``.
        revision: changes whenever the examples or the splits do; part of the cache's key.
        spec: shape of one example. Where it, the tasks or the revision follow from the user's
            files, they are left out and :meth:`inspect` sets them.
        tasks: at least one, but for a dataset without labels.
        no_task: where no example has a label, why, or how one would be read; "" elsewhere.
        card: licence, citation, homepage, notes.
        package: ``(import name, extra)`` of the installed package that carries or makes the data,
            or None; the extra is one of vmbench's, or "" for a plugin's own package.
        value_range: bounds of a valid input (views are clamped to them), or None.
        silence: of spectrograms, what masks fill with; None: masks fill with the mean.
        inputs: units, names of the channels, and how data became examples.
        normalize: ``"none"``, ``"channel"`` (mean and sd per channel or feature) or ``"global"``,
            from the training examples alone.
        presets: preset -> settings that pretraining on this dataset changes in the domain's.
        encoder: registered encoder that ``encoder=auto`` means here; ``auto`` follows the spec.
        generic: whether it reads any user's files in a documented layout, not one publisher's.
        split_rule: of tasks that :meth:`inspect` sets, where it is known before.

    Attributes, for :meth:`inspect` and :meth:`examples`:
        data_dir: the value of ``--data-dir``; None for an embedded dataset.
        remarks: what the user must know of the files read (skipped ones, filled values, the rate),
            for both to add to; kept with the cache and said every time.
        fingerprint: differs when the user's files do, part of the cache's key. A generic dataset's
            is :func:`vmbench.storage.contents.contents` and part of its revision, so that equal
            files are one dataset wherever they lie; a published one's may be cheaper.
        expected: how many examples there will be, where that is known before they are read.
    """

    name: ClassVar[str]
    revision: str = ""
    spec: Spec | None = None
    tasks: tuple[Task, ...] = ()
    no_task: str = ""
    card: ClassVar[Card]
    package: ClassVar[tuple[str, str] | None] = None
    value_range: ClassVar[tuple[float, float] | None] = None
    silence: ClassVar[Silence | None] = None
    inputs: Inputs = Inputs()
    normalize: ClassVar[Normalize] = "none"
    encoder: ClassVar[str] = "auto"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    generic: ClassVar[bool] = False
    split_rule: ClassVar[str] = ""
    data_dir: Path | None = None
    remarks: list[str]
    fingerprint: str = ""
    expected: int | None = None

    def bind(self, data_dir: Path | None = None, target: str | None = None) -> "BoundDataset":
        """The dataset with its files, which are looked at; this declaration stays as it is.

        Args:
            data_dir: the value of ``--data-dir``; embedded datasets read nothing from it.
            target: the value of ``--target``, the column that holds the label.

        Raises:
            UserError: what is missing, where it was looked for, and how to get it.
        """
        if data_dir is not None and not data_dir.exists():
            raise AbsentError(f"--data-dir {data_dir} does not exist")
        reader = self._reader(data_dir)
        reader.inspect(target)
        return BoundDataset.of(reader)

    def bind_like(
        self,
        data_dir: Path | None,
        target: str | None,
        usual: str | None,
        known: Inputs,
        fill: Sequence[float],
    ) -> "BoundDataset":
        """:meth:`bind`, to files whose examples are to be those that a pretrained encoder takes.

        A dataset that derives its features from its files takes those of ``known`` instead, and
        needs no label.

        Args:
            data_dir: as for :meth:`bind`.
            target: as for :meth:`bind`.
            usual: the pretraining's target, for where none is named.
            known: the pretraining's inputs.
            fill: what a missing value of each channel or feature becomes.

        Raises:
            UserError: as :meth:`bind` does; or the files lack what ``known`` names.
        """
        return self.bind(data_dir, target or usual)

    def _reader(self, data_dir: Path | None) -> Self:
        """A copy that may read, with attributes of its own."""
        reader = copy(self)
        reader.data_dir = None if self.package else data_dir
        reader.remarks = []
        return reader

    def inspect(self, target: str | None) -> None:
        """Look at the files in :attr:`data_dir`, and set what follows from them.

        :meth:`bind` calls it once, on a copy of its own.

        Args:
            target: as :meth:`bind` takes it.

        Raises:
            UserError: what is missing, where it was looked for, and how to get it.
        """
        if target is not None:
            raise UserError(
                f"--target is for your own tables and recordings; dataset '{self.name}' has its "
                f"own tasks (vmbench info {self.name})"
            )

    def sources(self) -> list[str]:
        """What :meth:`fetch` downloads, a line a file: address, size, checksum. Often nothing."""
        return []

    def fetch(self, folder: Path) -> None:
        """Download the publisher's files into ``folder``, which ``--data-dir`` then names.

        Raises:
            UserError: they have to be got by hand, or cannot be had; says how and why.
        """
        raise UserError(
            f"dataset '{self.name}' has no files to fetch"
            + (": it is embedded" if self.package else f": see {self.card.homepage}")
        )

    @abstractmethod
    def examples(self) -> Iterator[Example]:
        """Yield every example, in an order that never changes; called after :meth:`inspect`.

        Raises:
            UserError: what is missing, where it was looked for, and how to get it.
        """

    def write_sample(self, folder: Path) -> None:
        """Write a tiny stand-in for the publisher's files, so that tests need no network.

        Bound to ``folder``, the dataset then yields at least one example of every split, and of
        every class that val or test has in train too; no two are equal. The files have the
        publisher's own names and format, their content is synthetic, and ``folder`` exists and is
        empty. An embedded dataset (one with a ``package``) is its own sample and writes nothing;
        every other one overrides this.

        Args:
            folder: takes the place of ``--data-dir``.

        Raises:
            UserError: the dataset reads files and offers no sample of them.
        """
        if self.package is None:
            raise UserError(
                f"dataset '{self.name}' reads files and offers no sample of them: override "
                f"write_sample(folder) to write a tiny set in the publisher's format"
            )


@dataclass(frozen=True, eq=False)
class BoundDataset:
    """A dataset and the files that it reads; made by :meth:`Dataset.bind`, never bound again.

    Attributes:
        reader: the copy of the declaration that looked at the files and reads them.
        spec: shape of one example.
        tasks: none where no example has a label; ``no_task`` then says why.
        revision: of the examples and splits; part of the cache's key.
        fingerprint: of the files; "" where the dataset does not look at any.

    The others are the declaration's (:class:`Dataset`).
    """

    reader: Dataset
    spec: Spec
    tasks: tuple[Task, ...]
    no_task: str
    revision: str
    fingerprint: str
    name: str
    card: Card
    package: tuple[str, str] | None
    value_range: tuple[float, float] | None
    silence: Silence | None
    inputs: Inputs
    normalize: Normalize
    encoder: str
    presets: Mapping[str, Mapping[str, Any]]
    generic: bool
    data_dir: Path | None

    @classmethod
    def as_it_is(cls, reader: Any) -> "BoundDataset":
        """From a reader, whatever it says of tasks and revision: one that nothing trains on."""
        return cls(reader, **{each.name: getattr(reader, each.name) for each in fields(cls)[1:]})

    @classmethod
    def of(cls, reader: Dataset) -> "BoundDataset":
        """From a reader that looked at its files; raises where it does not say what they hold."""
        facts = {each.name: getattr(reader, each.name) for each in fields(cls)[1:]}
        wanted = ("revision", "spec", *(() if reader.no_task else ("tasks",)))
        lacking = [name for name in wanted if not facts[name]]
        if lacking:
            raise UserError(
                f"dataset '{reader.name}' does not say its {', '.join(lacking)}: state them in "
                f"{type(reader).__qualname__}, or set them in its inspect()"
            )
        bound = cls(reader, **facts)
        named = len(bound.inputs.channels)
        if named not in (0, bound.spec.channels_in):
            raise UserError(f"dataset '{bound.name}' names {named} channels of a {bound.spec}")
        return bound

    def described(self) -> Inputs:
        """:attr:`inputs`, with what the class itself says where they are silent."""
        units, preparation = self.inputs.units, self.inputs.preparation
        if not units and self.value_range is not None:
            units = "{:g}..{:g}".format(*self.value_range)
        if not preparation:
            preparation = (type(self.reader).__doc__ or "").partition("\n")[0]
        return replace(self.inputs, units=units, preparation=preparation)

    @property
    def remarks(self) -> list[str]:
        """What the user must know of the files, as far as they were read by now."""
        return list(self.reader.remarks)

    @property
    def named_by_contents(self) -> bool:
        """Whether the revision follows from the files' bytes, not from where they lie."""
        return self.generic and self.fingerprint != ""

    def examples(self) -> Iterator[Example]:
        """Yield every example, as :meth:`Dataset.examples`."""
        return self.reader.examples()

    def task(self, name: str) -> Task:
        """The task called ``name``; raises :class:`~vmbench.errors.UserError`."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise unknown_name(f"task of {self.name}", name, [t.name for t in self.tasks])


@dataclass(frozen=True)
class HeldOut:
    """Groups (subjects, speakers, rows) set aside for val and test, drawn once with a fixed seed.

    >>> rule = HeldOut.draw(range(10), val=2, test=3, seed=0)
    >>> sorted(rule.split(group) for group in range(10)).count("train")
    5
    """

    val: frozenset[object] = field(default_factory=frozenset)
    test: frozenset[object] = field(default_factory=frozenset)

    @classmethod
    def draw(cls, groups: Iterable[object], *, val: int, test: int, seed: int) -> "HeldOut":
        """Draw ``test`` and then ``val`` of the distinct ``groups``, whatever their order."""
        distinct = sorted(set(groups), key=repr)
        order = np.random.default_rng(seed).permutation(len(distinct))
        shuffled = [distinct[i] for i in order]
        return cls(val=frozenset(shuffled[test : test + val]), test=frozenset(shuffled[:test]))

    def split(self, group: object) -> Split:
        """The side that ``group`` is on."""
        return "test" if group in self.test else "val" if group in self.val else "train"
