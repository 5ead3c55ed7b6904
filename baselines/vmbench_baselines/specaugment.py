"""Masks over the frequencies and the times of a spectrogram, with or without noise.

Height is frequency and width is time. Source of the masks: SpecAugment (Park et al. 2019, section
2, without its time warping); of their sizes and of the noise: Tamkin et al. 2021, which hides up
to 40 of 64 bins of a speech spectrogram and up to 20 of 32 of a sensor's, so both are one rule.
A mask fills with what the dataset says a bin without power holds, its ``silence``: as published,
where speech is masked before decibels are taken. (There a masked peak also lowers the floor of the
other bins; here they keep theirs.) Where it says nothing, as of sensors, a mask fills with the
mean, which SpecAugment, section 2, and the published sensor views do. The noise comes after.

That makes ``specaugment`` and ``spectral-noise`` one distortion under the two names that the
literature has for it: on speech masks and noise always go together, on sensors the plain masks
(``spectral``) are the published baseline and the noise a variant.
"""

import torch
from pydantic import Field
from torch import Generator, Tensor

from vmbench.views.base import ViewContext, ViewFamily
from vmbench_baselines.distortion import Distortion, DistortionMethod, DistortionSettings
from vmbench_baselines.draws import normal
from vmbench_baselines.masks import random_band
from vmbench_baselines.reference import channel_sd, mean_value

MASKED = 40 / 64  # share of an axis that the widest mask hides


class SpectralSettings(DistortionSettings):
    """Of the masks."""

    mask_share: float = Field(
        MASKED, gt=0, le=1, description="Share of an axis that the widest mask hides."
    )


class SpectralNoiseSettings(SpectralSettings):
    """Of masks and noise."""

    noise: float = Field(0.25, ge=0, description="Standard deviation of the noise, in the data's.")


def mask_limit(size: int, strength: float = 1.0, share: float = MASKED) -> int:
    """The widest mask over ``size`` bins: ``share`` of them, but never the whole axis.

    >>> [mask_limit(size) for size in (64, 32, 17, 1)]
    [40, 20, 11, 0]
    """
    return min(size - 1, round(strength * size * share))


class SpectralViews(Distortion):
    """One frequency mask and one time mask, shared over channels, then white noise.

    Args:
        context: of a Grid; masked bins take its silence, or else its mean value, and its sd
            scales the noise.
        noise: sd of the noise in each channel's sd; 0 for none.
        strength: scales masks and noise.
        mask_share: of an axis, that the widest mask hides.
    """

    def __init__(
        self,
        context: ViewContext,
        noise: float,
        strength: float = 1.0,
        mask_share: float = MASKED,
    ) -> None:
        super().__init__(context, strength)
        self.noise, self.mask_share = noise, mask_share
        level, below_peak = context.silence or (mean_value(context), torch.tensor(torch.inf))
        self.register_buffer("level", level, persistent=False)
        self.register_buffer("below_peak", below_peak, persistent=False)
        self.register_buffer("sd", channel_sd(context), persistent=False)
        self.level: Tensor
        self.below_peak: Tensor
        self.sd: Tensor

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        batch, _, height, width = x.shape
        tallest, widest = (mask_limit(n, self.strength, self.mask_share) for n in (height, width))
        frequencies = random_band(batch, height, tallest, generator)
        times = random_band(batch, width, widest, generator)
        masked = frequencies[:, None, :, None] | times[:, None, None, :]
        loudest = x.masked_fill(masked, -torch.inf).amax((2, 3), keepdim=True)
        view = x.where(~masked, torch.maximum(self.level, loudest - self.below_peak))
        if self.noise:
            view = view + self.strength * self.noise * self.sd * normal(tuple(x.shape), generator)
        return view


class SpecAugment(DistortionMethod):
    """Speech spectrograms' handcrafted views: masks, then noise."""

    name = "specaugment"
    summary = "handcrafted speech spectrogram views: a frequency and a time mask, then noise"
    kind = "handcrafted"
    specs = ("grid",)
    paper = "Park et al. 2019, arXiv 1904.08779"
    settings_class = SpectralNoiseSettings
    settings: SpectralNoiseSettings

    def views(self, context: ViewContext) -> ViewFamily:
        """Masks and noise for ``context``'s spectrograms."""
        own = self.settings
        return SpectralViews(context, own.noise, own.strength, own.mask_share)


class Spectral(DistortionMethod):
    """Sensor spectrograms' handcrafted views: masks alone."""

    name = "spectral"
    summary = "handcrafted sensor spectrogram views: a frequency and a time mask"
    kind = "handcrafted"
    specs = ("grid",)
    paper = "Tamkin et al. 2021, arXiv 2010.07432"
    settings_class = SpectralSettings
    settings: SpectralSettings

    def views(self, context: ViewContext) -> ViewFamily:
        """Masks for ``context``'s spectrograms."""
        own = self.settings
        return SpectralViews(context, 0.0, own.strength, own.mask_share)


class SpectralNoise(DistortionMethod):
    """The published variant of the sensor views: masks, then noise, as ``specaugment`` does."""

    name = "spectral-noise"
    summary = "spectral, then noise: what specaugment is on speech"
    kind = "handcrafted"
    specs = ("grid",)
    paper = "Tamkin et al. 2021, arXiv 2010.07432"
    settings_class = SpectralNoiseSettings
    settings: SpectralNoiseSettings

    def views(self, context: ViewContext) -> ViewFamily:
        """Masks and noise for ``context``'s spectrograms."""
        own = self.settings
        return SpectralViews(context, own.noise, own.strength, own.mask_share)
