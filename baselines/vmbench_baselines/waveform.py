"""Handcrafted views of waveforms, which act before any spectrogram is made.

Source: Tamkin et al. 2021 (arXiv 2010.07432) and its released code: a random crop that stays at its
place, with silence elsewhere, and white noise; a variant changes loudness and pitch as well. Three
deviations. The order is fixed (there it is random), so that noise is never cropped. There the
noise has an sd of 1/sqrt(T) of full scale; here it follows the data's sd, as jitter does. There a
phase vocoder shifts the pitch by whole semitones; here two crossfaded delay lines, by any fraction.
"""

import math

import torch
from torch import Generator, Tensor

from vmbench.views.base import ViewContext, ViewFamily
from vmbench_baselines.distortion import Distortion, DistortionMethod
from vmbench_baselines.draws import uniform
from vmbench_baselines.masks import random_stretch
from vmbench_baselines.reference import channel_sd, mean_value
from vmbench_baselines.time_series import jitter, read_at

SHORTEST = 0.08  # share of the clip that a crop keeps at least
LOUDNESS = (0.5, 2.0)  # factor on the amplitude
SEMITONES = 10.0  # the pitch moves by up to so many, up or down
GRAIN = 512  # samples between the crossfades of the pitch shift: 32 ms at 16 kHz


def shift_pitch(x: Tensor, ratio: Tensor) -> Tensor:
    """``x`` (B, C, T) with all frequencies multiplied by ``ratio`` (B,) and its length kept.

    Two delay lines read the clip at ``ratio`` times its speed, each from a new grain on every
    ``GRAIN`` samples; one is faded in while the other is faded out (Dattorro 1997, Effect Design
    part 2). A pure tone comes out within half the grain rate (16 Hz at 16 kHz) of its place.
    """
    length = x.shape[2]
    grain = min(GRAIN, length)
    time = torch.arange(length, device=x.device)
    into = (time % grain).float()
    start = time - into
    fade = torch.sin(math.pi / 2 * into / grain).square()
    earlier = read_at(x, start + ratio[:, None] * into)
    later = read_at(x, start + grain + ratio[:, None] * (into - grain))
    return torch.lerp(earlier, later, fade)


class Waveform(Distortion):
    """Pitch and loudness (optional), then a crop in silence, then white noise.

    Args:
        context: of a Sequence; silence is its mean value, and its sd scales the noise.
        strength: scales all four.
        pitch_and_loudness: whether to change these two.
    """

    def __init__(
        self, context: ViewContext, strength: float = 1.0, *, pitch_and_loudness: bool
    ) -> None:
        super().__init__(context, strength)
        self.pitch_and_loudness = pitch_and_loudness
        self.register_buffer("silence", mean_value(context), persistent=False)
        self.register_buffer("sd", channel_sd(context), persistent=False)
        self.silence: Tensor
        self.sd: Tensor

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """(B, C, T) -> (B, C, T); all channels of an example alike, but for the noise."""
        batch, _, length = x.shape
        if self.pitch_and_loudness:
            semitones = self.strength * uniform((batch,), generator, -SEMITONES, SEMITONES)
            x = shift_pitch(x, 2 ** (semitones / 12))
            quietest, loudest = (factor**self.strength for factor in LOUDNESS)
            gain = uniform((batch, 1, 1), generator, quietest, loudest)
            x = self.silence + (x - self.silence) * gain
        shortest = max(0.0, 1 - self.strength * (1 - SHORTEST))
        kept = random_stretch(batch, length, shortest, generator)
        return jitter(x.where(kept[:, None], self.silence), self.sd, generator, self.strength)


class WaveformMethod(DistortionMethod):
    """Speech waveforms' handcrafted views: crop and noise."""

    name = "waveform"
    summary = "handcrafted waveform views: a crop in silence, white noise"
    kind = "handcrafted"
    specs = ("sequence",)
    paper = "Tamkin et al. 2021, arXiv 2010.07432"

    def views(self, context: ViewContext) -> ViewFamily:
        """Crops and noise for ``context``'s clips."""
        return Waveform(context, self.settings.strength, pitch_and_loudness=False)


class WaveformPitchLoudness(DistortionMethod):
    """The published variant: pitch and loudness change as well."""

    name = "waveform-pitch-loudness"
    summary = "waveform, with pitch and loudness changed before"
    kind = "handcrafted"
    specs = ("sequence",)
    paper = "Tamkin et al. 2021, arXiv 2010.07432"

    def views(self, context: ViewContext) -> ViewFamily:
        """All four distortions for ``context``'s clips."""
        return Waveform(context, self.settings.strength, pitch_and_loudness=True)
