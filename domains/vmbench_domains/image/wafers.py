"""WM-811K: wafer maps and their failure patterns, ``WM811K.pkl``, or ``LSWMD.pkl`` of Kaggle."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Example, HeldOut, Split, Task
from vmbench.data.specs import Grid
from vmbench.errors import UserError, missing_package
from vmbench_domains.download import Download
from vmbench_domains.image.frame_pickle import plain, read_frame
from vmbench_domains.image.photos import VAL_SHARE
from vmbench_domains.image.wafer_sample import write_wafers
from vmbench_domains.source import FileDataset, Skips

PATTERNS = (
    "center", "donut", "edge-loc", "edge-ring", "loc", "near-full", "random", "scratch", "none",
)  # fmt: skip
MAP, PATTERN, LOT = "waferMap", "failureType", "lotName"
PART = ("trainTestLabel", "trianTestLabel")  # the second in the copy at Kaggle
SIDES: dict[str, Split] = {"training": "train", "test": "test"}
FAILED = 2  # 0: no die; 1: a die that passed
UNLABELLED = ("", "0")  # empty in the copy at Kaggle
FILE = "WM811K.pkl"


class WM811K(FileDataset):
    """811,457 maps of the dies of a wafer, 172,950 of them labelled; stretched to 32 x 32.

    No die is 0, a die that passed 0.5, one that failed 1.
    """

    name = "wm-811k"
    revision = "1"
    spec = Grid(1, 32, 32)
    value_range = (0.0, 1.0)
    places = ("MIR-WM811K/Python", "wm-811k", "WM-811K", "wm811k", ".")
    files = (FILE,)
    elsewhere = {FILE: ("LSWMD.pkl",)}
    downloads = (
        Download(
            "http://mirlab.org/dataSet/public/MIR-WM811K.zip",
            size=344_542_743,
            unpack=True,
            only=("*/Python/*",),  # the same again for MATLAB has 3.6 GB
        ),
    )
    tasks = (
        Task(
            "pattern",
            PATTERNS,
            "the publisher's training and test wafers; of the training lots, 10% held out for val",
        ),
    )
    card = Card(
        licence="free to use and pass on with its copyright notice and its two citations",
        citation="Wu, Jang, Chen 2015, Wafer map failure pattern recognition and similarity "
        "ranking for large-scale data sets, IEEE Trans. Semicond. Manuf. 28; MIR-WM811K, "
        "http://mirlab.org/dataset/public/",
        homepage="http://mirlab.org/dataset/public/",
        notes="The file is a pickle, a program that may do anything when it is opened. It is read "
        "without carrying it out: only the names that a table of numbers and texts needs are "
        "known, they stand for objects that do nothing, and any other name is an error. Reading "
        "takes about twice the file's 2 GB of memory. Most labelled wafers have no pattern (85%): "
        "read the balanced accuracy. Unlabelled wafers are pretrained on and are of no task. DABS "
        "2.0 splits the labelled wafers at random, 90 to 10.",
    )

    def examples(self) -> Iterator[Example]:
        """Yield every wafer, in the order of the table."""
        path = self.path_of(FILE)
        columns = read_frame(path)
        part = next((name for name in PART if name in columns), PART[0])
        if lacking := [name for name in (MAP, PATTERN, LOT, part) if name not in columns]:
            raise UserError(f"{path} has no column '{lacking[0]}': it is not the publisher's table")
        patterns, parts, lots = (
            [_text(cell, f"{path}, row {row}") for row, cell in enumerate(columns[name])]
            for name in (PATTERN, part, LOT)
        )
        sides = _sides(parts, lots, path)
        skips, (task,) = Skips(self, len(lots), "wafer maps"), self.tasks
        for row, pattern in enumerate(patterns):
            try:
                x = self._fitted(np.asarray(plain(columns[MAP][row])))
            except (ValueError, TypeError) as error:
                skips.add(f"row {row}", error)
                continue
            if pattern in UNLABELLED:
                yield Example(x, {}, {}, lots[row])
                continue
            side = sides[row]
            if pattern.lower() not in PATTERNS or side is None:
                raise UserError(
                    f"{path}, row {row}: pattern '{pattern}' in '{parts[row]}'; known are "
                    f"{', '.join(PATTERNS)}, in Training or Test"
                )
            label = PATTERNS.index(pattern.lower())
            yield Example(x, {task.name: label}, {task.name: side}, lots[row])
        skips.close()

    def _fitted(self, found: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """A map of any size, stretched: a wafer is round, its grid of dies need not be square."""
        try:
            from PIL import Image
        except ModuleNotFoundError as error:
            raise missing_package("pillow", "image", "resizing wafer maps") from error
        if (
            found.ndim != 2
            or not found.size
            or found.dtype.kind not in "biuf"
            or not np.isin(found, (0, 1, 2)).all()
        ):
            raise ValueError("its map is no grid of 0 (no die), 1 (passed) and 2 (failed)")
        image = Image.fromarray(found.astype(np.float32) / FAILED)
        size = (self.spec.width, self.spec.height)
        # A filter as wide as the shrinkage; rounding may take a mean of ones beyond 1.
        pixels = np.asarray(image.resize(size, Image.Resampling.BILINEAR), np.float32)
        return pixels.clip(0, 1)[None]

    def write_files(self, root: Path) -> None:
        """Four lots of training, one of test and one without labels."""
        write_wafers(root / self.elsewhere[FILE][0])


def _text(cell: Any, where: str) -> str:
    """The text in a cell, which MATLAB's structures wrap in arrays; "" where they are empty."""
    value = plain(cell)
    while isinstance(value, (np.ndarray, list, tuple)):
        entries = value.ravel().tolist() if isinstance(value, np.ndarray) else list(value)
        if len(entries) > 1:
            raise UserError(f"{where} has {len(entries)} texts in a cell")
        value = plain(entries[0]) if entries else ""
    return "" if value is None or value != value else str(value).strip()


def _sides(parts: list[str], lots: list[str], path: Path) -> list[Split | None]:
    """The side of each row; None where the publisher names none."""
    given = [SIDES.get(part.lower()) for part in parts]
    training = {lot for lot, side in zip(lots, given, strict=True) if side == "train"}
    if len(training) < 2:
        raise UserError(f"{path} has training wafers of {len(training)} lots; two are needed")
    held_out = HeldOut.draw(training, val=max(1, round(VAL_SHARE * len(training))), test=0, seed=0)
    return [
        held_out.split(lot) if side == "train" else side
        for lot, side in zip(lots, given, strict=True)
    ]
