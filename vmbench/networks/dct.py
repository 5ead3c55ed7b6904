"""Orthonormal discrete cosine transforms over the spatial axes, as matrix products.

A product with an (N, N) matrix is differentiable, runs on every device, and at the sizes of
spectrograms and images costs less than an FFT's bookkeeping.
"""

import math
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


def dct(x: Tensor) -> Tensor:
    """DCT-II over all axes after the second of (B, C, ...); over the features of (B, F)."""
    return _transform(x, inverse=False)


def inverse_dct(x: Tensor) -> Tensor:
    """The inverse of :func:`dct`."""
    return _transform(x, inverse=True)


def _transform(x: Tensor, *, inverse: bool) -> Tensor:
    for axis in range(min(2, x.dim() - 1), x.dim()):
        matrix = dct_matrix(x.shape[axis]).to(x.device, x.dtype)
        x = torch.movedim(torch.movedim(x, axis, -1) @ (matrix if inverse else matrix.T), -1, axis)
    return x
