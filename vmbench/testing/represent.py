"""The clause that all components of a pretraining share: a tiny run that repeats."""

from typing import Any

import torch
from torch import Tensor

from vmbench.data.specs import Spec
from vmbench.settings import Component
from vmbench.testing.report import violated
from vmbench.testing.survey import global_randomness
from vmbench.testing.synthetic import registered, tiny_run
from vmbench.views.method import Method

TOLERANCE = 1e-4  # of features computed alone and in a batch


def represent(component: type[Component] | None, method: Method, spec: Spec, **asked: Any) -> None:
    """Raise unless two tiny runs with one seed give the same, finite features.

    Args:
        component: is registered meanwhile; None: ``method`` is all that there is to find.
        method: makes the views.
        spec: of the examples.
        asked: as for :func:`~vmbench.testing.synthetic.tiny_run`.
    """
    if component is not None:
        with registered(component):
            represent(None, method, spec, **asked)
        return
    first, second = (_features(method, spec, **asked) for _ in range(2))
    if not torch.equal(first, second):
        violated("two runs of one seed give different features")


def _features(method: Method, spec: Spec, **asked: Any) -> Tensor:
    """Probe features of the training examples after a tiny run."""
    before = global_randomness()
    with tiny_run(method, spec, **asked) as tiny:
        x, representation = tiny.x, tiny.representation
        features = representation.features(x)
        alone = representation.features(x[:1])
    if global_randomness() != before:
        violated("the run changes a global random state: draw from the generator that is given")
    if features.dim() != 2 or len(features) != len(x):
        violated(f"features of {len(x)} examples have shape {tuple(features.shape)}, not (B, D)")
    if not features.isfinite().all():
        violated("features have NaN or infinite values")
    if not torch.allclose(alone, features[:1], rtol=TOLERANCE, atol=TOLERANCE):
        violated("an example's features depend on the rest of its batch: use evaluation mode")
    if representation.parameters < 0:
        violated(f"parameters = {representation.parameters}")
    return features
