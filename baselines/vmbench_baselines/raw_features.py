"""The other floor: the input itself, pooled, without any encoder."""

from torch import Tensor

from vmbench.networks.convolution import pool_to
from vmbench.networks.readout import INPUT_BINS
from vmbench.views.method import Method


def raw_features(x: Tensor) -> Tensor:
    """(B, C, H, W) or (B, C, T) average-pooled and flattened; (B, F) as it is.

    256 numbers per channel of a Grid, 128 of a Sequence. On HAPT spectrograms this floor beat short
    pretraining by 20 points, so it must stand beside every number.
    """
    axes = x.dim() - 2
    return pool_to(x, INPUT_BINS[axes][-1]).flatten(1) if axes else x


class RawFeatures(Method):
    """Logistic regression on the pooled, normalised input."""

    name = "raw-features"
    summary = "yardstick, a floor: the pooled input itself, no encoder"
    kind = "none"
    yardstick = True
    encodes = False
    pools = True

    def features(self, x: Tensor) -> Tensor:
        """:func:`raw_features`."""
        return raw_features(x)
