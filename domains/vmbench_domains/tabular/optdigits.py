"""Optical recognition of handwritten digits: ``optdigits.tra`` and ``optdigits.tes``."""

from pathlib import Path

import numpy as np

from vmbench.data.dataset import Card, Split, Task
from vmbench.data.specs import Vector
from vmbench_domains.download import Download
from vmbench_domains.rows import stratified_shares
from vmbench_domains.tabular.samples import write_numbers
from vmbench_domains.tabular.table import PublishedTable


class OptDigits(PublishedTable):
    """5,620 digits as 64 counts of inked cells (0 to 16)."""

    name = "optdigits"
    spec = Vector(64)
    places = ("optdigits", ".")
    files = ("optdigits.tra", "optdigits.tes")
    downloads = (
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/optdigits/optdigits.tra",
            "optdigits",
        ),
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/optdigits/optdigits.tes",
            "optdigits",
        ),
    )
    columns = (*(f"cell {i}" for i in range(64)), "digit")
    target = "digit"
    codes = {str(digit): digit for digit in range(10)}
    tasks = (
        Task(
            "digit",
            tuple("0123456789"),
            "the publisher's test file, by 13 other writers; of its 30 writers' file, 10% of each "
            "digit held out for val",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Alpaydin, Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine "
        "Learning Repository",
        homepage="https://archive.ics.uci.edu/dataset/80",
        notes="Writers are not named: val shares them with train. The test file is what the image "
        "domain's 'digits' carries.",
    )

    def parts(self) -> list[tuple[Path, list[Split] | None]]:
        """Train and val, then test."""
        train, test = (self.root / name for name in self.files)
        return [(train, stratified_shares(self.labels(train), test=0)), (test, None)]

    def write_files(self, root: Path) -> None:
        """Forty rows and ten test rows of noise."""
        rng = np.random.default_rng(0)
        for name, count in zip(self.files, (40, 10), strict=True):
            cells = rng.integers(0, 17, (count, 64))
            write_numbers(root / name, [cells, np.arange(count) % 10])
