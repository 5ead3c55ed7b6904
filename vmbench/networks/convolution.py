"""Layers by the number of spatial axes, so that each network is written once for 1-D and 2-D."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

Layer = Callable[..., nn.Module]

CONV: dict[int, Layer] = {1: nn.Conv1d, 2: nn.Conv2d}
BATCH_NORM: dict[int, Layer] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
INSTANCE_NORM: dict[int, Layer] = {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d}
MAX_POOL: dict[int, Layer] = {1: nn.MaxPool1d, 2: nn.MaxPool2d}


def pool_to(x: Tensor, bins: int) -> Tensor:
    """Average-pool the spatial axes of (B, C, ...) to at most ``bins`` each."""
    sizes = [min(bins, size) for size in x.shape[2:]]
    if len(sizes) == 1:
        return functional.adaptive_avg_pool1d(x, sizes[0])
    return functional.adaptive_avg_pool2d(x, sizes)  # type: ignore[arg-type]
