"""Covertype: ``covtype.data.gz``."""

from pathlib import Path

import numpy as np

from vmbench.data.dataset import Card, Split, Task
from vmbench.data.specs import Vector
from vmbench_domains.download import Download
from vmbench_domains.tabular.samples import write_numbers
from vmbench_domains.tabular.table import PublishedTable

NUMERIC = (
    "elevation", "aspect", "slope", "horizontal distance to hydrology",
    "vertical distance to hydrology", "horizontal distance to roadways", "hillshade 9am",
    "hillshade noon", "hillshade 3pm", "horizontal distance to fire points",
)  # fmt: skip
TRAIN, VAL = 11_340, 3_780


class Covertype(PublishedTable):
    """Cartography of 30 m x 30 m of forest: 10 numbers, then 4 areas and 40 soils, one-hot."""

    name = "covertype"
    spec = Vector(54)
    places = ("covertype", "covtype", ".")
    files = ("covtype.data*",)
    downloads = (
        Download(
            "https://archive.ics.uci.edu/ml/machine-learning-databases/covtype/covtype.data.gz",
            "covertype",
        ),
    )
    columns = (
        *NUMERIC,
        *(f"area {i}" for i in range(1, 5)),
        *(f"soil {i}" for i in range(1, 41)),
        "cover",
    )
    target = "cover"
    codes = {str(number): number - 1 for number in range(1, 8)}
    tasks = (
        Task(
            "cover",
            (
                "Spruce/Fir",
                "Lodgepole Pine",
                "Ponderosa Pine",
                "Cottonwood/Willow",
                "Aspen",
                "Douglas-fir",
                "Krummholz",
            ),
            "the publisher's: the first 11,340 rows train, the next 3,780 val, the others test",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Blackard, Dean 1999, Comparative accuracies of artificial neural networks and "
        "discriminant analysis in predicting forest cover types",
        homepage="https://archive.ics.uci.edu/dataset/31",
        notes="Train and val have as many rows of every class; test (565,892 rows) has not.",
    )
    first_rows = (TRAIN, VAL)

    def parts(self) -> list[tuple[Path, list[Split] | None]]:
        """The one file."""
        path = self.path_of(self.files[0])
        train, val = self.first_rows
        count = len(self.labels(path))
        counts: dict[Split, int] = {"train": train, "val": val, "test": max(count - train - val, 0)}
        return [(path, [side for side, count in counts.items() for _ in range(count)])]

    def write_files(self, root: Path) -> None:
        """All of train and val, being the first rows, and twenty of test, of noise."""
        count, rng = sum(self.first_rows) + 20, np.random.default_rng(0)
        numbers, marks = rng.integers(0, 3000, (count, 10)), rng.integers(0, 2, (count, 44))
        write_numbers(root / "covtype.data.gz", [numbers, marks, np.arange(count) % 7 + 1])
