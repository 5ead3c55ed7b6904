"""Tokens of an example: patches of a Grid, segments of a Sequence, features of a Vector.

What a transformer's tokens are to masked and shuffled modelling, for encoders that have none.
"""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional

from vmbench.data.specs import Spec
from vmbench.networks.convolution import CONV
from vmbench.networks.encoder import Encoder

PER_AXIS = {1: 32, 2: 8}  # about so many tokens per spatial axis
HIDDEN = 128  # at most so many channels in the decoder


@dataclass(frozen=True)
class Tokens:
    """How examples of a spec are cut into ``count`` tokens of ``numel`` numbers each.

    Attributes:
        channels: of an example; every token has them all (a Vector's token has one number).
        sizes: bins of a token along each spatial axis; ``()`` for a Vector.
        counts: tokens along each spatial axis; for a Vector its features. Bins beyond the last
            whole token (fewer than one token's) belong to none.
    """

    channels: int
    sizes: tuple[int, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, spec: Spec) -> "Tokens":
        """About 8 x 8 patches, 32 segments, or one token per feature.

        >>> from vmbench.data.specs import Grid, Sequence
        >>> Tokens.of(Grid(1, 64, 32)).sizes, Tokens.of(Sequence(6, 250)).counts
        ((8, 4), (31,))
        """
        if not spec.space:
            return cls(1, (), spec.shape)
        wanted = PER_AXIS[len(spec.space)]
        sizes = tuple(max(1, round(bins / wanted)) for bins in spec.space)
        counts = tuple(bins // size for bins, size in zip(spec.space, sizes, strict=True))
        return cls(spec.channels_in, sizes, counts)

    @property
    def count(self) -> int:
        """Tokens of an example."""
        return prod(self.counts)

    @property
    def numel(self) -> int:
        """Numbers in a token."""
        return self.channels * prod(self.sizes)

    def split(self, x: Tensor) -> Tensor:
        """(B, *spec.shape) -> (B, count, numel), row by row of the grid of tokens."""
        return self._cut(x).reshape(len(x), self.count, self.numel)

    def join(self, tokens: Tensor, x: Tensor) -> Tensor:
        """A copy of ``x`` whose tokens are ``tokens`` (B, count, numel): undoes :meth:`split`."""
        out = x.clone()
        cut = self._cut(out)  # a view, so that writing to it writes to the copy
        cut.copy_(tokens.reshape(cut.shape))
        return out

    def spread(self, chosen: Tensor, x: Tensor) -> Tensor:
        """Where the ``chosen`` tokens (B, count) bool lie: bool, of the shape of ``x``."""
        everywhere = chosen[:, :, None].expand(-1, -1, self.numel)
        return self.join(everywhere, torch.zeros_like(x, dtype=torch.bool))

    def _cut(self, x: Tensor) -> Tensor:
        """A view of ``x``: (B, *counts, channels, *sizes)."""
        if not self.sizes:
            return x[:, :, None]
        for axis, (size, count) in enumerate(zip(self.sizes, self.counts, strict=True)):
            # Each axis of bins becomes one of tokens, and one of bins at the end.
            x = x.narrow(2 + axis, 0, size * count).unfold(2 + axis, size, size)
        return x.movedim(1, 1 + len(self.sizes))


class TokenDecoder(nn.Module):
    """A light decoder: numbers for each token from the encoder's last feature maps.

    Maps are resized to the grid of tokens and a learned embedding of its place is added to each;
    two convolutions, 3 and 1 wide, follow. Features without space go through two linear layers.

    Args:
        encoder: whose maps are decoded.
        tokens: of the encoder's inputs.
        outputs: numbers per token.
    """

    def __init__(self, encoder: Encoder, tokens: Tokens, outputs: int) -> None:
        super().__init__()
        self.tokens, self.outputs, self.dims = tokens, outputs, len(tokens.sizes)
        self.spatial = encoder.spatial and bool(tokens.sizes)
        if not self.spatial:
            self.last = nn.Sequential(
                nn.Linear(encoder.dim, encoder.dim),
                nn.ReLU(),
                nn.Linear(encoder.dim, tokens.count * outputs),
            )
            return
        conv, hidden = CONV[self.dims], min(HIDDEN, encoder.dim)
        self.first = conv(encoder.dim, hidden, 1)
        self.place = nn.Parameter(torch.zeros(1, hidden, *tokens.counts))
        self.last = nn.Sequential(
            nn.ReLU(), conv(hidden, hidden, 3, padding=1), nn.ReLU(), conv(hidden, outputs, 1)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, dim, ...) -> (B, count, outputs)."""
        if not self.spatial:
            decoded: Tensor = self.last(maps)
            return decoded.view(len(maps), self.tokens.count, self.outputs)
        while maps.dim() - 2 > self.dims:
            # An encoder that turns waveforms into spectrograms: time is the last axis.
            maps = maps.mean(2)
        placed = functional.interpolate(
            self.first(maps),
            size=self.tokens.counts,
            mode="linear" if self.dims == 1 else "bilinear",
            align_corners=False,
        )
        grid: Tensor = self.last(placed + self.place)
        return grid.flatten(2).transpose(1, 2)
