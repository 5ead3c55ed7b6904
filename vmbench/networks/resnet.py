"""ResNets (He et al. 2016, arXiv 1512.03385) for Grid and Sequence, in the CIFAR layout.

Parameter names and shapes are those of the published viewmaker encoders, so their checkpoints
load: ``conv1, bn1, layer{1..4}.{i}.{conv1,bn1,conv2,bn2,shortcut.0,shortcut.1}, fc``. The
``imagenet`` stem (7-wide stride-2 convolution and max-pool) is the one of 64- and 112-pixel speech.
The last pooling is global, so any input size works.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from vmbench.data.specs import Spec
from vmbench.networks.convolution import BATCH_NORM, CONV, MAX_POOL, pointwise
from vmbench.networks.encoder import Encoder, EncoderSettings
from vmbench.settings import Settings


class _Block(nn.Module):
    """Residual block: ``kernels`` convolutions, then the (projected) input is added."""

    expansion: ClassVar[int]

    def __init__(self, dims: int, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.depth = self._convolutions(dims, inputs, width, stride)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                pointwise(dims, inputs, outputs, stride), BATCH_NORM[dims](outputs)
            )

    def _convolutions(self, dims: int, inputs: int, width: int, stride: int) -> int:
        raise NotImplementedError

    def _add(
        self, dims: int, index: int, inputs: int, outputs: int, kernel: int, stride: int
    ) -> None:
        convolution = CONV[dims](
            inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False
        )
        self.add_module(f"conv{index}", convolution)
        self.add_module(f"bn{index}", BATCH_NORM[dims](outputs))

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for index in range(1, self.depth + 1):
            out = getattr(self, f"bn{index}")(getattr(self, f"conv{index}")(out))
            if index < self.depth:
                out = torch.relu(out)
        return torch.relu(out + self.shortcut(x))


class BasicBlock(_Block):
    """Two 3-wide convolutions (ResNet-18, 34)."""

    expansion = 1

    def _convolutions(self, dims: int, inputs: int, width: int, stride: int) -> int:
        self._add(dims, 1, inputs, width, 3, stride)
        self._add(dims, 2, width, width, 3, 1)
        return 2


class Bottleneck(_Block):
    """1-3-1 convolutions at a quarter of the width (ResNet-50)."""

    expansion = 4

    def _convolutions(self, dims: int, inputs: int, width: int, stride: int) -> int:
        self._add(dims, 1, inputs, width, 1, 1)
        self._add(dims, 2, width, width, 3, stride)
        self._add(dims, 3, width, width * self.expansion, 1, 1)
        return 3


class ResNetSettings(EncoderSettings):
    """Of every ResNet."""

    stem: Literal["cifar", "strided", "imagenet"] = Field(
        "cifar", description="First layer of a ResNet; strided halves the input, imagenet quarters."
    )


class ResNet(Encoder):
    """A ResNet of any depth over the one or two spatial axes of a spec.

    Args:
        spec: a Grid or a Sequence.
        width: channels of the first stage; the four stages have 1, 2, 4 and 8 times as many.
        embedding_dim: outputs of ``fc``; None leaves it out.
        stem: ``cifar`` (3-wide, stride 1), ``imagenet`` (7-wide, stride 2, max-pool) or ``strided``
            (7-wide, stride 2), a middle way for large inputs on a CPU.

    Shapes: (B, *spec.shape) -> maps (B, 8 * width * expansion, ...).

    >>> from vmbench.data.specs import Sequence
    >>> ResNet18(Sequence(6, 100), width=8)(torch.zeros(2, 6, 100)).shape
    torch.Size([2, 128])
    """

    paper = "He et al. 2016, arXiv 1512.03385"
    specs: ClassVar[tuple[str, ...]] = ("grid", "sequence")
    settings_class: ClassVar[type[Settings]] = ResNetSettings
    block: ClassVar[type[_Block]]
    depths: ClassVar[tuple[int, ...]]

    def __init__(
        self, spec: Spec, width: int = 64, embedding_dim: int | None = 128, stem: str = "cifar"
    ) -> None:
        dims = len(spec.space)
        if dims not in CONV:
            raise ValueError(f"a ResNet needs a Grid or a Sequence, not {spec}")
        super().__init__(8 * width * self.block.expansion, embedding_dim)
        kernel, stride = (3, 1) if stem == "cifar" else (7, 2)
        self.conv1 = CONV[dims](
            spec.channels_in, width, kernel, stride=stride, padding=kernel // 2, bias=False
        )
        self.bn1 = BATCH_NORM[dims](width)
        self.pool = MAX_POOL[dims](3, stride=2, padding=1) if stem == "imagenet" else nn.Identity()
        inputs = width
        for stage, depth in enumerate(self.depths):
            blocks = []
            for index in range(depth):
                stride = 2 if stage > 0 and index == 0 else 1
                blocks.append(self.block(dims, inputs, width * 2**stage, stride))
                inputs = width * 2**stage * self.block.expansion
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        # Parameters are registered in the published order, which ends with fc.
        if self.fc is not None:
            self.fc = self._modules.pop("fc")  # type: ignore[assignment]

    def embed(self, x: Tensor) -> Tensor:
        """The stem's output (B, width, ...)."""
        embedded: Tensor = self.pool(torch.relu(self.bn1(self.conv1(x))))
        return embedded

    def stages(self, embedded: Tensor) -> Iterator[tuple[str, Tensor]]:
        """``layer1`` to ``layer4``: maps (B, width * 2^i * expansion, ...), halved at each."""
        out = embedded
        for stage in range(1, len(self.depths) + 1):
            out = getattr(self, f"layer{stage}")(out)
            yield f"layer{stage}", out


class ResNet18(ResNet):
    """Four stages of two basic blocks."""

    name = "resnet18"
    summary = "residual network of 18 layers over one or two axes"
    block = BasicBlock
    depths = (2, 2, 2, 2)


class ResNet50(ResNet):
    """Stages of 3, 4, 6 and 3 bottleneck blocks."""

    name = "resnet50"
    summary = "residual network of 50 layers over one or two axes"
    block = Bottleneck
    depths = (3, 4, 6, 3)
