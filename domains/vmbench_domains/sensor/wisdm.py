"""WISDM, version 1.1: a phone's accelerometer in the trouser pocket, one text file."""

from pathlib import Path
from typing import cast

import numpy as np

from vmbench.dataset import Card, HeldOut, Task
from vmbench.specs import Sequence, Spec
from vmbench_domains.download import Download
from vmbench_domains.sensor.recordings import (
    Recording,
    RecordingWindows,
    Segment,
    runs,
    spectrogram_spec,
)
from vmbench_domains.sensor.samples import write_wisdm
from vmbench_domains.source import Skips

ACTIVITIES = ("Walking", "Jogging", "Upstairs", "Downstairs", "Sitting", "Standing")
HELD_OUT = HeldOut.draw(range(1, 37), val=4, test=8, seed=0)
FIELDS = 6  # user, activity, time, x, y, z
GAP = 1_000_000_000  # ns; a longer pause, or a step back, ends a segment


class Wisdm(RecordingWindows):
    """Windows of 10 s of acceleration along three axes at 20 Hz, as spectrograms."""

    name = "wisdm"
    revision = "1"
    spec: Spec = spectrogram_spec(3)
    window, step = 200, 100
    places = ("WISDM_ar_v1.1", "wisdm", "WISDM", ".")
    files = ("WISDM_ar_v1.1_raw.txt",)
    downloads = (
        Download(
            "https://www.cis.fordham.edu/wisdm/includes/datasets/latest/WISDM_ar_latest.tar.gz",
            unpack=True,
        ),
    )
    tasks = (Task("activity", ACTIVITIES, "8 of 36 subjects held out for test, 4 for val"),)
    card = Card(
        licence="none stated by the publisher, who asks to be cited",
        citation="Kwapisz, Weiss, Moore 2010, Activity recognition using cell phone "
        "accelerometers, SensorKDD",
        homepage="https://www.cis.fordham.edu/wisdm/dataset.php",
        notes="Lines of the file that are broken are counted and skipped.",
    )

    def sessions(self) -> list[tuple[str, object]]:
        """One recording for each user; the file is read here, as numbers: 40 MB."""
        users: dict[int, list[tuple[float, ...]]] = {}
        text = (self.root / self.files[0]).read_text(encoding="utf-8", errors="replace")
        # Some lines hold two records, some records span a line's end: semicolons count alone.
        records = [record.strip() for record in text.split(";")]
        records = [record for record in records if record.strip(",\n ")]
        skips = Skips(self, len(records), "records")
        for number, record in enumerate(records, start=1):
            fields = record.rstrip(",").split(",")
            try:
                if len(fields) != FIELDS:
                    raise ValueError(f"{len(fields)} fields instead of {FIELDS}")
                user, activity, *numbers = fields
                row = (float(ACTIVITIES.index(activity)), *map(float, numbers))
                users.setdefault(int(user), []).append(row)
            except ValueError as error:
                skips.add(f"record {number}", error)
        skips.close()
        return [(f"user {user}", (user, np.array(users[user]))) for user in sorted(users)]

    def read(self, key: object) -> Recording:
        """One user's samples, cut where the activity changes or time has a gap."""
        user, table = cast(tuple[int, np.ndarray[tuple[int, int], np.dtype[np.float64]]], key)
        steps = np.diff(table[:, 1])
        broken = (np.diff(table[:, 0]) != 0) | (steps < 0) | (steps > GAP)
        piece = np.concatenate([[0], np.cumsum(broken)])
        side = HELD_OUT.split(user)
        segments = [Segment(start, stop, int(table[start, 0]), side) for start, stop in runs(piece)]
        return Recording(str(user), table[:, 2:].T.astype(np.float32), segments)

    def write_files(self, root: Path) -> None:
        """Every user, two activities."""
        write_wisdm(root / self.files[0], range(1, 37))


class WisdmRaw(Wisdm):
    """The same windows and splits, raw."""

    name = "wisdm-raw"
    spec = Sequence(3, Wisdm.window)
