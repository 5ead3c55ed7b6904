"""Families on raw windows, against naive loops."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vmbench.data.specs import Sequence
from vmbench_baselines import time_series
from vmbench_baselines.crop_jitter_scale import CropJitterScaleMethod, crop_positions
from vmbench_baselines.jitter_warp import MAX_SEGMENTS, permute_segments, warp_positions
from vmbench_baselines.time_series import jitter, read_at, scale

LENGTHS = st.integers(1, 150)
SEEDS = st.integers(0, 2**31)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=30, deadline=None)
@given(LENGTHS, SEEDS)
def test_permutation_moves_whole_segments_of_equal_length(length, seed):
    x = torch.arange(length).float().expand(6, 2, length)
    for view in permute_segments(x, generator(seed)):
        assert torch.equal(view[0], view[1])  # channels stay in step
        order = view[0].int().tolist()
        assert sorted(order) == list(range(length))
        starts = [0] + [i for i in range(1, length) if order[i] != order[i - 1] + 1]
        pieces = sorted(order[i] for i in starts)
        # Where the cuts are in the original: all of them are cuts into n equal segments.
        candidates = [{-(-k * length // n) for k in range(n)} for n in range(1, MAX_SEGMENTS + 1)]
        assert any(set(pieces) <= cuts for cuts in candidates)


def test_permutation_uses_one_to_five_segments():
    x = torch.arange(100.0).expand(300, 1, 100)
    jumps = (permute_segments(x, generator()).diff(dim=2) != 1).sum((1, 2))
    assert set(jumps.tolist()) == set(range(MAX_SEGMENTS))


@settings(max_examples=30, deadline=None)
@given(LENGTHS, SEEDS)
def test_warp_runs_forwards_from_end_to_end(length, seed):
    positions = warp_positions(5, length, generator(seed))
    assert positions.shape == (5, length)
    assert torch.equal(positions[:, 0], torch.zeros(5))
    torch.testing.assert_close(positions[:, -1], torch.full((5,), length - 1.0))
    assert (positions.diff(dim=1) > 0).all()


def test_warp_is_smooth_and_not_the_identity():
    positions = warp_positions(200, 101, generator())
    straight = torch.arange(101.0)
    assert (positions - straight).abs().amax(1).mean() > 2
    # Between knots, 20 samples apart, the speed changes by a factor of exp(0.2 * sqrt(2)) or so.
    speed = positions.diff(dim=1)
    assert (speed[:, 1:] / speed[:, :-1] - 1).abs().max() < 0.1


@settings(max_examples=30, deadline=None)
@given(LENGTHS, SEEDS)
def test_reading_is_linear_interpolation(length, seed):
    x = torch.randn(3, 2, length, generator=generator(seed))
    positions = (length - 1) * torch.rand(3, 7, generator=generator(seed + 1))
    out = read_at(x, positions)
    for b in range(3):
        for c in range(2):
            expected = np.interp(positions[b].numpy(), np.arange(length), x[b, c].numpy())
            np.testing.assert_allclose(out[b, c].numpy(), expected, rtol=1e-4, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(LENGTHS, SEEDS)
def test_crop_keeps_half_to_all_in_even_steps(length, seed):
    positions = crop_positions(8, length, generator(seed))
    last = length - 1
    assert positions.min() >= 0
    assert positions.max() <= last * (1 + 1e-6)
    span = positions[:, -1] - positions[:, 0]
    assert (span >= last * (0.5 - 1e-5)).all()
    torch.testing.assert_close(
        positions.diff(dim=1),
        (span / max(last, 1))[:, None].expand(8, last),
        atol=1e-4,
        rtol=1e-3,
    )


def test_jitter_and_scale_have_the_documented_strengths():
    x = torch.ones(4000, 2, 5)
    sd = torch.tensor([[1.0], [4.0]])
    noise = jitter(x, sd, generator(), 1.0) - x
    torch.testing.assert_close(noise.std((0, 2)), time_series.JITTER * sd[:, 0], rtol=0.03, atol=0)
    factors = scale(x, generator(), 1.0)
    assert torch.equal(factors, factors[..., :1].expand_as(factors))  # one per channel
    torch.testing.assert_close(
        factors[..., 0].std(0), torch.full((2,), time_series.SCALE), rtol=0.05, atol=0
    )


def test_crop_jitter_scale_without_jitter_and_scale_is_a_stretch(make_context, monkeypatch):
    monkeypatch.setattr(time_series, "JITTER", 0.0)
    monkeypatch.setattr(time_series, "SCALE", 0.0)
    x = torch.linspace(0, 1, 50).expand(20, 3, 50)
    view = CropJitterScaleMethod().views(make_context(Sequence(3, 50)))(x, generator())
    # A stretched piece of a straight line is a straight line, half as steep at the least.
    slope = view.diff(dim=2)
    torch.testing.assert_close(slope, slope[..., :1].expand_as(slope), atol=1e-5, rtol=1e-3)
    assert (slope[..., 0] * 49).min() >= 0.5 - 1e-4
    assert (slope[..., 0] * 49).max() <= 1 + 1e-4
