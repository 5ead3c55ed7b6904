"""Random masks over one axis, one per example: (batch, size) bool, True where masked."""

import torch
from torch import Generator, Tensor

from vmbench_baselines.draws import integers, integers_below, uniform


def _band(start: Tensor, width: Tensor | int, size: int) -> Tensor:
    offset = torch.arange(size, device=start.device) - start[:, None]
    return (offset >= 0) & (offset < (width if isinstance(width, int) else width[:, None]))


def random_band(batch: int, size: int, limit: int, generator: Generator) -> Tensor:
    """A contiguous band whose width is uniform on 0..limit, anywhere that it fits.

    Raises:
        ValueError: if ``limit`` is not in 0..size.
    """
    if not 0 <= limit <= size:
        raise ValueError(f"a band of up to {limit} does not fit an axis of {size}")
    width = integers(limit + 1, (batch,), generator)
    return _band(integers_below(size - width + 1, generator), width, size)


def random_stretch(batch: int, size: int, shortest: float, generator: Generator) -> Tensor:
    """A contiguous band whose share of the axis is uniform on shortest..1, anywhere that it fits.

    It has one entry at least.
    """
    width = (size * uniform((batch,), generator, shortest, 1.0)).long().clamp(min=1)
    return _band(integers_below(size - width + 1, generator), width, size)


def centred_band(batch: int, size: int, width: int, generator: Generator) -> Tensor:
    """A contiguous band of ``width`` around a uniform centre; what passes the border is cut off."""
    centre = integers(size, (batch,), generator)
    return _band(centre - width // 2, width, size)


def random_subset(batch: int, size: int, count: int, generator: Generator) -> Tensor:
    """Exactly ``count`` of ``size`` entries, every subset equally likely."""
    chosen = uniform((batch, size), generator).argsort(dim=1)[:, :count]
    mask = torch.zeros(batch, size, dtype=torch.bool, device=generator.device)
    return mask.scatter(1, chosen, True)
