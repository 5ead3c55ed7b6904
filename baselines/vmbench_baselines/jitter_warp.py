"""Handcrafted views of raw sensor windows: permutation, time warp, scale and jitter.

Source: Um et al. 2017, arXiv 1706.00527. Two deviations. Its time warp integrates a spline through
speeds from N(1, 0.2^2), which may turn negative; here the logarithm of the speed is normal, so
time only runs forwards. And time is distorted alike in all channels, so that sensors stay in step.
"""

import torch
from torch import Generator, Tensor
from torch.nn import functional

from vmbench.views.base import ViewContext, ViewFamily
from vmbench_baselines.distortion import Distortion, DistortionMethod
from vmbench_baselines.draws import integers, normal, uniform
from vmbench_baselines.reference import channel_sd
from vmbench_baselines.time_series import jitter, read_at, scale

MAX_SEGMENTS = 5
KNOTS = 6  # speeds that the warp runs through: both ends and four between
WARP = 0.2  # sd of the logarithm of the speed


def permute_segments(x: Tensor, generator: Generator, most: int = MAX_SEGMENTS) -> Tensor:
    """Cut (B, C, T) into 1 to ``most`` segments of equal length (up to rounding), shuffle them."""
    batch, _, length = x.shape
    segments = 1 + integers(most, (batch, 1), generator)
    segment = torch.arange(length, device=x.device) * segments // length
    # Samples sorted by their segment's random key; a stable sort keeps the order within a segment.
    keys = uniform((batch, most), generator).gather(1, segment)
    order = keys.argsort(dim=1, stable=True)
    return x.gather(2, order[:, None].expand(x.shape))


def warp_positions(batch: int, length: int, generator: Generator, warp: float = WARP) -> Tensor:
    """Smooth increasing curves (batch, length) from 0 to length - 1: where to read the window."""
    knots = warp * normal((batch, 1, KNOTS), generator)
    log_speed = functional.interpolate(knots, size=length, mode="linear", align_corners=True)
    way = functional.pad(log_speed[:, 0, 1:].exp().cumsum(dim=1), (1, 0))
    # A window of one sample has nowhere to go; the bound below keeps it from dividing by zero.
    return way * ((length - 1) / way[:, -1:].clamp(min=1e-6))


class JitterWarp(Distortion):
    """Permutation, time warp, per-channel scale and jitter, in this order, on every example."""

    def __init__(self, context: ViewContext, strength: float = 1.0) -> None:
        super().__init__(context, strength)
        self.register_buffer("sd", channel_sd(context), persistent=False)
        self.sd: Tensor

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """(B, C, T) -> (B, C, T)."""
        strength = self.strength
        view = permute_segments(x, generator, 1 + round(strength * (MAX_SEGMENTS - 1)))
        view = read_at(view, warp_positions(len(x), x.shape[2], generator, strength * WARP))
        return jitter(scale(view, generator, strength), self.sd, generator, strength)


class JitterWarpMethod(DistortionMethod):
    """Raw sensor windows' handcrafted views."""

    name = "jitter-warp"
    summary = "handcrafted views of raw windows: permuted segments, time warp, scale, jitter"
    kind = "handcrafted"
    specs = ("sequence",)
    paper = "Um et al. 2017, arXiv 1706.00527"

    def views(self, context: ViewContext) -> ViewFamily:
        """Distortions with jitter in proportion to ``context``'s data."""
        return JitterWarp(context, self.settings.strength)
