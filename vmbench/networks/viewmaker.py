"""Viewmaker networks (Tamkin et al. 2021, arXiv 2010.07432): stochastic bounded adversaries.

Input and noise go in, a perturbation on an L1 sphere comes out::

    d = tanh(network(x, noise));  delta = epsilon * d / (mean|d| + 1e-4);  view = x + delta

The mean runs over all axes of one example but the batch's. For a Grid at width 32 the parameters
have the published names and shapes, so released checkpoints load.
"""

import math
from typing import Any, Literal, cast, get_args

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from vmbench.data.specs import Spec
from vmbench.networks.convolution import CONV, INSTANCE_NORM
from vmbench.networks.dct import dct, inverse_dct
from vmbench.registry import import_target

Bound = Literal["input", "released"]
MAX_RES_BLOCKS = 5
# Three stride-2-free and two stride-2 layers with reflection padding need this many bins...
MINIMUM_BINS = 8
# ...and the two upsamplings give back multiples of this.
STRIDE = 4


class Viewmaker(nn.Module):
    """A viewmaker for any spec; ``Viewmaker(spec)`` builds the network that fits it.

    Args:
        spec: shape of one example.
        epsilon: the budget, the mean absolute perturbation of one example.
        clamp: ``(low, high)`` bounds of a valid input, or None for unbounded (normalised) inputs.
        num_res_blocks: residual blocks used, 0 to 5.
        frequency_domain: hand the network the DCT of the input, and take its output back.
        downsample_to: run the network on the input resized to this many bins per axis and resize
            the perturbation back; None for full resolution. A Vector has nothing to resize.
        width: channels of the first layer (32 is published).
        bound: where the budget is spent. ``input``: on what is added to the input, whose mean
            absolute value is ``epsilon`` with every option. ``released``: on the network's output,
            before it is resized or moved back from the frequency domain, whose DCT then has no
            normalisation, as in the code that checkpoints were released with. Of an ``epsilon`` of
            0.05, about 0.044 is then added at half resolution, and 0.0005 (32 x 32) or 0.0003
            (64 x 64) with ``frequency_domain``. Without both options the two are one.

    Shapes: x (B, *spec.shape) float -> view of the same shape and dtype.

    >>> from vmbench.data.specs import Grid
    >>> viewmaker = Viewmaker(Grid(1, 30, 17), epsilon=0.1, width=4)
    >>> x = torch.zeros(2, 1, 30, 17)
    >>> viewmaker(x).abs().mean().item()  # doctest: +ELLIPSIS
    0.09...
    """

    def __new__(cls, spec: Spec, *args: Any, **kwargs: Any) -> "Viewmaker":
        """Pick the subclass that the spec names, as ``pathlib.Path`` picks one by platform."""
        if cls is not Viewmaker:
            return object.__new__(cls)
        return object.__new__(cast(type[Viewmaker], import_target(spec.viewmaker)))

    def __getnewargs__(self) -> tuple[Spec]:
        """What ``__new__`` needs when a copy is made by pickle or ``copy.deepcopy``."""
        return (self.spec,)

    def __init__(
        self,
        spec: Spec,
        epsilon: float = 0.05,
        clamp: tuple[float, float] | None = None,
        num_res_blocks: int = 3,
        frequency_domain: bool = False,
        downsample_to: int | None = None,
        width: int = 32,
        bound: Bound = "input",
    ) -> None:
        super().__init__()
        if not 0 <= num_res_blocks <= MAX_RES_BLOCKS:
            raise ValueError(f"num_res_blocks is {num_res_blocks}, must be 0 to {MAX_RES_BLOCKS}")
        self.spec = spec
        self.epsilon = epsilon
        self.clamp = clamp
        self.num_res_blocks = num_res_blocks
        self.frequency_domain = frequency_domain
        self.downsample_to = downsample_to
        self.width = width
        if bound not in get_args(Bound):
            raise ValueError(f"bound is {bound!r}, must be one of {', '.join(get_args(Bound))}")
        self.bound = bound
        self.build()

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments beside the spec: ``Viewmaker(spec, **settings)`` is another of its kind."""
        names = (
            "epsilon", "clamp", "num_res_blocks", "frequency_domain", "downsample_to", "width",
            "bound",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def build(self) -> None:
        """Add the layers."""
        raise NotImplementedError

    def network(self, x: Tensor, generator: Generator | None) -> Tensor:
        """The unbounded perturbation of ``x``, of its shape."""
        raise NotImplementedError

    def resize(self, x: Tensor, space: tuple[int, ...]) -> Tensor:
        """``x`` resized to ``space``."""
        return functional.interpolate(
            x, size=space, mode="linear" if len(space) == 1 else "bilinear", align_corners=False
        )

    def perturbation(self, x: Tensor, generator: Generator | None = None) -> Tensor:
        """The bounded perturbation delta of ``x``, float32.

        Its mean absolute value is ``epsilon`` (with ``bound="released"``: see there).
        """
        released = self.bound == "released"
        inputs = x
        if self.downsample_to is not None and self.spec.space:
            inputs = self.resize(x, (self.downsample_to,) * len(self.spec.space))
        if self.frequency_domain:
            inputs = dct(inputs, orthonormal=not released)
        delta = self.network(inputs, generator).float()
        if released:
            delta = self.on_sphere(delta)
        if self.frequency_domain:
            delta = inverse_dct(delta, orthonormal=not released)
        if delta.shape != x.shape:
            delta = self.resize(delta, self.spec.space)
        return delta if released else self.on_sphere(delta)

    def on_sphere(self, delta: Tensor) -> Tensor:
        """Tanh of ``delta``, scaled so that each example's mean absolute value is ``epsilon``."""
        direction = torch.tanh(delta)
        scale = direction.abs().flatten(1).mean(1) + 1e-4
        return self.epsilon * direction / scale.view(-1, *[1] * (delta.dim() - 1))

    def forward(self, x: Tensor, generator: Generator | None = None) -> Tensor:
        """One view of each example of ``x``; noise comes from ``generator`` (or the global one)."""
        view = x + self.perturbation(x, generator).to(x.dtype)
        return view if self.clamp is None else view.clamp(*self.clamp)

    def load_reference(self, state_dict: dict[str, Tensor]) -> "Viewmaker":
        """Load a released checkpoint's viewmaker, whatever prefix its names carry; returns self.

        Raises:
            ValueError: if names or shapes differ from this network's, saying which.
        """
        own = self.state_dict()
        prefix = next(
            (
                k[: -len("conv1.conv2d.weight")]
                for k in state_dict
                if k.endswith("conv1.conv2d.weight") and "res" not in k
            ),
            "",
        )
        loaded = {k.removeprefix(prefix): v for k, v in state_dict.items() if k.startswith(prefix)}
        missing, unknown = own.keys() - loaded.keys(), loaded.keys() - own.keys()
        if missing or unknown:
            raise ValueError(
                f"not this viewmaker: missing {sorted(missing)[:3]}, unknown {sorted(unknown)[:3]}"
            )
        for name, value in loaded.items():
            if value.shape != own[name].shape:
                raise ValueError(f"{name} is {tuple(value.shape)}, not {tuple(own[name].shape)}")
        self.load_state_dict(loaded)
        return self


