"""Stratified rows and sliding windows, against what they are defined as."""

import numpy as np
import pytest

from vmbench_domains.rows import stratified_split
from vmbench_domains.windows import sliding_windows


def test_stratified_split_holds_out_so_many_of_each_class():
    labels = np.repeat([0, 1, 2], [100, 60, 40])
    sides = np.array(stratified_split(labels, val=20, test=50, seed=0))
    assert [np.sum(sides == side) for side in ("train", "val", "test")] == [130, 20, 50]
    assert np.bincount(labels[sides == "test"]).tolist() == [25, 15, 10]
    assert np.bincount(labels[sides == "val"]).tolist() == [10, 6, 4]


def test_stratified_split_follows_its_seed():
    labels = np.repeat([0, 1], 50)
    first, same, other = (stratified_split(labels, val=10, test=20, seed=s) for s in (0, 0, 1))
    assert first == same
    assert first != other


@pytest.mark.parametrize(("length", "step"), [(4, 1), (4, 3), (10, 4), (1, 1)])
def test_windows_are_the_slices(length, step):
    signal = np.random.default_rng(0).standard_normal((2, 10))
    starts = [s for s in range(10) if s % step == 0 and s + length <= 10]
    naive = np.stack([signal[:, s : s + length] for s in starts]).astype(np.float32)
    np.testing.assert_array_equal(sliding_windows(signal, length, step), naive)


def test_a_signal_shorter_than_a_window_has_none():
    assert sliding_windows(np.zeros((3, 5)), length=6, step=1).shape == (0, 3, 6)
