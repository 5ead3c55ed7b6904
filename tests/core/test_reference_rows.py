"""What a view family may know of a sorted file: a draw of all its training rows."""

import numpy as np
import pytest
import torch
import toy
from scipy.stats import ks_2samp

from vmbench.data.dataset import Example
from vmbench.data.examples import prepare
from vmbench.evaluation.corruptions import Clean
from vmbench.registry import registry
from vmbench.views.context import REFERENCE_SIZE, view_context

ROWS = 12_000


class Sorted(toy.ToyVector):
    """Rows in the order of their first feature, on which the second depends; the third is noise."""

    name = "toy-sorted"
    spec = toy.Vector(3)

    def examples(self):
        rng = np.random.default_rng(0)
        price = np.sort(rng.exponential(size=ROWS))
        size, noise = price + rng.standard_normal(ROWS), rng.standard_normal(ROWS)
        for i, x in enumerate(np.stack([price, size, noise], 1).astype(np.float32)):
            split = {3: "val", 4: "test"}.get(i % 5, "train")
            yield Example(x, {"kind": i % 3}, {"kind": split})


@pytest.fixture(scope="module")
def examples():
    return prepare(Sorted().bind())


def context(examples, indices):
    return view_context(examples, indices)


def test_scarf_draws_from_the_marginals_of_the_whole_training_set(examples):
    indices = examples.training()
    assert len(indices) > REFERENCE_SIZE
    train = examples.batch(indices)
    scarf = registry("method").get("scarf").views(context(examples, indices))
    view = scarf(train, torch.Generator().manual_seed(0))
    for feature in range(3):
        changed = view[:, feature] != train[:, feature]
        drawn = view[changed, feature].numpy()
        # Two samples of one distribution: the first 4,096 rows give p < 1e-100 on two features.
        assert ks_2samp(drawn, train[:, feature].numpy()).pvalue > 1e-3


def test_the_noise_of_robustness_has_the_scale_of_the_whole_training_set(examples):
    indices = examples.training()
    clean = Clean.of(context(examples, indices))
    torch.testing.assert_close(clean.sd[0], torch.ones(3), rtol=0.05, atol=0)
    torch.testing.assert_close(clean.mean[0], torch.zeros(3), rtol=0, atol=0.05)


def test_all_methods_and_seeds_share_the_rows_and_no_other_split_is_in_them(examples):
    indices = examples.training()
    rows = context(examples, indices).reference
    assert torch.equal(rows, context(examples, indices).reference)
    assert len(rows) == REFERENCE_SIZE
    train = {tuple(row) for row in examples.batch(indices).tolist()}
    drawn = {tuple(row) for row in rows.tolist()}
    assert len(drawn) == REFERENCE_SIZE  # without replacement
    assert drawn <= train


def test_few_examples_are_all_there(examples):
    indices = examples.training()[:50]
    assert torch.equal(context(examples, indices).reference, examples.batch(indices))
