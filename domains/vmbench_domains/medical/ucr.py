"""Series of the UCR archive: ``NAME_TRAIN.txt`` and ``NAME_TEST.txt``, a label and then samples.

The archive's zips hold the same series as ``.txt``, ``.ts`` and ``.arff``; the first that is there
of ``.tsv``, ``.txt``, ``.csv`` and ``.ts`` is read (:mod:`vmbench_domains.medical.series_files`).
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from vmbench.config import digest
from vmbench.data.dataset import Card, Example, Inputs, Source, Split, Task
from vmbench.data.specs import Sequence
from vmbench.errors import UserError
from vmbench.storage.contents import contents
from vmbench_domains.download import Download
from vmbench_domains.medical.samples import write_archive
from vmbench_domains.medical.series_files import (
    SUFFIXES,
    Broken,
    Series,
    canonical,
    count_series,
    number,
    read_series,
)
from vmbench_domains.own.files import is_junk
from vmbench_domains.rows import stratified_shares
from vmbench_domains.source import FileDataset, Skips

VAL_SHARE = 0.2  # of TRAIN, which is small in most of the archive
ALONE = "20% of each class of the archive's TRAIN file held out for test, 10% for val; TEST is not "
ALONE += "in the folder"
BOTH = "the archive's TEST file; 20% of each class of TRAIN held out for val"
TRAIN, TEST = "_TRAIN", "_TEST"


class UcrSeries(FileDataset):
    """Series of equal length with one label each, as published (most are z-normalised).

    Attributes:
        labels: as they are written in the files, in the order of the task's classes.
    """

    normalize = "global"
    inputs = Inputs("as published; most series are z-normalised")
    spec: Sequence
    first_class: str = ""
    class_names: tuple[str, ...] = ()
    labels: tuple[str, ...]

    def train_path(self) -> Path:
        """The TRAIN file: of the suffixes, the first of which TEST is there too, or else is."""
        trains = {
            path.suffix.lower(): path
            for path in self.paths_of(self.files[0])
            if path.suffix.lower() in SUFFIXES
        }
        if not trains:
            raise UserError(
                f"{self.root} holds {self.files[0]} in none of the formats that are read: "
                f"{', '.join(SUFFIXES)}"
            )
        ranked = [trains[suffix] for suffix in SUFFIXES if suffix in trains]
        return next((path for path in ranked if _beside(path).is_file()), ranked[0])

    def test_path(self) -> Path | None:
        """The TEST file, if it is there."""
        path = _beside(self.train_path())
        if path.is_symlink() and not path.exists():
            raise UserError(f"{path} is a link that leads nowhere: fetch the file, or remove it")
        if path.is_file():
            return path
        name = self.train_path().name.partition(TRAIN)[0]
        others = [o.name for o in sorted(self.root.iterdir()) if _is_another_test(o, name)]
        if others:  # to draw a test while one is there would be to leave it out unsaid
            raise UserError(
                f"{self.train_path()} has no {path.name} beside it, and {self.root} holds "
                f"{', '.join(others)}: name it so if it is the test, or else move it away"
            )
        return None

    def locate(self) -> tuple[Path, list[Path]]:
        """Watch the files that are read; TEST may be absent."""
        self.root, _ = super().locate()
        test = self.test_path()
        return self.root, [self.train_path(), *([test] if test else [])]

    def inspect(self, target: str | None) -> None:
        """Read the labels and the length from the TRAIN file."""
        super().inspect(target)
        path = self.train_path()
        rows = [row for row in read_series(path) if isinstance(row, Series)]
        if not rows:
            first = next(iter(read_series(path)), None)
            cause = f"line {first.line}: {first.cause}" if isinstance(first, Broken) else "empty"
            raise UserError(f"{path} holds no series, a label and samples on every line ({cause})")
        self.spec = Sequence(*rows[0].samples.shape)
        self.labels = self._labels(path, {canonical(row.label) for row in rows}, len(rows))
        names = self.class_names or self.labels
        rule = BOTH if self.test_path() else ALONE
        self.tasks = (Task(self.first_class or "class", names, rule),)
        self.revision = digest(["1", str(self.spec), names, rule])

    def _labels(self, path: Path, found: set[str], count: int) -> tuple[str, ...]:
        if self.class_names:
            return tuple(str(number) for number in range(1, len(self.class_names) + 1))
        numbers = {label: number(label) for label in found}
        broken = [label for label, value in numbers.items() if value is not None and value % 1]
        if broken:
            raise UserError(
                f"{path}: the labels, first on every line, are not whole numbers ({broken[0]}, "
                f"{len(found)} different in {count} lines): is the label elsewhere?"
            )
        if len(found) < 2:
            raise UserError(f"{path} holds {len(found)} class; a task needs two at least")
        if None in numbers.values():
            return tuple(sorted(found))
        return tuple(sorted(found, key=lambda label: float(label)))

    def examples(self) -> Iterator[Example]:
        """Yield the rows of TRAIN and then those of TEST."""
        path, test = self.train_path(), self.test_path()
        train = list(self._rows(path))
        shares = {"val": VAL_SHARE, "test": 0.0} if test else {}
        # As numbers where they are some: the draw of a class follows its place among the others.
        keys = [_key(canonical(row.label)) for row in train]
        sides = stratified_shares(keys, **shares)  # type: ignore[arg-type]
        for row, side in zip(train, sides, strict=True):
            yield self._example(path, row, side)
        if test:
            for row in self._rows(test):
                yield self._example(test, row, "test")

    def _example(self, path: Path, row: Series, side: Split) -> Example:
        (task,) = self.tasks
        label = canonical(row.label)
        if label not in self.labels:
            known = ", ".join(islice(self.labels, 5))
            raise UserError(
                f"{path}, line {row.line}: the class {label} does not occur in TRAIN ({known} ...)"
            )
        if row.samples.shape != self.spec.shape:
            raise UserError(f"{path}, line {row.line}: {row.samples.shape}, TRAIN has {self.spec}")
        labels, source = {task.name: self.labels.index(label)}, Source(path.name, row.line - 1)
        return Example(row.samples, labels, {task.name: side}, source=source)

    def write_files(self, root: Path) -> None:
        """Both files, named for the pattern."""
        name = self.files[0].partition(TRAIN)[0].replace("*", "Sample")
        write_archive(root, name, classes=len(self.class_names) or 2, length=140)

    def _rows(self, path: Path) -> Iterator[Series]:
        """Each series; broken lines are skipped and counted."""
        skips = Skips(self, count_series(path), "lines")
        for row in read_series(path):
            if isinstance(row, Broken):
                skips.add(f"{path.name}, line {row.line}", row.cause)
            else:
                yield row
        skips.close()


def _beside(train: Path) -> Path:
    return train.with_name(train.name.replace(TRAIN, TEST))


def _is_another_test(path: Path, name: str) -> bool:
    """Whether it is called a test, in any case: of ``name``, or of no other TRAIN beside it."""
    if is_junk(path.name) or not path.stem.lower().endswith(TEST.lower()):
        return False
    train = path.with_name(path.name.replace(TEST, TRAIN))
    return path.name.partition(TEST)[0] == name or train == path or not train.is_file()


def _key(label: str) -> float | str:
    value = number(label)
    return label if value is None else value


class Ecg5000(UcrSeries):
    """Single heartbeats of one patient, interpolated to 140 samples."""

    name = "ecg5000"
    places = ("ecg5000", "ECG5000", "UCRArchive_2018/ECG5000", ".")
    files = ("ECG5000_TRAIN.*",)
    downloads = (
        Download(
            "https://www.timeseriesclassification.com/aeon-toolkit/ECG5000.zip",
            "ecg5000",
            unpack=True,
        ),
    )
    first_class = "beat"
    class_names = (
        "normal",
        "R-on-T premature ventricular contraction",
        "premature ventricular contraction",
        "supraventricular premature or ectopic beat",
        "unclassified beat",
    )
    card = Card(
        licence="none stated by the UCR archive, which asks to be cited",
        citation="Chen et al. 2015, A general framework for never-ending learning from time series "
        "streams; Dau et al. 2019, The UCR time series archive; BIDMC CHF record chf07",
        homepage="https://timeseriesclassification.com/description.php?Dataset=ECG5000",
        notes="One patient: beats of train and test are the same person's. Classes are very "
        "unequal (2 to 292 of 500 in TRAIN): read the balanced accuracy.",
    )


class UcrText(UcrSeries):
    """Any dataset of the UCR archive, or a file like it."""

    name = "ucr"
    generic = True
    places = (".",)
    files = ("*_TRAIN.*",)
    card = Card(
        licence="see the archive's page of the dataset",
        citation="Dau et al. 2019, The UCR time series archive, IEEE/CAA J. Autom. Sinica 6",
        homepage="https://www.timeseriesclassification.com",
    )

    def inspect(self, target: str | None) -> None:
        """Name the files by their bytes: anything may be in them."""
        super().inspect(target)
        self.fingerprint = contents(self.root, self.locate()[1])
        self.revision = digest([self.revision, self.fingerprint])

    def locate(self) -> tuple[Path, list[Path]]:
        """The folder must hold one dataset alone."""
        root, found = super().locate()
        names = {path.name.partition(TRAIN)[0] for path in self.matches(root, self.files[0])}
        if len(names) > 1:
            raise UserError(
                f"{root} holds {', '.join(sorted(names))}: put one dataset into a folder of its own"
            )
        return root, found
