"""Domains and methods that each break one clause of the contract, beside ones that keep it all.

A module, not a test file: the contract reads a pickled dataset in another process.
"""

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from toy import CARD, CLASSES, Toy, ToyBare, ToyVector

from vmbench.data.dataset import Dataset, Example, Task
from vmbench.data.domain import Domain
from vmbench.data.specs import Vector
from vmbench.views.base import ViewFamily
from vmbench.views.method import Method, ViewMethod


class Sound(ToyVector):
    """Keeps the contract."""

    name = "sound"
    count = 60

    def examples(self) -> Iterator[Example]:
        yield from (self.change(i, e) for i, e in enumerate(super().examples()))

    def change(self, i: int, example: Example) -> Example:
        return example


class WrongName(Sound):
    name = "another"


class NoLicence(Sound):
    card = replace(CARD, licence=" ")


class NoSplitRule(Sound):
    tasks = (Task("kind", CLASSES, ""),)


class OneClass(Sound):
    tasks = (Task("kind", CLASSES, "a rule"), Task("odd", ("only",), "a rule"))


class RangeAndNormalize(Sound):
    value_range = (-100.0, 100.0)


class Bare(ToyBare):
    """Keeps the contract, too, without a task."""

    name = "sound"


class TaskAndNone(Sound):
    no_task = "but there is one"


class NotInstalled(Sound):
    package = ("no_such_package", "")


class WrongShape(Sound):
    def change(self, i, example):
        return replace(example, x=example.x[:-1]) if i == 30 else example


class Float64(Sound):
    def change(self, i, example):
        return replace(example, x=example.x.astype(np.float64))


class OneNaN(Sound):
    def change(self, i, example):
        x = example.x.copy()
        x[0] = np.nan if i == 59 else x[0]
        return replace(example, x=x)


class OutOfRange(Sound):
    normalize = "none"
    value_range = (-1.0, 1.0)


class LabelTooLarge(Sound):
    def change(self, i, example):
        return replace(example, labels={"kind": 3}) if i == 7 else example


class NoVal(Sound):
    def change(self, i, example):
        return replace(example, splits={"kind": "train"}) if i % 5 == 3 else example


class Leak(Sound):
    def examples(self):
        copied = None
        for i, example in enumerate(super().examples()):
            copied = example.x if i == 0 else copied
            yield replace(example, x=copied) if i == 4 else example


class ClassMissingInTrain(Sound):
    def change(self, i, example):
        label = example.labels["kind"]
        return replace(example, labels={"kind": min(label, 1)}) if i % 5 < 3 else example


class OneBuffer(Sound):
    def examples(self):
        buffer = np.empty(self.spec.shape, np.float32)
        for example in super().examples():
            buffer[:] = example.x
            yield replace(example, x=buffer)


class GlobalSeed(Sound):
    def change(self, i, example):
        np.random.seed(0)
        return example


class OtherEachTime(Sound):
    passes = 0

    def examples(self):
        type(self).passes += 1
        for example in super().examples():
            yield replace(example, x=example.x + np.float32(self.passes))


class HashOrder(Sound):
    def examples(self):
        examples = list(super().examples())
        for key in {f"row {i}" for i in range(len(examples))}:  # the order of a set of texts
            yield examples[int(key[4:])]


class Files(Dataset):
    """A dataset of files that writes its own sample: one line per row, label first."""

    name = "files"
    revision = "1"
    spec = Vector(3)
    tasks = (Task("kind", CLASSES, "by file"),)
    card = CARD

    def examples(self):
        for split in ("train", "val", "test"):
            for line in (self.data_dir / f"{split}.txt").read_text().splitlines():
                label, *values = line.split()
                x = np.array(values, np.float32)
                yield Example(x, {"kind": int(label)}, {"kind": split})

    def write_sample(self, folder):
        rng = np.random.default_rng(0)
        for split in ("train", "val", "test"):
            rows = [(label, *rng.standard_normal(3)) for label in (0, 1)]  # not the third class
            (folder / f"{split}.txt").write_text("\n".join(" ".join(map(str, r)) for r in rows))


class FilesWithoutSample(Files):
    def write_sample(self, folder):
        Dataset.write_sample(self, folder)


class FilesThatChange(Files):
    def examples(self):
        (self.data_dir / "index.txt").write_text("written while reading")
        yield from super().examples()


