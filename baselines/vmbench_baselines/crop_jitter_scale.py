"""Handcrafted views of signals such as ECG: a random crop at full length, scale and jitter.

The random resized crop of ECGs follows Mehari and Strodthoff 2022 (arXiv 2103.12676); scale and
jitter are those of Um et al. 2017.
"""

import torch
from torch import Generator, Tensor

from vmbench.views.base import ViewContext, ViewFamily
from vmbench_baselines.distortion import Distortion, DistortionMethod
from vmbench_baselines.draws import uniform
from vmbench_baselines.reference import channel_sd
from vmbench_baselines.time_series import jitter, read_at, scale

SHORTEST = 0.5  # share of the length
LEAST = 0.05  # however strong the crop


def crop_positions(
    batch: int, length: int, generator: Generator, shortest: float = SHORTEST
) -> Tensor:
    """Where to read (batch, length) samples, evenly spread over a part of ``shortest`` to all."""
    last = length - 1
    span = last * uniform((batch, 1), generator, shortest, 1.0)
    start = (last - span) * uniform((batch, 1), generator)
    return start + span * torch.linspace(0, 1, length, device=generator.device)


class CropJitterScale(Distortion):
    """Random crop resized back by linear interpolation, per-channel scale, jitter."""

    def __init__(self, context: ViewContext, strength: float = 1.0) -> None:
        super().__init__(context, strength)
        self.register_buffer("sd", channel_sd(context), persistent=False)
        self.sd: Tensor

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """(B, C, T) -> (B, C, T)."""
        strength = self.strength
        shortest = max(LEAST, 1 - strength * (1 - SHORTEST))
        view = read_at(x, crop_positions(len(x), x.shape[2], generator, shortest))
        return jitter(scale(view, generator, strength), self.sd, generator, strength)


class CropJitterScaleMethod(DistortionMethod):
    """Waveforms' and ECGs' handcrafted views."""

    name = "crop-jitter-scale"
    summary = "handcrafted views of signals: resized crop, scale, jitter"
    kind = "handcrafted"
    specs = ("sequence",)
    paper = "Mehari and Strodthoff 2022, arXiv 2103.12676"

    def views(self, context: ViewContext) -> ViewFamily:
        """Distortions with jitter in proportion to ``context``'s data."""
        return CropJitterScale(context, self.settings.strength)
