"""Every corruption on every spec: its severities, its draws, and what it is said to do."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from vmbench.data.specs import Grid, Sequence, Vector
from vmbench.evaluation.corruptions import SEVERITIES, Clean, corruptions
from vmbench.views.base import ViewContext

SPECS = [
    Grid(3, 32, 24),
    Grid(1, 12, 10),
    Grid(2, 5, 1),
    Sequence(4, 60),
    Sequence(1, 9),
    Vector(9),
]
CASES = [(spec, c) for spec in SPECS for c in corruptions(spec)]
IDS = [f"{spec}-{c.name}" for spec, c in CASES]


def smooth(spec, n=200, seed=0):
    """Random walks: like real signals, near bins are alike, so that a shift is felt gradually."""
    x = torch.randn(n, *spec.shape, generator=torch.Generator().manual_seed(seed))
    for axis in range(2, x.dim()):
        x = x.cumsum(axis)
    return x / x.std() * torch.linspace(1, 3, spec.channels_in).view(-1, *[1] * (x.dim() - 2)) + 2


def clean_of(spec, value_range=None):
    return Clean.of(ViewContext(spec, value_range, smooth(spec)))


def corrupt(corruption, x, severity, clean, seed=3):
    return corruption(x, severity, clean, torch.Generator().manual_seed(seed))


def named(spec, name):
    return next(c for c in corruptions(spec) if c.name == name)


@pytest.mark.parametrize(("spec", "corruption"), CASES, ids=IDS)
def test_a_corruption_grows_with_severity_and_repeats_by_seed(spec, corruption):
    x, clean = smooth(spec, seed=1), clean_of(spec)
    before = x.clone()
    distances = []
    for severity in SEVERITIES:
        y = corrupt(corruption, x, severity, clean)
        assert (y.shape, y.dtype) == (x.shape, x.dtype)
        assert torch.isfinite(y).all()
        assert torch.equal(y, corrupt(corruption, x, severity, clean))
        distances.append((y - x).square().mean().item())
    assert torch.equal(x, before)
    assert all(weak < strong for weak, strong in pairwise([0, *distances])), distances


@pytest.mark.parametrize(("spec", "corruption"), CASES, ids=IDS)
def test_a_corrupted_input_stays_in_the_value_range(spec, corruption):
    x = smooth(spec).clamp(0, 1)
    for severity in SEVERITIES:
        y = corrupt(corruption, x, severity, clean_of(spec, (0.0, 1.0)))
        assert 0 <= y.min() <= y.max() <= 1


def test_severities_are_one_to_five():
    for severity in (0, 6):
        with pytest.raises(ValueError, match="1 to 5"):
            corrupt(
                named(Vector(9), "quantization"), torch.zeros(2, 9), severity, clean_of(Vector(9))
            )


def test_one_channel_is_never_dropped_whole():
    assert "channel_dropout" not in [c.name for c in corruptions(Grid(1, 8, 8))]
    spec = Sequence(2, 9)
    x, clean = smooth(spec), clean_of(spec)
    gone = (corrupt(named(spec, "channel_dropout"), x, 5, clean) == clean.mean).all(2)
    assert gone.sum(1).tolist() == [1] * len(x)
    assert gone.any(0).all()  # not the same one in every example


def test_noise_is_in_each_channels_sd():
    spec = Sequence(3, 500)
    x, clean = smooth(spec), clean_of(spec)
    noise = corrupt(named(spec, "gaussian_noise"), x, 3, clean) - x
    torch.testing.assert_close(noise.std((0, 2)), 0.32 * clean.sd.flatten(), rtol=0.02, atol=0)


def test_a_grid_has_the_severities_of_cifar_10_c():
    """Constants of its released code; its pixels are in 0..1 and have an sd of 0.25."""
    spec = Grid(3, 32, 32)
    x = smooth(spec, n=20)
    clean = Clean(torch.tensor(0.5), torch.tensor(0.25), None)
    pixels = 0.5 + 0.25 * (x - x.mean()) / x.std()
    for severity, (sd, sigma, kept) in enumerate(
        [(0.04, 0.4, 0.75), (0.06, 0.6, 0.5), (0.08, 0.7, 0.4), (0.09, 0.8, 0.3), (0.1, 1, 0.15)], 1
    ):
        noise = corrupt(named(spec, "gaussian_noise"), pixels, severity, clean) - pixels
        assert noise.std().item() == pytest.approx(sd, rel=0.02)
        blurred = corrupt(named(spec, "blur"), pixels, severity, clean)
        radius = int(np.ceil(3 * sigma))
        expected = gaussian_filter(
            pixels.double().numpy(),
            (0, 0, sigma, sigma),
            mode="nearest",
            radius=(0, 0, radius, radius),
        )
        np.testing.assert_allclose(blurred.numpy(), expected, atol=1e-5)
        low = corrupt(named(spec, "contrast"), pixels, severity, clean)
        means = pixels.mean((2, 3), keepdim=True)
        torch.testing.assert_close(low, means + kept * (pixels - means))


def test_a_size_that_is_no_whole_number_is_met_on_average():
    """Of 7 channels 10% is 0.7: one goes in 7 of 10 examples."""
    spec = Sequence(7, 30)
    x, clean = smooth(spec, n=2000), clean_of(spec)
    for severity, share in zip(SEVERITIES, (0.1, 0.2, 0.3, 0.4, 0.5), strict=True):
        gone = (corrupt(named(spec, "channel_dropout"), x, severity, clean) == clean.mean).all(2)
        assert gone.float().mean().item() == pytest.approx(share, abs=0.005)
        assert set(gone.sum(1).tolist()) == {int(7 * share), int(7 * share) + 1}


@pytest.mark.parametrize(("spec", "name", "share"), [
    (Grid(2, 40, 50), "occlusion", 0.3),
    (Grid(2, 40, 50), "row_dropout", 0.3),
    (Grid(2, 40, 50), "column_dropout", 0.3),
    (Sequence(3, 50), "segment_dropout", 0.3),
    (Vector(10), "feature_dropout", 0.3),
])  # fmt: skip
def test_what_is_dropped_has_the_stated_size_and_becomes_the_mean(spec, name, share):
    x, clean = smooth(spec), clean_of(spec)
    y = corrupt(named(spec, name), x, 3, clean)
    changed = (y != x).flatten(1).float().mean(1)
    np.testing.assert_allclose(changed, share, atol=0.02)
    assert torch.equal(y, torch.where(y != x, clean.mean.expand_as(x), x))
    assert len(torch.unique((y != x).flatten(1), dim=0)) > 5  # its place is random


def test_low_pass_equals_scipys_gaussian_filter():
    spec = Sequence(2, 100)
    x = smooth(spec)
    y = corrupt(named(spec, "low_pass"), x, 4, clean_of(spec))
    expected = gaussian_filter1d(x.double().numpy(), 1.6, axis=2, mode="nearest", radius=5)
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-4)
    grid = Grid(1, 20, 40)
    x = smooth(grid)
    y = corrupt(named(grid, "blur"), x, 5, clean_of(grid))
    # An axis of 20 bins counts as 32.
    expected = gaussian_filter1d(x.double().numpy(), 1.0, axis=2, mode="nearest", radius=3)
    expected = gaussian_filter1d(expected, 1.25, axis=3, mode="nearest", radius=4)
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-3)


def test_a_shift_moves_every_example_one_way_and_repeats_the_edge():
    spec = Sequence(2, 600)  # counts as 400, of which 5 are 1.25%
    x = smooth(spec)
    y = corrupt(named(spec, "time_shift"), x, 5, clean_of(spec))
    right = torch.cat([x[..., :1].expand(-1, -1, 5), x[..., :-5]], 2)
    left = torch.cat([x[..., 5:], x[..., -1:].expand(-1, -1, 5)], 2)
    moved = [(y == side).flatten(1).all(1) for side in (left, right)]
    assert (moved[0] ^ moved[1]).all()
    assert 0.3 < moved[0].float().mean() < 0.7


def test_contrast_gain_and_quantization_by_hand():
    grid = Grid(2, 6, 6)
    x = smooth(grid)
    y = corrupt(named(grid, "contrast"), x, 2, clean_of(grid))
    centre = x.mean((2, 3), keepdim=True)
    torch.testing.assert_close(y - centre, 0.5 * (x - centre))
    sequence = Sequence(2, 9)
    x, clean = smooth(sequence), clean_of(sequence)
    y = corrupt(named(sequence, "gain"), x, 5, clean)
    ratio = ((y - clean.mean) / (x - clean.mean)).flatten(1)
    assert set(ratio.mean(1).mul(1000).round().tolist()) == {500, 2000}
    vector = Vector(3)
    clean = Clean(torch.tensor([[1.0, 0, 0]]), torch.tensor([[2.0, 1, 0]]), None)
    y = corrupt(named(vector, "quantization"), torch.tensor([[2.2, 0.6, 0.3]]), 3, clean)
    torch.testing.assert_close(y, torch.tensor([[3.22, 1.11, 0.3]]))
