"""Series of the UCR archive: ``NAME_TRAIN.txt`` and ``NAME_TEST.txt``, a label and then samples.

The archive's text files hold numbers between spaces, tabs (.tsv) or commas; all are read.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.config import digest
from vmbench.contents import contents
from vmbench.dataset import Card, Example, Split, Task
from vmbench.errors import UserError
from vmbench.specs import Sequence
from vmbench_domains.download import Download
from vmbench_domains.medical.samples import write_archive
from vmbench_domains.rows import stratified_shares
from vmbench_domains.source import FileDataset, Skips

VAL_SHARE = 0.2  # of TRAIN, which is small in most of the archive
ALONE = "20% of each class of the archive's TRAIN file held out for test, 10% for val; TEST is not "
ALONE += "in the folder"
BOTH = "the archive's TEST file; 20% of each class of TRAIN held out for val"


class UcrSeries(FileDataset):
    """Series of equal length with one label each, as published (most are z-normalised)."""

    normalize = "global"
    first_class: str = ""
    class_names: tuple[str, ...] = ()

    def train_path(self) -> Path:
        """The TRAIN file."""
        return next(iter(sorted(self.root.glob(self.files[0]))))

    def test_path(self) -> Path | None:
        """The TEST file, if it is there."""
        path = self.train_path()
        other = path.with_name(path.name.replace("_TRAIN", "_TEST"))
        return other if other.is_file() else None

    def locate(self, data_dir: Path | None) -> tuple[Path, list[Path]]:
        """Also watch the TEST file, which may be absent."""
        root, found = super().locate(data_dir)
        return root, sorted({*found, *root.glob(self.files[0].replace("_TRAIN", "_TEST"))})

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """Read the labels and the length from the TRAIN file."""
        super().bind(data_dir, target)
        rows = [row for _, row in self._rows(self.train_path())]
        self.labels = sorted({float(row[0]) for row in rows})
        self.spec = Sequence(1, len(rows[0]) - 1)
        names = self.class_names or tuple(f"{label:g}" for label in self.labels)
        if self.class_names:
            self.labels = [float(number) for number in range(1, len(names) + 1)]
        rule = BOTH if self.test_path() else ALONE
        self.tasks = (Task(self.first_class or "class", names, rule),)
        self.revision = digest(["1", str(self.spec), names, rule])

    def examples(self, data_dir: Path | None) -> Iterator[Example]:
        """Yield the rows of TRAIN and then those of TEST."""
        path, test = self.train_path(), self.test_path()
        train = list(self._rows(path, Skips(self, self._count(path), "lines")))
        shares = {"val": VAL_SHARE, "test": 0.0} if test else {}
        sides = stratified_shares([row[0] for _, row in train], **shares)  # type: ignore[arg-type]
        for (number, row), side in zip(train, sides, strict=True):
            yield self._example(path, number, row, side)
        if test:
            for number, row in self._rows(test, Skips(self, self._count(test), "lines")):
                yield self._example(test, number, row, "test")

    def _example(
        self, path: Path, number: int, row: npt.NDArray[np.float32], side: Split
    ) -> Example:
        (task,) = self.tasks
        if float(row[0]) not in self.labels:
            raise UserError(f"{path}, line {number}: the class {row[0]:g} does not occur in TRAIN")
        label = {task.name: self.labels.index(float(row[0]))}
        return Example(row[1:][None], label, {task.name: side})

    def write_files(self, root: Path) -> None:
        """Both files, named for the pattern."""
        name = self.files[0].partition("_TRAIN")[0].replace("*", "Sample")
        write_archive(root, name, classes=len(self.class_names) or 2, length=140)

    def _count(self, path: Path) -> int:
        with path.open("rb") as file:
            return sum(1 for _ in file)

    def _rows(
        self, path: Path, skips: Skips | None = None
    ) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Number and values of each line; broken ones are skipped where they are counted."""
        length = None
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    row = np.array(line.replace(",", " ").split(), np.float32)
                    length = length or len(row)
                    if len(row) != length or length < 2:
                        raise ValueError(f"{len(row)} numbers, not {length} as in the first line")
                    if not np.isfinite(row).all():
                        raise ValueError("a value is missing; series of equal length are read")
                except ValueError as error:
                    if skips:
                        skips.add(f"{path.name}, line {number}", error)
                    continue
                yield number, row
        if length is None:
            raise UserError(f"{path} holds no series: a label and then samples on every line")
        if skips:
            skips.close()


class Ecg5000(UcrSeries):
    """Single heartbeats of one patient, interpolated to 140 samples."""

    name = "ecg5000"
    places = ("ecg5000", "ECG5000", "UCRArchive_2018/ECG5000", ".")
    files = ("ECG5000_TRAIN.t*",)
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
    files = ("*_TRAIN.t*",)
    card = Card(
        licence="see the archive's page of the dataset",
        citation="Dau et al. 2019, The UCR time series archive, IEEE/CAA J. Autom. Sinica 6",
        homepage="https://www.timeseriesclassification.com",
    )

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """Name the files by their bytes: anything may be in them."""
        super().bind(data_dir, target)
        self.fingerprint = contents(self.root, self.locate(data_dir)[1])
        self.revision = digest([self.revision, self.fingerprint])

    def locate(self, data_dir: Path | None) -> tuple[Path, list[Path]]:
        """The folder must hold one dataset alone."""
        root, found = super().locate(data_dir)
        trains = [path for path in found if "_TRAIN" in path.name]
        if len(trains) > 1:
            names = ", ".join(path.name for path in trains)
            raise UserError(f"{root} holds {names}: put one dataset into a folder of its own")
        return root, found
