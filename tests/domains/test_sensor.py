"""Watch: spectrograms against a naive oracle; windows and subjects against the package's."""

import cmath
import math

import numpy as np
import pytest
from seglearn.datasets import load_watch

from vmbench.data.specs import Grid, Sequence
from vmbench_domains.sensor.spectrogram import frames, log_spectrogram
from vmbench_domains.sensor.watch import STEP, WINDOW


def test_spectrogram_is_the_naive_one():
    window = np.random.default_rng(0).standard_normal((1, 2, 96)).astype(np.float32)
    found = log_spectrogram(window, hop=32)
    assert found.shape == (1, 2, 32, frames(96, hop=32)) == (1, 2, 32, 3)
    for channel, frame, k in [(0, 0, 0), (0, 1, 5), (1, 2, 31), (1, 1, 12)]:
        padded = np.pad(window[0, channel].astype(float), 31, mode="reflect")
        total = 0j
        for n in range(63):
            hann = 0.5 - 0.5 * math.cos(2 * math.pi * n / 63)
            total += padded[32 * frame + n] * hann * cmath.exp(-2j * math.pi * k * n / 63)
        expected = math.log(abs(total) ** 2 + 1e-6)
        assert found[0, channel, k, frame] == pytest.approx(expected, abs=1e-3)


def test_a_vibration_is_loudest_at_its_frequency():
    time = np.arange(250) / 50
    window = np.sin(2 * np.pi * 10 * time).astype(np.float32)[None, None]
    loudest = log_spectrogram(window, hop=8)[0, 0].argmax(0)
    # 10 Hz of 50 / 63 Hz per bin; the mirrored ends bend the wave.
    assert set(loudest[4:-4].tolist()) <= {12, 13}


def test_specs(collect):
    assert collect("watch").dataset.spec == Grid(6, 32, 32)
    assert collect("watch-raw").dataset.spec == Sequence(6, 250)


def test_windows_and_labels_are_the_recordings(collect):
    watch = load_watch()
    data = collect("watch-raw")
    names = data.dataset.tasks[0].classes
    subjects = []
    position = 0
    for signal, exercise, subject in zip(watch["X"], watch["y"], watch["subject"], strict=True):
        count = (len(signal) - WINDOW) // STEP + 1
        last = signal[(count - 1) * STEP :][:WINDOW].T
        np.testing.assert_allclose(data.x[position], signal[:WINDOW].T, rtol=1e-6)
        np.testing.assert_allclose(data.x[position + count - 1], last, rtol=1e-6)
        labels = data.labels["exercise"][position : position + count]
        assert {names[label] for label in labels} == {watch["y_labels"][exercise]}
        subjects += [subject] * count
        position += count
    assert position == len(data.x) == 4257

    splits = data.splits["exercise"]
    sides = {side: set(np.array(subjects)[splits == side]) for side in ("train", "val", "test")}
    assert {side: len(found) for side, found in sides.items()} == {"train": 5, "val": 2, "test": 3}
    assert len(set.union(*sides.values())) == 10


def test_both_datasets_are_the_same_windows(collect):
    grid, raw = collect("watch"), collect("watch-raw")
    np.testing.assert_array_equal(grid.labels["exercise"], raw.labels["exercise"])
    np.testing.assert_array_equal(grid.splits["exercise"], raw.splits["exercise"])
    np.testing.assert_allclose(grid.x[::500], log_spectrogram(raw.x[::500], hop=8), atol=1e-5)
