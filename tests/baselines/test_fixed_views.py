"""The fixed families: Gaussian noise, randomized quantization, cutout."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vmbench.data.specs import Grid, Sequence, Vector
from vmbench_baselines.cutout import CutoutMethod
from vmbench_baselines.gaussian_noise import STRENGTH, GaussianNoiseMethod
from vmbench_baselines.randomized_quantization import BINS, RandomizedQuantizationMethod


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("spec", [Grid(2, 9, 7), Sequence(2, 40), Vector(2)], ids=str)
def test_noise_is_a_share_of_each_channels_sd(make_context, spec):
    context = make_context(spec, count=2000)
    context.reference[:, 1] *= 5
    x = context.reference
    noise = GaussianNoiseMethod().views(context)(x, generator()) - x
    for channel in range(2):
        ratio = noise[:, channel].std() / x[:, channel].std()
        assert ratio.item() == pytest.approx(STRENGTH, rel=0.05)


def test_a_feature_that_never_varies_gets_no_noise(make_context):
    context = make_context(Vector(3))
    context.reference[:, 1] = 7
    view = GaussianNoiseMethod().views(context)(context.reference, generator())
    assert (view[:, 1] == 7).all()


@settings(max_examples=30, deadline=None)
@given(
    spec=st.sampled_from([Grid(2, 5, 6), Sequence(3, 31), Vector(27), Vector(2)]),
    seed=st.integers(0, 2**31),
)
def test_quantization_maps_intervals_to_one_of_their_values(make_context, spec, seed):
    context = make_context(spec, count=4, seed=seed)
    x = context.reference
    view = RandomizedQuantizationMethod().views(context)(x, generator(seed))
    channels = len(x) * (1 if x.dim() == 2 else x.shape[1])
    for values, outputs in zip(x.view(channels, -1), view.view(channels, -1), strict=True):
        # Naively: sort the values; outputs may only rise, there are at most 8 of them, and
        # each lies between the neighbours of the run of values that share it.
        order = values.argsort()
        values, outputs = values[order].tolist(), outputs[order].tolist()
        assert outputs == sorted(outputs)
        levels = sorted(set(outputs))
        assert len(levels) <= 8
        for level in levels:
            run = [i for i, output in enumerate(outputs) if output == level]
            below = values[run[0] - 1] if run[0] else values[0]
            above = values[run[-1] + 1] if run[-1] + 1 < len(values) else values[-1]
            assert below - 1e-6 <= level <= above + 1e-6


def test_quantization_uses_all_eight_bins(make_context):
    views = RandomizedQuantizationMethod().views(make_context(Sequence(1, 1000)))
    view = views(torch.linspace(0, 1, 1000).expand(50, 1, 1000), generator())
    assert max(len(row.unique()) for row in view) == 8


def test_quantization_draws_uniform_edges_and_values(make_context):
    """Mean and sd of the output at each input, against a naive loop."""
    x = torch.linspace(0, 1, 21)
    views = RandomizedQuantizationMethod().views(make_context(Sequence(1, 21)))
    view = views(x.expand(4000, 1, 21), generator())[:, 0]
    source = generator(1)
    naive = []
    for _ in range(1500):
        edges = [0.0, *sorted(torch.rand(BINS - 1, generator=source).tolist()), 1.0]
        levels = [
            low + (high - low) * u
            for low, high, u in zip(
                edges[:-1], edges[1:], torch.rand(BINS, generator=source).tolist(), strict=True
            )
        ]
        bins = [max(i for i in range(BINS) if edges[i] <= value) for value in x.tolist()]
        naive.append([levels[i] for i in bins])
    expected = torch.tensor(naive)
    torch.testing.assert_close(view.mean(0), expected.mean(0), atol=0.015, rtol=0)
    torch.testing.assert_close(view.std(0), expected.std(0), atol=0.015, rtol=0)


def test_cutout_hides_one_box_cut_off_at_the_border(make_context):
    views = CutoutMethod().views(make_context(Grid(2, 32, 20)))
    hidden = views(torch.ones(500, 2, 32, 20), generator()) == 0
    assert torch.equal(hidden[:, 0], hidden[:, 1])
    assert hidden.any(0).all()
    full = 0
    for box in hidden[:, 0]:
        rows, columns = box.any(1).nonzero(), box.any(0).nonzero()
        height = int(rows.max() - rows.min()) + 1
        width = int(columns.max() - columns.min()) + 1
        assert box.sum() == height * width
        assert height <= 16
        assert width <= 10
        full += (height, width) == (16, 10)
    # The centre leaves the whole box inside for about half of each axis.
    assert 0.15 < full / 500 < 0.4


def test_cutout_hides_a_segment_or_a_set_of_features(make_context):
    views = CutoutMethod().views(make_context(Sequence(3, 40)))
    hidden = views(torch.ones(100, 3, 40), generator()) == 0
    assert torch.equal(hidden, hidden[:, :1].expand_as(hidden))
    assert hidden.sum(2).max() == 10
    assert (hidden[:, 0].int().diff(dim=1).abs().sum(1) <= 2).all()
    views = CutoutMethod().views(make_context(Vector(27)))
    hidden = views(torch.ones(100, 27), generator()) == 0
    assert (hidden.sum(1) == 7).all()
    views = CutoutMethod().views(make_context(Vector(1)))
    assert (views(torch.ones(10, 1), generator()) == 1).all()


def test_cutout_fills_bounded_data_with_the_mean_of_each_channel(make_context):
    context = make_context(Grid(3, 6, 6), (0.0, 1.0))
    view = CutoutMethod().views(context)(torch.ones(20, 3, 6, 6), generator())
    for channel in range(3):
        fill = view[:, channel].min().item()
        assert fill == pytest.approx(context.reference[:, channel].mean().item())
