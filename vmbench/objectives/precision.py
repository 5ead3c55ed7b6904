"""Losses in float32 under a mixed-precision forward pass."""

import torch
from torch import Tensor


def full_precision(z: Tensor) -> torch.autocast:
    """A context without autocast on z's device.

    bfloat16 keeps two to three digits of a cosine similarity; divided by a temperature of 0.05 the
    error would be that of a tenth of a logit.
    """
    return torch.autocast(z.device.type, enabled=False)
