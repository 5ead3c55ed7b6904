import pytest
import torch

from vmbench.data.specs import Grid
from vmbench_baselines.specaugment import SpecAugment, Spectral, SpectralNoise


def bands(flags):
    """Lengths of the runs of True in a list of bools."""
    runs = "".join("1" if flag else " " for flag in flags).split()
    return [len(run) for run in runs]


@pytest.mark.parametrize(
    ("spec", "limits"),
    [(Grid(1, 64, 64), (40, 40)), (Grid(2, 32, 32), (20, 20)), (Grid(2, 17, 23), (11, 14))],
)
def test_masks_are_one_band_of_rows_and_one_of_columns(make_context, spec, limits):
    views = Spectral().views(make_context(spec))
    x = torch.ones(400, *spec.shape)
    widest = [0, 0]
    narrowest = [99, 99]
    for view in views(x, torch.Generator().manual_seed(3)):
        assert torch.equal(view, view[:1].expand_as(view))  # shared over channels
        zero = view[0] == 0
        rows, columns = zero.all(1), zero.all(0)
        assert torch.equal(zero, rows[:, None] | columns[None, :])
        for axis, lines in enumerate((rows, columns)):
            runs = bands(lines)
            assert len(runs) <= 1
            width = sum(runs)
            widest[axis] = max(widest[axis], width)
            narrowest[axis] = min(narrowest[axis], width)
    assert tuple(widest) == limits
    assert narrowest == [0, 0]


def test_every_bin_is_masked_sometimes(make_context):
    views = Spectral().views(make_context(Grid(1, 16, 16)))
    hidden = views(torch.ones(500, 1, 16, 16), torch.Generator().manual_seed(0)) == 0
    assert hidden.any(0).all()


def test_unnormalised_data_is_masked_by_its_channel_mean(make_context):
    context = make_context(Grid(2, 8, 8), (0.0, 1.0))
    context.reference[:, 0] = 0.25
    view = Spectral().views(context)(torch.ones(50, 2, 8, 8), torch.Generator())
    assert view[:, 0].unique().tolist() == [0.25, 1.0]
    assert view[:, 1].min().item() == pytest.approx(context.reference[:, 1].mean().item())


@pytest.mark.parametrize("method", [SpecAugment, SpectralNoise])
def test_noise_follows_the_sd_of_its_channel(make_context, method):
    context = make_context(Grid(2, 20, 20))
    context.reference[:, 1] *= 3
    x = torch.full((300, 2, 20, 20), 9.0)
    noisy = method().views(context)(x, torch.Generator().manual_seed(0))
    masked = Spectral().views(context)(x, torch.Generator().manual_seed(0))
    sd = (noisy - masked).std((0, 2, 3))
    noise = method().settings.noise
    assert noise == 0.25
    torch.testing.assert_close(sd, noise * context.reference.std((0, 2, 3)), rtol=0.02, atol=0)


def test_specaugment_and_spectral_noise_are_one_distortion(make_context):
    for spec in (Grid(1, 64, 64), Grid(6, 32, 32)):
        context = make_context(spec)
        views = [
            method().views(context)(context.reference, torch.Generator().manual_seed(5))
            for method in (SpecAugment, SpectralNoise)
        ]
        assert torch.equal(*views)


def test_the_widest_mask_and_the_noise_are_settings(make_context):
    context = make_context(Grid(1, 20, 20))
    x = torch.ones(400, 1, 20, 20)
    own = SpecAugment.settings_class(mask_share=0.25, noise=0.0)
    view = SpecAugment(own).views(context)(x, torch.Generator().manual_seed(0))
    hidden = (view != 1)[:, 0]
    rows = hidden.all(2).sum(1)
    assert rows.max() == 5  # of 20, a quarter
    assert set(rows.tolist()) == set(range(6))
