"""Shoulder exercises recorded by a smartwatch, which seglearn carries: spectrograms and raw."""

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Dataset, Example, HeldOut, Inputs, Task
from vmbench.data.specs import Grid, Sequence
from vmbench_domains.packaged import import_carrier
from vmbench_domains.sensor.spectrogram import FREQUENCIES, LOG_POWER, frames, log_spectrogram
from vmbench_domains.windows import sliding_windows

NAMES = tuple(f"{measured} {axis}" for measured in ("acceleration", "rotation") for axis in "xyz")
CHANNELS = len(NAMES)
WINDOW = 250  # samples at 50 Hz: 5 s, two or more repetitions of an exercise
STEP = 50  # 1 s
HOP = 8

SUBJECTS = range(1, 11)
HELD_OUT = HeldOut.draw(SUBJECTS, val=2, test=3, seed=0)


class WatchWindows(Dataset):
    """Windows of 5 s, one each second, of 140 recordings: 10 subjects, 7 exercises, both arms."""

    revision = "1"
    tasks = (
        Task(
            "exercise",
            ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW"),
            "3 of 10 subjects held out for test, 2 for val",
        ),
    )
    card = Card(
        licence="BSD 3-Clause (of seglearn, which carries the data)",
        citation="Burns et al. 2018, Shoulder physiotherapy exercise recognition: machine learning "
        "the inertial signals from a smartwatch, Physiological Measurement 39",
        homepage="https://dmbee.github.io/seglearn/",
        notes="Exercises: pendulum, abduction, forward elevation, internal and external rotation, "
        "trapezius extension, upright row. Neighbouring windows overlap by 4 s.",
    )
    package = ("seglearn", "sensor")
    normalize = "channel"

    @abstractmethod
    def represent(self, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Windows (N, 6, 250) of one recording -> examples (N, *spec.shape)."""

    def examples(self) -> Iterator[Example]:
        """Yield every window, recording by recording."""
        watch = import_carrier(self, "seglearn.datasets").load_watch()
        (task,) = self.tasks
        # The package numbers the exercises itself: go through their names, not its numbers.
        codes = [task.classes.index(name) for name in watch["y_labels"]]
        recordings = zip(watch["X"], watch["y"], watch["subject"], strict=True)
        for signal, exercise, subject in recordings:
            label, side = codes[exercise], HELD_OUT.split(int(subject))
            for x in self.represent(sliding_windows(signal.T, WINDOW, STEP)):
                yield Example(x, {task.name: label}, {task.name: side}, str(subject))


class Watch(WatchWindows):
    """Each channel of a window as a log power spectrogram of 32 frequencies and 32 frames."""

    name = "watch"
    spec = Grid(CHANNELS, FREQUENCIES, frames(WINDOW, HOP))
    inputs = Inputs(LOG_POWER, NAMES)

    def represent(self, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Spectrograms (N, 6, 32, 32)."""
        return log_spectrogram(windows, HOP)


class WatchRaw(WatchWindows):
    """The same windows and splits, raw."""

    name = "watch-raw"
    spec = Sequence(CHANNELS, WINDOW)
    inputs = Inputs("as the package has them", NAMES)

    def represent(self, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The windows as they are."""
        return windows