class NotImportable(Domain):
    """A domain of a class that lives in a function: workers cannot have it."""

    name = "local"
    summary = "for tests"
    default = "sound"

    def __init__(self) -> None:
        class Local(Sound):
            pass

        self.datasets = {"sound": Local}


class Taken(Toy):
    name = "image"


def domain_of(dataset: type[Dataset], **changes: object) -> Domain:
    """A domain called faulty with this one dataset, under the name that the first base has."""
    name = "files" if issubclass(dataset, Files) else "sound"
    stated = {"name": "faulty", "summary": "for tests", "datasets": {name: dataset}}
    kind = type("Faulty", (Toy,), {**stated, "default": name, **changes})
    return kind()


# Methods -----------------------------------------------------------------------------------------


class SoundViews(ViewFamily):
    """Adds noise of its own to every example."""

    def __init__(self, context):
        super().__init__()
        self.value_range = context.value_range

    def forward(self, x, generator):
        return self.clamp(x + 0.1 * torch.randn(x.shape, generator=generator))

    def clamp(self, view):
        return view if self.value_range is None else view.clamp(*self.value_range)


class SoundMethod(ViewMethod):
    name = "sound"
    kind = "fixed"
    made = SoundViews

    def views(self, context):
        return self.made(context)


class WrongDtype(SoundViews):
    def forward(self, x, generator):
        return super().forward(x, generator).double()


class DividesByStd(SoundViews):
    def forward(self, x, generator):
        flat = x.flatten(1)
        scale = flat.std(1).view(-1, *[1] * (x.dim() - 1))
        return self.clamp(super().forward(x, generator) + 0 * (x / scale))


class NoClamp(SoundViews):
    def clamp(self, view):
        return view


class InPlace(SoundViews):
    def forward(self, x, generator):
        view = super().forward(x, generator)
        x[:] = 0
        return view


class Constant(SoundViews):
    def forward(self, x, generator):
        return self.clamp(x + torch.arange(len(x)).view(-1, *[1] * (x.dim() - 1)))


class OwnGenerator(SoundViews):
    def __init__(self, context):
        super().__init__(context)
        self.own = np.random.default_rng(0)

    def forward(self, x, generator):
        return self.clamp(x + torch.from_numpy(self.own.standard_normal(x.shape)).float())


class GlobalTorch(SoundViews):
    def forward(self, x, generator):
        return self.clamp(x + torch.randn(x.shape))


class GlobalPython(SoundViews):
    def forward(self, x, generator):
        random.random()
        return super().forward(x, generator)


class OneDrawPerBatch(SoundViews):
    def forward(self, x, generator):
        return self.clamp(x + torch.randn(x.shape[1:], generator=generator))


class NotForOne(SoundViews):
    def forward(self, x, generator):
        return super().forward(x.squeeze(), generator)


class OneView(SoundViews):
    def makers(self):
        return (self,)


class ThirdViewLarger(SoundViews):
    def makers(self):
        return (self, self, lambda x, generator: torch.cat([x, self(x, generator)], 1))


class HoldsALambda(SoundViews):
    def __init__(self, context):
        super().__init__(context)
        self.scale = lambda x: x


class TrainableButFixed(SoundViews):
    def __init__(self, context):
        super().__init__(context)
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, x, generator):
        return super().forward(self.weight * x, generator)


class LearnedWithoutGradient(TrainableButFixed):
    role = "adversary"

    def forward(self, x, generator):
        return super().forward(x.detach(), generator).detach()


def method_of(views: type[ViewFamily], **changes: object) -> ViewMethod:
    """A method called faulty with these views, on table rows alone."""
    method = SoundMethod()
    for attribute, value in {
        "name": "faulty",
        "made": views,
        "specs": ("vector",),
        **changes,
    }.items():
        setattr(method, attribute, value)
    return method


class SoundYardstick(Method):
    name = "mean"
    kind = "none"
    specs = ("vector",)
    yardstick = True
    encodes = False

    def features(self, x):
        return x.flatten(1)


class NaNFeatures(SoundYardstick):
    def features(self, x):
        return x.flatten(1) / 0 * 0


class BatchFeatures(SoundYardstick):
    def features(self, x):
        return x.flatten(1) - x.flatten(1).mean(0)


class FlatFeatures(SoundYardstick):
    def features(self, x):
        return x.flatten()


class UnseededFeatures(SoundYardstick):
    def features(self, x):
        torch.rand(1)
        return super().features(x)
