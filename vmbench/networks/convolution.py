"""Layers by the number of spatial axes, so that each network is written once for 1-D and 2-D."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

Layer = Callable[..., nn.Module]

CONV: dict[int, Layer] = {1: nn.Conv1d, 2: nn.Conv2d}
BATCH_NORM: dict[int, Layer] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
INSTANCE_NORM: dict[int, Layer] = {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d}
MAX_POOL: dict[int, Layer] = {1: nn.MaxPool1d, 2: nn.MaxPool2d}

# Channels of one of oneDNN's blocks: narrower layers are padded.
ONEDNN_BLOCK = 8


class _SubsampledConv2d(nn.Conv2d):
    """A 1 x 1 convolution with a stride: takes the positions that count, then convolves them."""

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = self.stride
        return functional.conv2d(x[..., ::rows, ::columns], self.weight, self.bias)


def pointwise(dims: int, inputs: int, outputs: int, stride: int) -> nn.Module:
    """A convolution of kernel 1 without bias: (B, inputs, ...) -> (B, outputs, ... / stride).

    oneDNN's weight gradient of such a layer writes outside its memory on processors without
    AVX-512 where the stride is over 1, the inputs are narrower than a block and the layout is
    channels-last (seen with torch 2.13: the process dies). Such a layer takes every stride-th
    position first, which computes the same.
    """
    narrow = dims == 2 and stride > 1 and inputs < ONEDNN_BLOCK
    layer = _SubsampledConv2d if narrow else CONV[dims]
    return layer(inputs, outputs, 1, stride=stride, bias=False)


def pool_to(x: Tensor, bins: int) -> Tensor:
    """Average-pool the spatial axes of (B, C, ...) to at most ``bins`` each."""
    sizes = [min(bins, size) for size in x.shape[2:]]
    if len(sizes) == 1:
        return functional.adaptive_avg_pool1d(x, sizes[0])
    return functional.adaptive_avg_pool2d(x, sizes)  # type: ignore[arg-type]
