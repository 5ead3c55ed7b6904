import pytest
import torch

from vmbench.data.specs import Vector
from vmbench_baselines.scarf import ScarfMethod


@pytest.mark.parametrize(("features", "corrupted"), [(27, 16), (10, 6), (3, 1), (2, 1), (1, 1)])
def test_corrupts_sixty_percent_by_values_of_the_same_column(make_context, features, corrupted):
    context = make_context(Vector(features), count=50)
    x = 100 + torch.arange(200.0 * features).view(200, features)
    view = ScarfMethod().views(context)(x, torch.Generator().manual_seed(0))
    changed = view != x
    assert (changed.sum(1) == corrupted).all()
    for row, column in changed.nonzero().tolist():
        assert view[row, column] in context.reference[:, column]


def test_draws_are_independent_and_cover_rows_and_features(make_context):
    reference = torch.arange(40.0)[:, None].expand(40, 20).clone()  # the value is the row
    context = make_context(Vector(20), count=40)
    context.reference.copy_(reference)
    x = torch.full((500, 20), -1.0)
    view = ScarfMethod().views(context)(x, torch.Generator().manual_seed(0))
    changed = view >= 0
    torch.testing.assert_close(changed.float().mean(0), torch.full((20,), 0.6), atol=0.1, rtol=0)
    assert set(view[changed].tolist()) == set(range(40))
    # Each feature has a reference row of its own: two features of one example seldom agree.
    pairs = changed[:, :-1] & changed[:, 1:]
    assert (view[:, :-1] == view[:, 1:])[pairs].float().mean() < 0.1