def uniform_noise(like: Tensor, generator: Generator | None, channels: int = 1) -> Tensor:
    """Uniform noise on [0, 1) at the resolution of ``like``: (B, channels, ...)."""
    shape = (like.shape[0], channels, *like.shape[2:])
    return torch.rand(shape, generator=generator, device=like.device)


class _Conv(nn.Module):
    """Convolution with reflection padding that keeps the size (up to the stride)."""

    def __init__(self, dims: int, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.attribute = f"conv{dims}d"
        layer = CONV[dims](
            inputs, outputs, kernel, stride=stride, padding=kernel // 2, padding_mode="reflect"
        )
        self.add_module(self.attribute, layer)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, getattr(self, self.attribute)(x))


class _ResidualBlock(nn.Module):
    """relu(in1(conv1(.))), then in2(conv2(.)) is added to the input; no final ReLU."""

    def __init__(self, dims: int, channels: int) -> None:
        super().__init__()
        self.conv1 = _Conv(dims, channels, channels, 3, 1)
        self.in1 = INSTANCE_NORM[dims](channels, affine=True)
        self.conv2 = _Conv(dims, channels, channels, 3, 1)
        self.in2 = INSTANCE_NORM[dims](channels, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.relu(self.in1(self.conv1(x)))
        return cast(Tensor, self.in2(self.conv2(hidden))) + x


class ConvViewmaker(Viewmaker):
    """The published network over one or two spatial axes.

    Inputs whose axes are no multiple of 4, or shorter than 8, are padded by their edge values and
    the perturbation is cut back, so any size works and the published sizes are untouched.
    """

    def build(self) -> None:
        """Layers in the published order; all five residual blocks exist, some may go unused."""
        dims, width, channels = len(self.spec.space), self.width, self.spec.channels_in
        norm = INSTANCE_NORM[dims]
        self.conv1 = _Conv(dims, channels + 1, width, 9, 1)
        self.in1 = norm(width, affine=True)
        self.conv2 = _Conv(dims, width, 2 * width, 3, 2)
        self.in2 = norm(2 * width, affine=True)
        self.conv3 = _Conv(dims, 2 * width, 4 * width, 3, 2)
        self.in3 = norm(4 * width, affine=True)
        for index in range(1, MAX_RES_BLOCKS + 1):
            self.add_module(f"res{index}", _ResidualBlock(dims, 4 * width + index))
        self.deconv1 = _Conv(dims, 4 * width + self.num_res_blocks, 2 * width, 3, 1)
        self.in4 = norm(2 * width, affine=True)
        self.deconv2 = _Conv(dims, 2 * width, width, 3, 1)
        self.in5 = norm(width, affine=True)
        self.deconv3 = _Conv(dims, width, channels, 9, 1)

    def network(self, x: Tensor, generator: Generator | None) -> Tensor:
        """Encode, perturb with noise at every residual block, decode."""
        space = tuple(x.shape[2:])
        x = _pad(x)
        hidden = torch.cat([x, uniform_noise(x, generator)], dim=1)
        hidden = torch.relu(self.in1(self.conv1(hidden)))
        hidden = torch.relu(self.in2(self.conv2(hidden)))
        hidden = torch.relu(self.in3(self.conv3(hidden)))
        for index in range(1, self.num_res_blocks + 1):
            noise = uniform_noise(hidden, generator).to(hidden.dtype)
            hidden = getattr(self, f"res{index}")(torch.cat([hidden, noise], dim=1))
        hidden = functional.interpolate(hidden, scale_factor=2, mode="nearest")
        hidden = torch.relu(self.in4(self.deconv1(hidden)))
        hidden = functional.interpolate(hidden, scale_factor=2, mode="nearest")
        hidden = torch.relu(self.in5(self.deconv2(hidden)))
        out = self.deconv3(hidden)
        for axis, size in enumerate(space, start=2):
            out = out.narrow(axis, 0, size)
        return cast(Tensor, out)


def _pad(x: Tensor) -> Tensor:
    wanted = [max(MINIMUM_BINS, STRIDE * math.ceil(size / STRIDE)) for size in x.shape[2:]]
    missing = [want - size for want, size in zip(wanted, x.shape[2:], strict=True)]
    if not any(missing):
        return x
    # functional.pad counts axes from the last one backwards.
    return functional.pad(x, [n for gap in reversed(missing) for n in (0, gap)], mode="replicate")


class MLPViewmaker(Viewmaker):
    """The same adversary for a Vector: a residual MLP, with fresh noise at every block.

    Each feature gets a noise number of its own beside it at the input, and every block another
    vector of noise, as the convolutional network gets a channel.
    """

    def build(self) -> None:
        """Layers at ``4 * width`` hidden units, the deepest width of the published network."""
        features, hidden = self.spec.channels_in, 4 * self.width
        self.first = nn.Linear(2 * features, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Linear(hidden + features, hidden),
                nn.LayerNorm(hidden),
                nn.ReLU(),
                nn.Linear(hidden, hidden),
                nn.LayerNorm(hidden),
            )
            for _ in range(self.num_res_blocks)
        )
        self.last = nn.Linear(hidden, features)

    def network(self, x: Tensor, generator: Generator | None) -> Tensor:
        """(B, F) -> (B, F)."""
        features = x.shape[1]
        noise = uniform_noise(x, generator, features).to(x.dtype)
        hidden = torch.relu(self.norm(self.first(torch.cat([x, noise], dim=1))))
        for block in self.blocks:
            noise = uniform_noise(x, generator, features).to(hidden.dtype)
            hidden = hidden + block(torch.cat([hidden, noise], dim=1))
        return cast(Tensor, self.last(hidden))
