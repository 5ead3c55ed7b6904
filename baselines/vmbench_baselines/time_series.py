"""Distortions of raw windows (B, C, T) that more than one family is made of.

Names and source: Um et al. 2017, arXiv 1706.00527; strengths: the defaults of its released code.
"""

import torch
from torch import Generator, Tensor

from vmbench_baselines.draws import normal

JITTER = 0.05  # sd of the noise, in the channel's sd
SCALE = 0.1  # sd of the factor, which has mean 1


def jitter(x: Tensor, channel_sd: Tensor, generator: Generator, strength: float) -> Tensor:
    """``x`` plus white noise of ``strength * JITTER`` times each channel's sd, (C, 1)."""
    return x + strength * JITTER * channel_sd * normal(tuple(x.shape), generator)


def scale(x: Tensor, generator: Generator, strength: float) -> Tensor:
    """``x`` with each channel of each example multiplied by its own factor.

    Factors are from N(1, (strength * SCALE)^2).
    """
    return x * (1 + strength * SCALE * normal((*x.shape[:2], 1), generator))


def read_at(x: Tensor, positions: Tensor) -> Tensor:
    """Linear interpolation of ``x`` at ``positions`` (B, T') in samples, 0..T-1, same all channels.

    Returns:
        (B, C, T').
    """
    last = x.shape[2] - 1
    left = positions.floor().long().clamp(0, last)
    right = (left + 1).clamp(max=last)
    index = (len(x), x.shape[1], positions.shape[1])
    return torch.lerp(
        x.gather(2, left[:, None].expand(index)),
        x.gather(2, right[:, None].expand(index)),
        (positions - left).clamp(0, 1)[:, None].to(x.dtype),
    )
