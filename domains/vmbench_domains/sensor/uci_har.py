"""UCI HAR: windows of a smartphone at the waist, ``{train,test}/Inertial Signals/*.txt``."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Example, Inputs, Task
from vmbench.data.specs import Grid, Sequence, Spec
from vmbench.errors import UserError
from vmbench_domains.download import Download
from vmbench_domains.sensor.hapt import HELD_OUT
from vmbench_domains.sensor.recordings import Signal, spectrogram_32, spectrogram_spec
from vmbench_domains.sensor.samples import write_uci_har
from vmbench_domains.sensor.spectrogram import LOG_POWER
from vmbench_domains.source import FileDataset
from vmbench_domains.text_table import read_columns

SIGNALS = tuple(f"{sensor}_{axis}" for sensor in ("total_acc", "body_gyro") for axis in "xyz")
WINDOW = 128
PARTS = ("train", "test")


def _numbers(path: Path, columns: int) -> npt.NDArray[np.float32]:
    """(rows, columns), all finite; raises :class:`UserError`."""
    try:
        table = read_columns(path)
        if table.shape[1] != columns or not np.isfinite(table).all():
            raise ValueError(f"not {columns} finite numbers in every row")
    except (OSError, ValueError) as error:  # pandas' errors are of the latter type
        raise UserError(f"{path} cannot be read: {error}; unpack it again") from error
    return table


class UciHar(FileDataset):
    """Windows of 2.56 s as spectrograms: total acceleration (g), then angular velocity (rad/s)."""

    name = "uci-har"
    revision = "1"
    spec: Spec = spectrogram_spec(len(SIGNALS))
    inputs = Inputs(LOG_POWER, SIGNALS)
    normalize = "channel"
    places = ("UCI HAR Dataset", "uci_har", "uci-har", ".")
    downloads = (
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/00240/UCI%20HAR%20Dataset.zip",
            unpack=True,
            only=("UCI HAR Dataset/*",),
        ),
    )
    files = tuple(
        f"{part}/{name}"
        for part in PARTS
        for name in (
            f"y_{part}.txt",
            f"subject_{part}.txt",
            *(f"Inertial Signals/{signal}_{part}.txt" for signal in SIGNALS),
        )
    )
    tasks = (
        Task(
            "activity",
            ("WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS", "SITTING", "STANDING", "LAYING"),
            "the publisher's test, 9 of 30 subjects; 4 of the others held out for val",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Anguita, Ghio, Oneto, Parra, Reyes-Ortiz 2013, A public domain dataset for human "
        "activity recognition using smartphones, ESANN",
        homepage="https://archive.ics.uci.edu/dataset/240",
        notes="The publisher's own windows, which overlap by half. The same volunteers as HAPT, "
        "and the same split of them.",
    )

    def examples(self) -> Iterator[Example]:
        """Yield the windows of train and then test."""
        (task,) = self.tasks
        for part in PARTS:
            folder = self.root / part
            labels = _numbers(folder / f"y_{part}.txt", 1)[:, 0].astype(int) - 1
            subjects = _numbers(folder / f"subject_{part}.txt", 1)[:, 0].astype(int)
            signals = [
                _numbers(folder / "Inertial Signals" / f"{signal}_{part}.txt", WINDOW)
                for signal in SIGNALS
            ]
            if {len(signal) for signal in signals} != {len(labels)} or len(subjects) != len(labels):
                raise UserError(f"the files in {folder} differ in length: unpack them again")
            for row, (label, subject) in enumerate(zip(labels, subjects, strict=True)):
                x = self._represent(np.stack([signal[row] for signal in signals]))
                side = "test" if part == "test" else HELD_OUT.split(int(subject))
                yield Example(x, {task.name: int(label)}, {task.name: side}, str(subject))

    def write_files(self, root: Path) -> None:
        """Twelve subjects in train and two in test."""
        write_uci_har(root, SIGNALS, WINDOW)

    def _represent(self, window: Signal) -> Signal:
        return spectrogram_32(window[None])[0] if isinstance(self.spec, Grid) else window


class UciHarRaw(UciHar):
    """The same windows and splits, raw."""

    name = "uci-har-raw"
    spec = Sequence(len(SIGNALS), WINDOW)
    inputs = Inputs("g and rad/s", SIGNALS)
