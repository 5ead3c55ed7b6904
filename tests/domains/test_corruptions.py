"""The corruptions of robustness on real examples: each severity is above the one before."""

from itertools import pairwise

import pytest
import torch

from vmbench.data.examples import prepare
from vmbench.evaluation.corruptions import SEVERITIES, Clean, corruptions
from vmbench.registry import registry
from vmbench.views.base import ViewContext
from vmbench.views.context import draw_reference

DATASETS = [
    ("image", "digits"),
    ("sensor", "watch"),
    ("sensor", "watch-raw"),
    ("medical", "pig-cvp"),
    ("medical", "breast-cancer"),
    ("tabular", "diamonds"),
]


@pytest.mark.parametrize(("domain", "name"), DATASETS)
def test_the_distance_to_the_clean_input_grows_with_severity(domain, name):
    dataset = registry("domain").get(domain).dataset(name).bind(None)
    examples = prepare(dataset)
    rows = examples.batch(draw_reference(examples.training()))
    clean = Clean.of(ViewContext(examples.spec, dataset.value_range, rows))
    x = examples.batch(examples.split(dataset.tasks[0], "test")[:512])
    spread = (x - clean.mean).square().mean()
    for corruption in corruptions(examples.spec):
        distances = [0.0]
        for severity in SEVERITIES:
            y = corruption(x, severity, clean, torch.Generator().manual_seed(0))
            distances.append(((y - x).square().mean() / spread).item())
        assert all(a < b for a, b in pairwise(distances)), (corruption.name, distances)
        # By as much as one sees: equal constants, or a shift by whole periods, would not.
        assert distances[-1] > 1.5 * distances[1], (corruption.name, distances)
