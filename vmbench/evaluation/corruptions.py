"""Named corruptions of test inputs at five severities, per kind of spec.

After CIFAR-10-C (Hendrycks and Dietterich 2019, arXiv 1903.12261, released code), which is made of
photographs of 32 x 32 pixels; these are defined for any Grid, Sequence or Vector, in units of the
training data: noise in each channel's standard deviation, sizes as a share of an axis, and what is
dropped takes the channel's training mean. A corrupted input stays in the dataset's value range.

Noise, blur and contrast of a Grid have the severities of CIFAR-10-C: noise of 0.04 to 0.10 on
pixels with an sd of 0.25, blur of 0.4 to 1 pixels of 32, contrast of 0.75 down to 0.15. The other
corruptions have no counterpart there; what bounds each is said beside its severities.

All randomness is per example and comes from a generator on the CPU. How much is drawn does not
depend on the severity, so that with equal generators severities differ in strength alone. A size in
bins that is no whole number is rounded up as often as its fraction says, so that on few bins, too,
each severity is stronger than the one before.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Generator, Tensor
from torch.nn import functional

from vmbench.data.specs import Spec
from vmbench.registry import import_target
from vmbench.views.base import ViewContext

SEVERITIES = (1, 2, 3, 4, 5)
# An axis counts with at least and at most so many bins where a Gaussian's width or a shift in time
# is a share of it, by the number of spatial axes: on fewer bins no filter is left, and a longer
# window holds more periods, not longer ones.
COUNTED_BINS = {1: (100, 400), 2: (32, math.inf)}


@dataclass(frozen=True)
class Clean:
    """Statistics of the clean training data, broadcastable against a batch.

    Attributes:
        mean: of each channel (of each feature of a Vector).
        sd: of each channel; 0 for a constant one.
        value_range: bounds of a valid input, or None.
    """

    mean: Tensor
    sd: Tensor
    value_range: tuple[float, float] | None

    @classmethod
    def of(cls, context: ViewContext) -> "Clean":
        """From the training examples of ``context``."""
        axes = (0, *range(2, context.reference.dim()))
        sd, mean = torch.std_mean(context.reference, axes, correction=0, keepdim=True)
        return cls(mean, sd, context.value_range)


Apply = Callable[[Tensor, float, Clean, Generator], Tensor]


@dataclass(frozen=True)
class Corruption:
    """One way to corrupt a batch.

    Attributes:
        name: as in the result's ``accuracy_NAME``.
        apply: (x, strength, clean, generator) -> corrupted x.
        strengths: one per severity, in the unit that ``apply`` says.
        min_channels: fewest channels (features) that it makes sense for.
    """

    name: str
    apply: Apply
    strengths: tuple[float, float, float, float, float]
    min_channels: int = 1

    def __call__(self, x: Tensor, severity: int, clean: Clean, generator: Generator) -> Tensor:
        """``x`` (B, *spec.shape), normalised and on the CPU, corrupted; ``x`` is left as it is.

        Raises:
            ValueError: for a severity outside 1..5.
        """
        if severity not in SEVERITIES:
            raise ValueError(f"severity {severity} is not one of 1 to 5")
        corrupted = self.apply(x, self.strengths[severity - 1], clean, generator)
        return corrupted if clean.value_range is None else corrupted.clamp(*clean.value_range)


def corruptions(spec: Spec) -> tuple[Corruption, ...]:
    """The corruptions that examples of ``spec`` are tested under.

    >>> from vmbench.data.specs import Vector
    >>> [c.name for c in corruptions(Vector(9))]
    ['gaussian_noise', 'feature_dropout', 'quantization']
    """
    known = cast(tuple[Corruption, ...], import_target(spec.corruptions))
    return tuple(c for c in known if spec.channels_in >= c.min_channels)


def gaussian_noise(x: Tensor, strength: float, clean: Clean, generator: Generator) -> Tensor:
    """White noise of ``strength`` standard deviations of each channel."""
    return x + strength * clean.sd * torch.randn(x.shape, generator=generator)


def blur(x: Tensor, strength: float, clean: Clean, generator: Generator) -> Tensor:  # noqa: ARG001
    """Gaussian low-pass over every spatial axis; sigma is ``strength`` of its counted length."""
    for axis in range(2, x.dim()):
        x = _smooth(x, axis, strength * _counted(x, axis))
    return x


def contrast(x: Tensor, strength: float, clean: Clean, generator: Generator) -> Tensor:  # noqa: ARG001
    """Each channel of each example moved towards its own mean by ``strength`` of the way."""
    centre = x.mean(tuple(range(2, x.dim())), keepdim=True)
    return torch.lerp(x, centre, strength)


def occlusion(x: Tensor, strength: float, clean: Clean, generator: Generator) -> Tensor:
    """One rectangle per example, with ``strength`` of the area, set to the mean."""
    inside = torch.ones(1, dtype=torch.bool)
    for axis in range(2, x.dim()):
        share = strength ** (1 / (x.dim() - 2))
        inside = inside & _segment(x, axis, share, generator)
    return clean.mean.where(inside, x)


def row_dropout(x: Tensor, strength: float, clean: Clean, generator: Generator) -> Tensor:
    """One band of rows (frequencies) per example, ``strength`` of the height, set to the mean."""
    return clean.mean.where(_segment(x, 2, strength, generator), x)


def column_dropout(x: Tensor, strength: float, clean: Clean, generator: Generator) -> Tensor:
    """One gap of columns (times) per example, ``strength`` of the last axis, set to the mean."""
    return clean.mean.where(_segment(x, x.dim() - 1, strength, generator), x)


def channel_dropout(x: Tensor, strength: float, clean: Clean, generator: Generator) -> Tensor:
    """Random channels (features) per example, ``strength`` of them, set to the mean.

    At least one stays.
    """
    channels = x.shape[1]
    count = _whole(strength * channels, x, generator).clamp(max=channels - 1)
    rank = torch.rand(x.shape[:2], generator=generator).argsort(1).argsort(1)
    dropped = (rank < count).view(*x.shape[:2], *[1] * (x.dim() - 2))
    return clean.mean.where(dropped, x)


def shift(x: Tensor, strength: float, clean: Clean, generator: Generator) -> Tensor:  # noqa: ARG001
    """Moved along every spatial axis by ``strength`` of its length, in a random direction.

    Of a Sequence the length is the counted one. What is uncovered repeats the edge.
    """
    for axis in range(2, x.dim()):
        size = x.shape[axis]
        share = strength * (_counted(x, axis) if x.dim() == 3 else size)
        bins = _whole(share, x, generator) * _signs(x, generator).view(-1, 1)
        source = (torch.arange(size) - bins).clamp(0, size - 1)
        shape = [len(x), *[1] * (x.dim() - 1)]
        shape[axis] = size
        x = torch.take_along_dim(x, source.view(shape), axis)
    return x


def gain(x: Tensor, strength: float, clean: Clean, generator: Generator) -> Tensor:
    """The deviation from the mean times 2^strength or 2^-strength, by a coin per example."""
    factor = (strength * _signs(x, generator)).exp2().view(-1, *[1] * (x.dim() - 1))
    return clean.mean + factor * (x - clean.mean)


def quantization(x: Tensor, strength: float, clean: Clean, generator: Generator) -> Tensor:  # noqa: ARG001
    """Rounded, counted from the mean, to multiples of ``strength`` standard deviations."""
    step = strength * clean.sd
    rounded = clean.mean + ((x - clean.mean) / step).round() * step
    return rounded.where(step > 0, x)


def _signs(x: Tensor, generator: Generator) -> Tensor:
    """+1 or -1 per example, (B,)."""
    return 2 * torch.randint(2, (len(x),), generator=generator) - 1


def _counted(x: Tensor, axis: int) -> float:
    """The length of an axis, within :data:`COUNTED_BINS`."""
    least, most = COUNTED_BINS[x.dim() - 2]
    return min(max(x.shape[axis], least), most)


def _whole(bins: float, x: Tensor, generator: Generator) -> Tensor:
    """``bins``, rounded up or down at random per example so that the mean is kept; (B, 1)."""
    return (bins + torch.rand(len(x), 1, generator=generator)).floor().long()


def _segment(x: Tensor, axis: int, share: float, generator: Generator) -> Tensor:
    """Where a random segment of one axis lies: True inside; (B, 1, .., size, .., 1)."""
    size = x.shape[axis]
    length = _whole(share * size, x, generator).clamp(max=size)
    start = (torch.rand(len(x), 1, generator=generator) * (size - length + 1)).floor()
    bins = torch.arange(size)
    inside = (bins >= start) & (bins < start + length)
    shape = [len(x), *[1] * (x.dim() - 1)]
    shape[axis] = size
    return inside.view(shape)


def _smooth(x: Tensor, axis: int, sigma: float) -> Tensor:
    """Convolution of one axis with a Gaussian of ``sigma`` bins; beyond the edge, its value."""
    radius = math.ceil(3 * sigma)
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).view(1, 1, -1)
    moved = x.movedim(axis, -1)
    lines = functional.pad(moved.reshape(-1, 1, moved.shape[-1]), (radius, radius), "replicate")
    return functional.conv1d(lines, kernel).view(moved.shape).movedim(-1, axis)


# CIFAR-10-C: 0.04, 0.06, 0.08, 0.09, 0.10 over an sd of 0.25.
_NOISE_SD = (0.16, 0.24, 0.32, 0.36, 0.4)
_NOISE = Corruption("gaussian_noise", gaussian_noise, _NOISE_SD)
_DROPPED = (0.1, 0.2, 0.3, 0.4, 0.5)  # at most half is gone
_CHANNELS = Corruption("channel_dropout", channel_dropout, _DROPPED, min_channels=2)

ANY: tuple[Corruption, ...] = (_NOISE, _CHANNELS)

OF_GRIDS: tuple[Corruption, ...] = (
    _NOISE,
    # CIFAR-10-C: sigma of 0.4, 0.6, 0.7, 0.8, 1 pixels of 32.
    Corruption("blur", blur, (0.0125, 0.01875, 0.021875, 0.025, 0.03125)),
    # CIFAR-10-C: the deviation from the mean times 0.75, 0.5, 0.4, 0.3, 0.15.
    Corruption("contrast", contrast, (0.25, 0.5, 0.6, 0.7, 0.85)),
    Corruption("occlusion", occlusion, _DROPPED),
    Corruption("row_dropout", row_dropout, _DROPPED),
    Corruption("column_dropout", column_dropout, _DROPPED),
    _CHANNELS,
    # Up to 4 pixels of 32, as far as images are moved where CIFAR-10 is augmented by crops.
    Corruption("shift", shift, (0.03, 0.05, 0.075, 0.1, 0.125)),
)

OF_SEQUENCES: tuple[Corruption, ...] = (
    _NOISE,
    # On the embedded signals this takes as much of the variance as blur takes of images'.
    Corruption("low_pass", blur, (0.004, 0.008, 0.012, 0.016, 0.02)),
    _CHANNELS,
    Corruption("gain", gain, (0.2, 0.4, 0.6, 0.8, 1.0)),  # up to 6 dB
    # Within a quarter of a period: on a wave, a longer shift would come nearer again.
    Corruption("time_shift", shift, (0.0025, 0.005, 0.0075, 0.01, 0.0125)),
    Corruption("segment_dropout", column_dropout, _DROPPED),
)

OF_VECTORS: tuple[Corruption, ...] = (
    _NOISE,
    Corruption("feature_dropout", channel_dropout, _DROPPED, min_channels=2),
    # Rounding to steps of q has an error of power q^2 / 12: that of the noise.
    Corruption("quantization", quantization, (0.55, 0.83, 1.11, 1.25, 1.39)),
)
