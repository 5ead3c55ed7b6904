"""Random numbers from the generator that a view family is handed, and from no other.

All draws are float32 and lie on the generator's device, which is the batch's.
"""

import torch
from torch import Generator, Tensor


def uniform(
    shape: tuple[int, ...], generator: Generator, low: float = 0.0, high: float = 1.0
) -> Tensor:
    """Uniform numbers in [low, high)."""
    return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)


def normal(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Standard normal numbers."""
    return torch.randn(shape, generator=generator, device=generator.device)


def integers(bound: int, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Uniform integers from 0 to below ``bound``."""
    return torch.randint(bound, shape, generator=generator, device=generator.device)


def integers_below(bounds: Tensor, generator: Generator) -> Tensor:
    """For each entry of ``bounds`` (int64, from 1 to 2^24) a uniform integer from 0 to below it.

    A float32 in [0, 1) times such a bound never rounds up to the bound itself.
    """
    return (uniform(tuple(bounds.shape), generator) * bounds).long()
