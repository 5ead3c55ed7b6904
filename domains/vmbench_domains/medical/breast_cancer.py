"""Cell nuclei of breast masses, which scikit-learn carries."""

from collections.abc import Iterator

import numpy as np

from vmbench.data.dataset import Card, Dataset, Example, Inputs, Task
from vmbench.data.specs import Vector
from vmbench_domains.packaged import import_carrier
from vmbench_domains.rows import stratified_split

VAL_ROWS, TEST_ROWS = 85, 142  # 15% and 25%: a smaller test would say little
SPLIT_SEED = 0


class BreastCancer(Dataset):
    """30 measurements of the cell nuclei in a fine-needle aspirate."""

    name = "breast-cancer"
    revision = "1"
    spec = Vector(30)
    tasks = (
        Task(
            "diagnosis",
            ("malignant", "benign"),
            "85 of 569 rows held out for val, 142 for test, stratified by diagnosis; the package "
            "names no patients",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Wolberg, Mangasarian, Street, Street 1995, Breast Cancer Wisconsin (Diagnostic), "
        "UCI Machine Learning Repository",
        homepage="https://archive.ics.uci.edu/dataset/17",
        notes="142 test rows: a difference below about 4 points of accuracy is noise.",
    )
    package = ("sklearn", "medical")
    normalize = "channel"
    inputs = Inputs("as published: pixels, their squares, or without a unit")

    def examples(self) -> Iterator[Example]:
        """Yield every row, in the order of the package."""
        bunch = import_carrier(self, "sklearn.datasets").load_breast_cancer()
        sides = stratified_split(bunch.target, val=VAL_ROWS, test=TEST_ROWS, seed=SPLIT_SEED)
        rows = zip(bunch.data.astype(np.float32), bunch.target, sides, strict=True)
        for x, label, side in rows:
            yield Example(x, {"diagnosis": int(label)}, {"diagnosis": side})
