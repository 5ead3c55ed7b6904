"""What a view family may know of the data that it distorts: training examples only."""

import numpy as np

from vmbench.data.examples import Examples, Indices
from vmbench.views.base import ViewContext
from vmbench.views.method import ViewMethod

REFERENCE_SIZE = 4096  # examples that a view family may take its statistics from
REFERENCE_SEED = 4096  # of their draw: no run's, so that all methods and seeds share the rows


def draw_reference(indices: Indices) -> Indices:
    """At most :data:`REFERENCE_SIZE` of ``indices``, the same ones every time, in their order.

    Drawn, because a file's first rows may be unlike the rest: it may be sorted.
    """
    if len(indices) <= REFERENCE_SIZE:
        return indices
    drawn = np.random.default_rng(REFERENCE_SEED).choice(indices, REFERENCE_SIZE, replace=False)
    return np.sort(drawn)


def view_context(
    examples: Examples, indices: Indices, handcrafted: ViewMethod | None = None
) -> ViewContext:
    """The context of training on ``indices`` of ``examples``.

    Args:
        examples: where the training examples are.
        indices: their positions; no other is read.
        handcrafted: the domain's own view family for the spec, for a method that builds on it.
    """
    return ViewContext(
        spec=examples.spec,
        value_range=examples.dataset.value_range,
        reference=examples.batch(draw_reference(indices)),
        handcrafted=handcrafted,
        silence=examples.silence,
    )
