"""Where features are read: a stage of the encoder, in bins, or several stages joined.

The input is stage 0, and a stage further on is pooled to few bins per axis.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from vmbench.errors import UserError, unknown_name
from vmbench.networks.convolution import pool_to

INPUT, LAST = "input", "last"
AUTO = "auto"
# Bins per axis that val may choose from, by the number of axes: 1, 4 and 16 numbers per channel of
# an encoder's maps; more of the input, which has few channels.
BINS: Mapping[int, tuple[int, ...]] = {1: (1, 4, 16), 2: (1, 2, 4)}
INPUT_BINS: Mapping[int, tuple[int, ...]] = {1: (8, 32, 128), 2: (4, 8, 16)}

Sizes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Source:
    """A stage, and the bins per axis that its maps are averaged to; None: as they are.

    >>> str(Source("layer3", 4))
    'layer3@4'
    """

    stage: str
    bins: int | None = None

    def __str__(self) -> str:
        """As in ``--set readout=``."""
        return self.stage if self.bins is None else f"{self.stage}@{self.bins}"

    def pool(self, maps: Tensor) -> Tensor:
        """Features (B, D) of the stage's maps (B, C, ...), float32, on the CPU."""
        pooled = maps if self.bins is None or maps.dim() == 2 else pool_to(maps, self.bins)
        return pooled.flatten(1).float().cpu()


@dataclass(frozen=True)
class Readout:
    """Sources whose features are joined, one beside the other.

    >>> str(Readout((Source("input", 8), Source("layer3", 4))))
    'input@8+layer3@4'
    """

    sources: tuple[Source, ...]

    def __str__(self) -> str:
        """As in ``--set readout=``."""
        return "+".join(map(str, self.sources))

    def __add__(self, other: "Readout") -> "Readout":
        """Both joined."""
        return Readout(self.sources + other.sources)


# What a representation gives by itself: the last maps in ``feature_bins``.
DEFAULT = Readout((Source(LAST),))


def parse_readout(text: str) -> Readout | None:
    """The readout that a setting asks for; None: val is to choose.

    Raises:
        UserError: the text is none.

    >>> parse_readout("input@8+layer3").sources[1]
    Source(stage='layer3', bins=None)
    """
    if text == AUTO:
        return None
    sources = []
    for part in text.split("+"):
        found = re.fullmatch(r"([A-Za-z_][\w.]*)(?:@([1-9]\d*))?", part)
        if found is None:
            raise UserError(
                f"readout={text!r} is not auto, last, or stages as in layer3@4 or input@8+layer3@4"
            )
        sources.append(Source(found[1], int(found[2]) if found[2] else None))
    if len(set(sources)) < len(sources):
        raise UserError(f"readout={text!r} names a source twice")
    return Readout(tuple(sources))


def candidates(sizes: Sizes) -> list[Readout]:
    """What val chooses from: every stage at every number of bins that makes a difference.

    Args:
        sizes: the spatial axes of the maps of each stage by name, in order.
    """
    found = []
    for stage, size in sizes.items():
        bins = (INPUT_BINS if stage == INPUT else BINS)[len(size)] if size else (None,)
        shapes = [tuple(min(each or 0, axis) for axis in size) for each in bins]
        found += [
            Readout((Source(stage, each),))
            for place, each in enumerate(bins)
            if shapes[place] not in shapes[:place]
        ]
    return found


def resolve(readout: Readout, sizes: Sizes, feature_bins: int) -> Readout:
    """``readout`` with ``last`` named: the last stage, by default in ``feature_bins``.

    Raises:
        UserError: a stage is not there, or has no axes and is asked for in bins.
    """
    return Readout(tuple(_resolve(each, sizes, feature_bins) for each in readout.sources))


def _resolve(source: Source, sizes: Sizes, feature_bins: int) -> Source:
    *_, last = sizes
    if source.stage == LAST and last != INPUT:
        bins = (source.bins or feature_bins) if sizes[last] else source.bins
        source = Source(last, bins)
    if source.stage not in sizes:
        raise unknown_name("stage", source.stage, sizes)
    if source.bins is not None and not sizes[source.stage]:
        raise UserError(
            f"readout={source}: stage '{source.stage}' has no axes to pool, leave out "
            f"'@{source.bins}'"
        )
    return source
