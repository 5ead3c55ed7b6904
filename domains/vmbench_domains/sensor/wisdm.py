"""WISDM, version 1.1: a phone's accelerometer in the trouser pocket, one text file."""

from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

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
from vmbench_domains.sensor.samples import write_wisdm
from vmbench_domains.sensor.spectrogram import LOG_POWER
from vmbench_domains.source import Skips

NAMES = ("acceleration x", "acceleration y", "acceleration z")
ACTIVITIES = ("Walking", "Jogging", "Upstairs", "Downstairs", "Sitting", "Standing")
HELD_OUT = HeldOut.draw(range(1, 37), val=4, test=8, seed=0)
FIELDS = 6  # user, activity, time, x, y, z
PERIOD, GAP = 50_000_000, 1_000_000_000  # ns; a longer pause, or a step back, ends a segment
TIME, AXES = 1, slice(2, 5)  # columns of a user's table; 0 is the activity


Table = npt.NDArray[np.float64]
Tables = dict[int, Table]


class Wisdm(RecordingWindows):
    """Windows of 10 s of acceleration along three axes at 20 Hz, as spectrograms."""

    name = "wisdm"
    revision = "2"
    spec: Spec = spectrogram_spec(3)
    inputs = Inputs(LOG_POWER, NAMES)
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
        notes="Lines of the file that are broken are counted and skipped. Records of time 0 have "
        "no time: those whose three values are 0 too are left out, the others stand where the file "
        "has them; both are counted.",
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
        tables = {user: _without_blanks(np.array(rows)) for user, rows in sorted(users.items())}
        self._count_timeless(users, tables)
        return [(f"user {user}", (user, table)) for user, table in tables.items() if len(table)]

    def _count_timeless(self, users: dict[int, list[tuple[float, ...]]], kept: Tables) -> None:
        blank = sum(map(len, users.values())) - sum(map(len, kept.values()))
        if blank:
            self.remarks.append(f"{blank} records of time 0 and three values of 0 are left out")
        timeless = {u: n for u, table in kept.items() if (n := int((table[:, TIME] == 0).sum()))}
        if timeless:
            named = ", ".join(f"user {user}: {count}" for user, count in timeless.items())
            self.remarks.append(
                f"{sum(timeless.values())} records have values but the time 0 ({named}): they "
                f"stand where the file has them"
            )

    def read(self, key: object) -> Recording:
        """One user's samples, cut where the activity changes or time has a gap."""
        user, table = cast(tuple[int, Table], key)
        broken = (np.diff(table[:, 0]) != 0) | _jumps(table[:, TIME])
        piece = np.concatenate([[0], np.cumsum(broken)])
        side = HELD_OUT.split(user)
        segments = [Segment(start, stop, int(table[start, 0]), side) for start, stop in runs(piece)]
        if not any(segment.stop - segment.start >= self.window for segment in segments):
            self.remarks.append(f"user {user} has no window: no segment is long enough")
        return Recording(str(user), table[:, AXES].T.astype(np.float32), segments)

    def write_files(self, root: Path) -> None:
        """Every user, two activities."""
        write_wisdm(root / self.files[0], range(1, 37))


class WisdmRaw(Wisdm):
    """The same windows and splits, raw."""

    name = "wisdm-raw"
    spec = Sequence(3, Wisdm.window)


def _without_blanks(table: Table) -> Table:
    """Without the rows that hold nothing: time and all three values are 0."""
    kept: Table = table[(table[:, TIME] != 0) | np.any(table[:, AXES] != 0, axis=1)]
    return kept


def _jumps(times: Table) -> npt.NDArray[np.bool_]:
    """Where time jumps between a row and the next, (T - 1,); a time of 0 is unknown.

    Across rows of unknown time, as much time may pass as they take and GAP more; if it is more
    (or less than none), it is unknown which of them are before the jump: both ends are cut.
    """
    broken = np.zeros(len(times) - 1, np.bool_)
    known = np.flatnonzero(times)
    apart, passed = np.diff(known), np.diff(times[known])
    jumps = (passed < 0) | (passed - (apart - 1) * PERIOD > GAP)
    broken[known[:-1][jumps]] = broken[known[1:][jumps] - 1] = True
    return broken
