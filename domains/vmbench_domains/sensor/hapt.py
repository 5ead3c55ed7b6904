"""UCI HAPT: raw recordings of a smartphone at the waist, from the zip as published."""

import zipfile
from pathlib import Path
from typing import cast

import numpy as np

from vmbench.data.dataset import Card, HeldOut, Inputs, Task
from vmbench.data.specs import Sequence, Spec
from vmbench.errors import UserError
from vmbench_domains.download import Download
from vmbench_domains.sensor.recordings import (
    Recording,
    RecordingWindows,
    Segment,
    Signal,
    between,
    spectrogram_spec,
)
from vmbench_domains.sensor.samples import write_hapt
from vmbench_domains.sensor.spectrogram import LOG_POWER
from vmbench_domains.source import matching
from vmbench_domains.text_table import read_columns

# The same 30 volunteers, and the same numbers, as in UCI HAR; its test subjects are these.
UCI_HAR_TEST = (2, 4, 9, 10, 12, 13, 18, 20, 24)
_REST = [subject for subject in range(1, 31) if subject not in UCI_HAR_TEST]
HELD_OUT = HeldOut(val=HeldOut.draw(_REST, val=4, test=0, seed=0).val, test=frozenset(UCI_HAR_TEST))
LABELS = "RawData/labels.txt"
NAMES = tuple(
    f"{measured} {axis}"
    for measured in ("acceleration (g)", "angular velocity (rad/s)")
    for axis in "xyz"
)
CHANNELS = len(NAMES)


class Hapt(RecordingWindows):
    """Windows of 2.56 s as spectrograms: acceleration (g), then angular velocity (rad/s)."""

    name = "hapt"
    revision = "2"
    spec: Spec = spectrogram_spec(CHANNELS)
    inputs = Inputs(LOG_POWER, NAMES)
    window, step = 128, 64  # at 50 Hz, as published
    places = ("hapt", "HAPT Data Set", "HAPT", ".")
    files = ("HAPT*.zip",)
    downloads = (
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/00341/HAPT%20Data%20Set.zip",
            "hapt",
        ),
    )
    tasks = (
        Task(
            "activity",
            (
                "WALKING",
                "WALKING_UPSTAIRS",
                "WALKING_DOWNSTAIRS",
                "SITTING",
                "STANDING",
                "LAYING",
                "STAND_TO_SIT",
                "SIT_TO_STAND",
                "SIT_TO_LIE",
                "LIE_TO_SIT",
                "STAND_TO_LIE",
                "LIE_TO_STAND",
            ),
            "the 9 of 30 subjects that are UCI HAR's test held out for test, 4 others for val",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Reyes-Ortiz, Oneto, Samà, Parra, Anguita 2016, Transition-aware human activity "
        "recognition using smartphones, Neurocomputing 171",
        homepage="https://archive.ics.uci.edu/dataset/341",
        notes="6 activities and 6 transitions between postures, which are rare: read the balanced "
        "accuracy. Neighbouring windows overlap by half; each lies inside one segment. What lies "
        "between the labelled segments is pretrained on, of the subjects of train.",
    )

    def locate(self) -> tuple[Path, list[Path]]:
        """The zip, or the folder that it was unpacked to."""
        for place in self.places if self.data_dir else ():
            unpacked = cast(Path, self.data_dir) / place / LABELS
            if unpacked.is_file():
                return unpacked.parents[1], matching(unpacked.parent, "*.txt")
        _, found = super().locate()
        return found[0], found[:1]

    def sessions(self) -> list[tuple[str, object]]:
        """(experiment, user) of every recording that has labels."""
        rows = self._table(LABELS).astype(int)
        self._segments: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        for experiment, user, activity, start, end in rows.tolist():
            # Sample numbers count from 1, and the last is included.
            self._segments.setdefault((experiment, user), []).append((start - 1, end, activity - 1))
        return [(f"exp{e:02}_user{u:02}", (e, u)) for e, u in sorted(self._segments)]

    def read(self, key: object) -> Recording:
        """The six channels of one experiment."""
        experiment, user = cast(tuple[int, int], key)
        signal = np.concatenate(
            [
                self._table(f"RawData/{sensor}_exp{experiment:02}_user{user:02}.txt").T
                for sensor in ("acc", "gyro")
            ]
        )
        if len(signal) != CHANNELS:
            raise ValueError(f"{len(signal)} channels instead of {CHANNELS}")
        side = HELD_OUT.split(user)
        labelled = [Segment(*spans, side) for spans in self._segments[experiment, user]]
        segments = [*labelled, *between(labelled, signal.shape[1])]
        return Recording(f"{user:02}", signal, segments)

    def write_files(self, root: Path) -> None:
        """Ten subjects, two of whom are test's."""
        write_hapt(root / "HAPT Data Set.zip", (1, 2, 3, 4, 5, 6, 7, 8, 11, 14))

    def _table(self, name: str) -> Signal:
        """A text table (rows, columns) of the zip or the folder."""
        if self.root.is_dir():
            return read_columns(self.root / name)
        try:
            with zipfile.ZipFile(self.root) as archive, archive.open(name) as file:
                return read_columns(file)
        except KeyError as error:
            lacking = f"{self.root} has no {name}: fetch it again"
            raise (UserError if name == LABELS else ValueError)(lacking) from error
        except zipfile.BadZipFile as error:
            raise UserError(f"{self.root} is broken, fetch it again: {error}") from error


class HaptRaw(Hapt):
    """The same windows and splits, raw."""

    name = "hapt-raw"
    spec = Sequence(CHANNELS, Hapt.window)
    inputs = Inputs("as the channels say", NAMES)
