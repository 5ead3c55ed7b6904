"""HIGGS: ``HIGGS.csv.gz``."""

from pathlib import Path

import numpy as np

from vmbench.data.dataset import Card, Split, Task
from vmbench.data.specs import Vector
from vmbench.errors import UserError
from vmbench_domains.download import Download
from vmbench_domains.tabular.samples import write_numbers
from vmbench_domains.tabular.table import PublishedTable

ROWS, HELD_OUT = 11_000_000, 500_000
PARTS = ROWS // HELD_OUT


class Higgs(PublishedTable):
    """11 million simulated collisions: 21 measured quantities and 7 derived from them."""

    name = "higgs"
    spec = Vector(28)
    places = ("higgs", "HIGGS", ".")
    files = ("HIGGS.csv*",)
    downloads = (
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/00280/HIGGS.csv.gz", "higgs"
        ),
    )
    columns = ("signal", *(f"feature {i}" for i in range(1, 29)))
    target = "signal"
    codes = {"1.000000000000000000e+00": 1, "0.000000000000000000e+00": 0}
    tasks = (
        Task(
            "signal",
            ("background", "signal"),
            "the last 22nd of the rows is test (500,000 of 11,000,000, as the publisher says), the "
            "22nd before it val",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Baldi, Sadowski, Whiteson 2014, Searching for exotic particles in high-energy "
        "physics with deep learning, Nature Communications 5",
        homepage="https://archive.ics.uci.edu/dataset/280",
        notes="The cache takes 1.3 GB; it is built once, in minutes.",
    )

    def parts(self) -> list[tuple[Path, list[Split] | None]]:
        """The one file; its rows are counted first."""
        path = self.path_of(self.files[0])
        count = sum(len(frame) for frame in self.chunks(path))
        held_out = min(HELD_OUT, count // PARTS)
        if not held_out:
            raise UserError(f"{path} has {count} rows; {PARTS} are needed at least: fetch it again")
        if count < ROWS:
            self.remarks.append(
                f"{path.name} has {count} of the publisher's {ROWS} rows: its last {held_out} are "
                f"test, the {held_out} before them val"
            )
        train = count - 2 * held_out
        counts: dict[Split, int] = {"train": train, "val": held_out, "test": held_out}
        return [(path, [side for side, count in counts.items() for _ in range(count)])]

    def write_files(self, root: Path) -> None:
        """Sixty-six rows of noise: three of test, three of val."""
        count = 3 * PARTS
        features = np.random.default_rng(0).standard_normal((count, 28))
        write_numbers(root / "HIGGS.csv.gz", [np.arange(count) % 2, features], "%.18e")
