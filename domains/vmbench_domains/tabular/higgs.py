"""HIGGS: ``HIGGS.csv.gz``."""

from pathlib import Path

from vmbench.dataset import Card, Split, Task
from vmbench.errors import UserError
from vmbench.specs import Vector
from vmbench_domains.download import Download
from vmbench_domains.tabular.table import PublishedTable

HELD_OUT = 500_000


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
            "the last 500,000 rows are test, as the publisher says, the 500,000 before them val",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Baldi, Sadowski, Whiteson 2014, Searching for exotic particles in high-energy "
        "physics with deep learning, Nature Communications 5",
        homepage="https://archive.ics.uci.edu/dataset/280",
        notes="The cache takes 1.3 GB; it is built once, in minutes.",
    )
    held_out = HELD_OUT

    def parts(self) -> list[tuple[Path, list[Split] | None]]:
        """The one file; its rows are counted first."""
        path = next(iter(sorted(self.root.glob(self.files[0]))))
        count = sum(len(frame) for frame in self.chunks(path))
        if count <= 2 * self.held_out:
            raise UserError(f"{path} has {count} rows; {2 * self.held_out} are held out: fetch it")
        train = count - 2 * self.held_out
        counts: dict[Split, int] = {"train": train, "val": self.held_out, "test": self.held_out}
        return [(path, [side for side, count in counts.items() for _ in range(count)])]
