"""Per-channel statistics of the training examples that a view family may look at.

Each is shaped to broadcast over an example: (C, 1, 1) for a Grid, (C, 1) for a Sequence and (F,)
for a Vector, where every feature is a channel.
"""

import torch
from torch import Tensor

from vmbench.views.base import ViewContext


def channel_sd(context: ViewContext) -> Tensor:
    """Standard deviation of each channel over the reference examples; 0 for a constant one."""
    return torch.std(context.reference, _all_but_channels(context), correction=0, keepdim=True)[0]


def mean_value(context: ViewContext) -> Tensor:
    """What a masked value is set to: 0 for normalised data, else each channel's mean.

    Data without bounds is normalised, so 0 is its mean (SpecAugment, section 2, says the same).
    """
    mean = torch.mean(context.reference, _all_but_channels(context), keepdim=True)[0]
    return torch.zeros_like(mean) if context.value_range is None else mean


def _all_but_channels(context: ViewContext) -> tuple[int, ...]:
    return (0, *range(2, context.reference.dim()))
