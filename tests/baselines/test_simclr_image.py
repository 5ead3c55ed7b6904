import sys

import pytest
import torch

from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench_baselines import simclr_image
from vmbench_baselines.simclr_image import SimCLRImageMethod


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def make(context, keep):
    """The family with only the steps whose class name is in ``keep``."""
    views = SimCLRImageMethod().views(context)
    views.steps = tuple(step for step in views.steps if type(step).__name__ in keep)
    assert len(views.steps) == len(keep)
    return views


def test_missing_kornia_names_the_extra(make_context, monkeypatch):
    monkeypatch.setitem(sys.modules, "kornia.augmentation", None)
    with pytest.raises(UserError, match=r"kornia.*vmbench\[image\]"):
        SimCLRImageMethod().views(make_context(Grid(3, 8, 8)))


def test_recipe_in_order_and_no_colour_without_three_channels(make_context):
    def names(channels):
        views = SimCLRImageMethod().views(make_context(Grid(channels, 8, 8)))
        return [type(step).__name__ for step in views.steps]

    grey = ["RandomResizedCrop", "RandomHorizontalFlip", "ColorJitter", "RandomGaussianBlur"]
    assert names(1) == names(6) == grey
    assert names(3) == [*grey[:3], "RandomGrayscale", grey[3]]


def test_flip_is_half_of_the_time(make_context):
    context = make_context(Grid(3, 6, 5), (0.0, 1.0))
    views = make(context, {"RandomHorizontalFlip"})
    x = context.reference[:1].expand(400, -1, -1, -1)
    view = views(x, generator())
    flipped = torch.isclose(view, x.flip(3)).flatten(1).all(1)
    kept = torch.isclose(view, x).flatten(1).all(1)
    assert (flipped ^ kept).all()
    assert 0.4 < flipped.float().mean() < 0.6


def test_crop_shows_a_box_of_a_fifth_to_all_of_the_area(make_context):
    size = 40
    views = make(make_context(Grid(2, size, size), (0.0, 1.0)), {"RandomResizedCrop"})
    ramp = torch.linspace(0, 1, size)
    # Channel 0 says where a pixel is from left to right, channel 1 from top to bottom.
    x = torch.stack([ramp.expand(size, size), ramp[:, None].expand(size, size)]).expand(
        300, -1, -1, -1
    )
    view = views(x, generator())
    width = size * (view[:, 0, 0, -1] - view[:, 0, 0, 0])
    height = size * (view[:, 1, -1, 0] - view[:, 1, 0, 0])
    share = width * height / size**2
    # Crops are whole pixels and corners are pixel centres, hence the margins.
    assert share.min() > 0.2 - 0.05
    assert share.max() > 0.85
    assert (width / height).max() < 4 / 3 * 1.15
    assert (width / height).min() > 3 / 4 / 1.15
    # Straight ramps stay straight: the box is resized linearly.
    slope = view[:, 0].diff(dim=2)
    torch.testing.assert_close(slope, slope[..., :1].expand_as(slope), atol=1e-4, rtol=0)


@pytest.mark.parametrize("channels", [1, 6])
def test_jitter_without_colour_is_brightness_and_contrast(make_context, channels):
    context = make_context(Grid(channels, 7, 7), (0.0, 1.0))
    views = make(context, {"ColorJitter"})
    # Values in the middle, so that nothing is clipped: then the jitter is one line per example.
    x = (0.4 + 0.2 * context.reference[:1]).expand(300, -1, -1, -1)
    view = views(x, generator())
    slope = (view[:, 0, 0, 0] - view[:, 0, 1, 1]) / (x[:, 0, 0, 0] - x[:, 0, 1, 1])
    line = view[:, 0, 0, 0][:, None, None, None] + slope[:, None, None, None] * (
        x - x[:, :1, :1, :1]
    )
    torch.testing.assert_close(view, line, atol=1e-4, rtol=0)
    untouched = (view - x).abs().flatten(1).amax(1) < 1e-5
    assert 0.1 < untouched.float().mean() < 0.3
    assert slope.min() > 0.6**2 - 0.01
    assert slope.max() < 1.4**2 + 0.01


def test_grey_makes_the_channels_equal_a_fifth_of_the_time(make_context):
    context = make_context(Grid(3, 5, 5), (0.0, 1.0))
    views = make(context, {"RandomGrayscale"})
    view = views(context.reference[:1].expand(500, -1, -1, -1), generator())
    grey = torch.isclose(view, view[:, :1].expand_as(view)).flatten(1).all(1)
    assert 0.13 < grey.float().mean() < 0.27


def test_blur_is_a_gaussian(make_context):
    context = make_context(Grid(1, 15, 15), (0.0, 1.0))
    views = make(context, {"RandomGaussianBlur"})
    x = torch.zeros(200, 1, 15, 15)
    x[..., 7, 7] = 1.0
    view = views(x, generator())
    torch.testing.assert_close(view.sum((1, 2, 3)), torch.ones(200), atol=1e-4, rtol=0)
    blurred = view[:, 0, 7, 7] < 0.999
    assert 0.3 < blurred.float().mean() < 0.6  # sigmas below 0.2 pixels do not show
    offset = torch.arange(15.0) - 7
    for image in view[blurred][:, 0]:
        sigma = (-0.5 / torch.log(image[7, 8] / image[7, 7])).sqrt()
        kernel = torch.exp(-0.5 * (offset / sigma) ** 2) * (offset.abs() <= 4)
        kernel = kernel / kernel.sum()
        torch.testing.assert_close(image, kernel[:, None] * kernel, atol=1e-4, rtol=1e-2)


def test_unbounded_data_is_jittered_around_its_own_mean_and_sd(make_context):
    context = make_context(Grid(1, 9, 9))
    context.reference.mul_(10).add_(50)
    views = make(context, {"ColorJitter"})
    assert views.low == pytest.approx(50 - 30, abs=2)
    assert views.low + views.span == pytest.approx(50 + 30, abs=2)
    view = views(context.reference, generator())
    assert view.min() > views.low - 25
    assert 30 < view.mean() < 70


def test_borrowed_randomness_is_given_back_after_an_error():
    def fail():
        with simclr_image.global_randomness_from(generator()):
            torch.rand(3)
            raise RuntimeError("boom")

    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="boom"):
        fail()
    assert torch.equal(torch.get_rng_state(), before)
