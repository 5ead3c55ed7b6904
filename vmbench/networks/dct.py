"""Discrete cosine transforms over the spatial axes, as matrix products.

A product with an (N, N) matrix is differentiable, runs on every device, and at the sizes of
spectrograms and images costs less than an FFT's bookkeeping.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=32)
def dct_matrix(size: int) -> Tensor:
    """The orthonormal DCT-II matrix (size, size): row k is the k-th cosine (Ahmed et al. 1974)."""
    positions = torch.arange(size, dtype=torch.float64)
    angles = math.pi / size * (positions + 0.5) * positions[:, None]
    matrix = torch.cos(angles) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    return matrix.float()


def dct(x: Tensor, *, orthonormal: bool = True) -> Tensor:
    """DCT-II over all axes after the second of (B, C, ...); over the features of (B, F).

    Not ``orthonormal``: row k of the matrix is twice the k-th cosine, as FFTW has it.
    """
    return _transform(x, lambda size: (_lengths(size, orthonormal) * dct_matrix(size)).T)


def inverse_dct(x: Tensor, *, orthonormal: bool = True) -> Tensor:
    """The inverse of :func:`dct`."""
    return _transform(x, lambda size: dct_matrix(size) / _lengths(size, orthonormal))


def _lengths(size: int, orthonormal: bool) -> Tensor:
    """Of the rows of the DCT-II matrix, (size, 1)."""
    lengths = torch.full((size, 1), 1.0 if orthonormal else math.sqrt(2 * size))
    if not orthonormal:
        lengths[0] = 2 * math.sqrt(size)
    return lengths


def _transform(x: Tensor, factor: Callable[[int], Tensor]) -> Tensor:
    """Each axis, as a row, times the matrix that ``factor`` gives for its size."""
    for axis in range(min(2, x.dim() - 1), x.dim()):
        matrix = factor(x.shape[axis]).to(x.device, x.dtype)
        x = torch.movedim(torch.movedim(x, axis, -1) @ matrix, -1, axis)
    return x
