"""The other floor: the input itself, pooled, without any encoder."""

from functools import partial

from torch import Tensor

from vmbench.data.dataset import Task
from vmbench.data.examples import Examples
from vmbench.data.specs import Spec
from vmbench.networks.convolution import pool_to
from vmbench.runs.session import Session
from vmbench.views.method import Method, Representation


def raw_features(x: Tensor, spec: Spec) -> Tensor:
    """(B, *spec.shape) average-pooled to ``spec.raw_bins`` per axis and flattened.

    256 numbers per channel of a Grid, 128 of a Sequence; (B, F) as it is. On HAPT spectrograms this
    floor beat short pretraining by 20 points, so it must stand beside every number.
    """
    return pool_to(x, spec.raw_bins).flatten(1) if spec.space else x


class RawFeatures(Method):
    """Logistic regression on the pooled, normalised input."""

    name = "raw-features"
    kind = "none"
    yardstick = True
    encodes = False

    def represent(self, session: Session, examples: Examples, task: Task) -> Representation:
        """No encoder: 0 parameters."""
        return Representation(partial(raw_features, spec=examples.spec), 0)
