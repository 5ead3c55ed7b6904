"""Tiny recordings in the publishers' formats, for tests without a network: ramps in time."""

import csv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vmbench_domains.sensor.recordings import Signal

CHANNELS = ("x", "y")


def write_hapt(path: Path, users: Sequence[int]) -> None:
    """Write HAPT's zip: channel c of user u holds 10 u + c + t / 1000 at sample t (from 0).

    Each user walks for 200 samples and 128 samples, and changes posture for 100: less than a
    window. Of 650 samples, the last 160 have no label, and shorter stretches before.
    """
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("activity_labels.txt", "1 WALKING\n2 WALKING_UPSTAIRS\n")
        lines = []
        for number, user in enumerate(users, start=1):
            time = np.arange(650) / 1000
            for sensor, first in (("acc", 0), ("gyro", 3)):
                rows = np.column_stack([10 * user + first + c + time for c in range(3)])
                text = "\n".join(" ".join(f"{value:.4f}" for value in row) for row in rows)
                archive.writestr(f"RawData/{sensor}_exp{number:02}_user{user:02}.txt", text)
            # Sample numbers count from 1, both ends included.
            lines += [f"{number} {user} {span}" for span in ("1 11 210", "2 251 378", "7 391 490")]
        archive.writestr("RawData/labels.txt", "\n".join(lines))


def write_pamap2(root: Path, subjects: Sequence[int]) -> None:
    """Write a file for each subject: lying and rope jumping for 11 s, transients between and after.

    The heart rate is a ramp from 100 on, measured at every 11th sample; every other channel holds
    the subject's number.
    """
    for subject in subjects:
        activity = np.repeat([1, 0, 24, 0], [1100, 50, 1100, 1010])
        table = np.full((len(activity), 54), float(subject))
        table[:, 0] = np.arange(len(table)) / 100
        table[:, 1] = activity
        table[:, 2] = 100 + np.arange(len(table))
        table[1:-1, 2][np.arange(len(table) - 2) % 11 != 0] = np.nan
        np.savetxt(root / f"subject10{subject}.dat", table, fmt="%.6g")


def write_uci_har(root: Path, signals: Sequence[str], window: int) -> None:
    """Write two windows of noise for each subject, one of either of two activities."""
    rng = np.random.default_rng(0)
    for part, subjects in (("train", (1, 3, 5, 6, 7, 8, 11, 14, 15, 16, 17, 19)), ("test", (2, 4))):
        folder = root / part
        (folder / "Inertial Signals").mkdir(parents=True)
        rows = np.repeat(subjects, 2)
        np.savetxt(folder / f"subject_{part}.txt", rows, fmt="%d")
        np.savetxt(folder / f"y_{part}.txt", np.arange(len(rows)) % 2 + 1, fmt="%d")
        for signal in signals:
            values = rng.standard_normal((len(rows), window))
            np.savetxt(folder / "Inertial Signals" / f"{signal}_{part}.txt", values, fmt="%16.7e")


def write_wisdm(path: Path, users: Sequence[int]) -> None:
    """Write 201 samples of walking and of jogging for each user: x counts, y is half the user.

    Two records share a line and one ends in a comma, as in the published file.
    """
    lines = []
    for user in users:
        for activity, start in (("Walking", 10**12), ("Jogging", 10**12 + 5 * 10**11)):
            for t in range(201):
                time = start + t * 50_000_000
                lines.append(f"{user},{activity},{time},{t},{user / 2},-1.25;")
    lines[3] += lines.pop(4)
    lines[9] = lines[9].replace(";", ",;")
    path.write_text("\n".join(lines) + "\n")


def write_recordings(
    root: Path, *, subjects: int = 6, channels: Sequence[str] = CHANNELS, rate: float = 50.0
) -> None:
    """Write a CSV file for each subject, in its own folder: 6 s of rest, 5.8 s of walking.

    Channel c of subject s holds 10,000 s + 1,000 c + t at sample t (from 0); the last 10 samples
    have no label.
    """
    labels = ["rest"] * 300 + ["walk"] * 290 + [""] * 10
    for subject in range(subjects):
        path = root / f"subject{subject}" / "session.csv"
        path.parent.mkdir(parents=True)
        base: Signal = 10_000 * subject + 1_000 * np.arange(len(channels), dtype=np.float32)
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["time", *channels, "label"])
            for t, label in enumerate(labels):
                writer.writerow([t / rate, *(base + t).tolist(), label])
