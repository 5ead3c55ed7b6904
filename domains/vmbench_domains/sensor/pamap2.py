"""PAMAP2: three body-worn inertial units and a heart-rate monitor, ``Protocol/subject10N.dat``."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, cast

import numpy as np

from vmbench.data.dataset import Card, HeldOut, Inputs, Task
from vmbench.data.specs import Sequence, Spec
from vmbench_domains.download import Download
from vmbench_domains.sensor.recordings import (
    Recording,
    RecordingWindows,
    Segment,
    runs,
    spectrogram_spec,
)
from vmbench_domains.sensor.samples import write_pamap2
from vmbench_domains.sensor.spectrogram import LOG_POWER
from vmbench_domains.text_table import read_columns

TIME, PERIOD, GAP = 0, 0.01, 5  # seconds; a step of more than 5 periods ends a segment
COLUMNS = 54  # time, activity, then the channels: heart rate and three units of 17
ACTIVITY, FIRST_CHANNEL = 1, 2
TRANSIENT = 0
CHANNELS = COLUMNS - FIRST_CHANNEL
ACTIVITIES = {
    1: "lying", 2: "sitting", 3: "standing", 4: "walking", 5: "running", 6: "cycling",
    7: "Nordic walking", 12: "ascending stairs", 13: "descending stairs",
    16: "vacuum cleaning", 17: "ironing", 24: "rope jumping",
}  # fmt: skip
REFERENCE = {number: name for number, name in ACTIVITIES.items() if name != "ironing"}
HELD_OUT = HeldOut(val=frozenset({5}), test=frozenset({6}))


class Pamap2(RecordingWindows):
    """Windows of 10 s of 52 channels at 100 Hz, as spectrograms.

    Class attributes:
        activities: the publisher's number -> name, of those that are classes.
        transients: whether samples of activity 0, which is none, are pretrained on.
    """

    name = "pamap2"
    revision = "3"
    spec: Spec = spectrogram_spec(CHANNELS)
    inputs = Inputs(LOG_POWER)
    window, step = 1000, 500
    places = ("PAMAP2_Dataset/Protocol", "pamap2/Protocol", "Protocol", ".")
    files = ("subject10[1-9].dat",)
    downloads = (
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/00231/PAMAP2_Dataset.zip",
            unpack=True,
        ),
    )
    activities: ClassVar[Mapping[int, str]] = ACTIVITIES
    transients: ClassVar[bool] = True
    tasks = (
        Task(
            "activity",
            tuple(ACTIVITIES.values()),
            "subject 6 of 9 is test, subject 5 val (the published subjects), the others train",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Reiss, Stricker 2012, Introducing a new benchmarked dataset for activity "
        "monitoring, ISWC",
        homepage="https://archive.ics.uci.edu/dataset/231",
        notes="Missing values are interpolated; of the heart rate, 9 of 10 are, being measured at "
        "9 Hz. The 12 activities of the protocol; transient samples (activity 0) are pretrained "
        "on, of the subjects of train. "
        "Tamkin et al. 2021 report subject 5, this benchmark's val, never use subject 6, and leave "
        "out ironing: pamap2-reference. Rope "
        "jumping lasts 2.55 s for subject 6, less than a window: test has none of it, which every "
        "reading says.",
    )

    def sessions(self) -> list[tuple[str, object]]:
        """One file for each subject."""
        return [(path.name, path) for path in self.paths_of(self.files[0])]

    def read(self, key: object) -> Recording:
        """One subject's file."""
        path = cast(Path, key)
        table = read_columns(path)
        if table.shape[1] != COLUMNS:
            raise ValueError(f"{table.shape[1]} columns instead of {COLUMNS}")
        number = int(path.stem.removeprefix("subject10"))
        activities = table[:, ACTIVITY].astype(np.int64)
        codes = {activity: label for label, activity in enumerate(self.activities)}
        steps = np.diff(table[:, TIME])
        broken = (np.diff(activities) != 0) | (steps < 0) | (steps > GAP * PERIOD)
        segments = []
        for start, stop in runs(np.concatenate([[0], np.cumsum(broken)])):
            if (activity := int(activities[start])) in codes:
                segments.append(Segment(start, stop, codes[activity], HELD_OUT.split(number)))
            elif activity == TRANSIENT and self.transients:
                segments.append(Segment(start, stop))
        return Recording(str(number), table[:, FIRST_CHANNEL:].T, segments)

    def write_files(self, root: Path) -> None:
        """One subject for each side."""
        write_pamap2(root, (1, 5, 6))


class Pamap2Raw(Pamap2):
    """The same windows and splits, raw."""

    name = "pamap2-raw"
    spec = Sequence(CHANNELS, Pamap2.window)
    inputs = Inputs("as published")


class Pamap2Reference(Pamap2):
    """The same without ironing: 11 activities."""

    name = "pamap2-reference"
    revision = "2"
    transients = False
    activities = REFERENCE
    tasks = (replace(Pamap2.tasks[0], classes=tuple(REFERENCE.values())),)
    card = replace(
        Pamap2.card,
        notes="The activities and subjects of Tamkin et al. 2021, to compare with them: without "
        "ironing, which pamap2 has, and without its unlabelled samples. They report subject 5, "
        "val here, and draw windows anew at every evaluation, each activity and subject as often; "
        "here every window counts once. "
        "Missing values are interpolated.",
    )
