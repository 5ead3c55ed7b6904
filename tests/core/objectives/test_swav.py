import math

import pytest
import torch
import toy
from planning import make_plan
from players import batch, build, given, gradients, train, two_views
from torch.nn import functional as F

from vmbench.config import make_config
from vmbench.errors import UserError
from vmbench.networks import build_encoder
from vmbench.objectives import sinkhorn, swav
from vmbench.registry import registry
from vmbench.runs.presets import PRESETS

SPECS = [toy.ToyGrid.spec, toy.ToySequence.spec, toy.ToyVector.spec]


def naive_sinkhorn(scores, epsilon, iterations):
    b, k = scores.shape
    q = [[math.exp(float(s) / epsilon) for s in row] for row in scores]
    for _ in range(iterations):
        for j in range(k):
            total = sum(q[i][j] for i in range(b))
            for i in range(b):
                q[i][j] /= total * k
        for i in range(b):
            total = sum(q[i])
            q[i] = [v / (total * b) for v in q[i]]
    return [[v * b for v in row] for row in q]


def naive_swav(scores1, scores2, t, codes1, codes2):
    total = 0.0
    for scores, codes in ((scores1, codes2), (scores2, codes1)):
        for row, code in zip(scores, codes, strict=True):
            denominator = sum((s / t).exp() for s in row)
            for s, c in zip(row, code, strict=True):
                total = total - c * ((s / t).exp() / denominator).log() / (2 * len(scores))
    return total


def scores(b, k, seed):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(b, k, generator=generator, dtype=torch.float64) - 1


@pytest.mark.parametrize(("b", "k"), [(1, 3), (6, 4), (5, 9)])
def test_sinkhorn_equals_its_loop(b, k):
    expected = torch.tensor(naive_sinkhorn(scores(b, k, 0), 0.05, 3), dtype=torch.float64)
    torch.testing.assert_close(sinkhorn(scores(b, k, 0), 0.05, 3), expected)


def test_sinkhorn_uses_every_prototype_alike_and_never_overflows():
    lopsided = scores(12, 4, 1)
    lopsided[:, 0] += 3  # every example prefers prototype 0
    codes = sinkhorn(lopsided, 0.5, 200)
    torch.testing.assert_close(codes.sum(0), torch.full((4,), 3.0, dtype=torch.float64))
    torch.testing.assert_close(codes.sum(1), torch.ones(12, dtype=torch.float64))
    assert torch.isfinite(sinkhorn(1e4 * lopsided.float(), 0.05, 3)).all()


@pytest.mark.parametrize("t", [0.1, 0.5])
def test_loss_equals_its_equation(t):
    s1, s2 = scores(6, 4, 1), scores(6, 4, 2)
    codes = [naive_sinkhorn(s, 0.05, 3) for s in (s1, s2)]
    assert swav(s1, s2, t).item() == pytest.approx(naive_swav(s1, s2, t, *codes).item(), rel=1e-9)


@pytest.mark.parametrize("spec", SPECS)
def test_both_players_get_their_gradient_through_the_predictions_only(spec):
    """The same loss with the codes as plain numbers gives the same gradients."""
    objective, _ = build("swav", spec)
    v1, v2 = two_views(spec, requires_grad=True)
    loss = objective(batch(spec), given(v1, v2))
    loss.backward()
    found, of_views = gradients(objective), [v.grad.clone() for v in (v1, v2)]
    assert min(g.abs().max() for g in of_views) > 1e-5

    objective.zero_grad()
    v1.grad = v2.grad = None
    z = F.normalize(objective.head(objective.encoder(torch.cat([v1, v2]))), dim=1)
    s1, s2 = (z @ objective.prototypes.T).chunk(2)
    codes = [naive_sinkhorn(s.detach(), 0.05, 3) for s in (s1, s2)]
    expected = naive_swav(s1, s2, objective.config.temperature, *codes)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for key, gradient in gradients(objective).items():
        torch.testing.assert_close(found[key], gradient, rtol=1e-3, atol=1e-4)
    for view, gradient in zip((v1, v2), of_views, strict=True):
        torch.testing.assert_close(view.grad, gradient, rtol=1e-3, atol=1e-4)


def test_prototypes_are_trained_and_stay_on_the_sphere():
    objective, views = build("swav", toy.ToyVector.spec)
    before = objective.prototypes.detach().clone()
    train(objective, views, toy.ToyVector)
    assert (objective.prototypes - before).abs().max() > 1e-3
    torch.testing.assert_close(objective.prototypes.norm(dim=1), torch.ones(6))


def chosen(batch_size, **settings):
    config = make_config({"batch_size": batch_size, "projection_dim": 4, **settings})
    return len(registry("objective").load_class("swav")(encoder(), config, 100).prototypes)


def encoder():
    return build_encoder(toy.ToyVector.spec, make_config({"width": 1}))


def test_prototypes_follow_the_batch_unless_they_are_set():
    assert [chosen(size) for size in (2, 3, 32, 64, 128)] == [2, 2, 16, 32, 64]
    assert chosen(32, prototypes=32) == 32


@pytest.mark.parametrize("domain", ["audio", "image", "medical", "sensor", "tabular"])
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("method", ["viewmaker", "handcrafted", "cutout"])
def test_no_domains_batch_has_fewer_examples_than_prototypes(domain, preset, method):
    config = make_plan(domain, method, "swav", preset, 0, None, (), {}).config
    with_head = config.model_copy(update={"head": "mlp"})
    count = len(registry("objective").load_class("swav")(encoder(), with_head, 100).prototypes)
    assert 2 <= count <= config.batch_size
    with pytest.raises(UserError) as error:
        make_plan(domain, method, "swav", preset, 0, None, (), {"prototypes": 300})
    size = config.batch_size
    assert f"--set prototypes={size} or fewer, or --set batch_size=300 or more" in str(error.value)


def test_more_prototypes_than_examples_are_refused_for_swav_alone():
    settings = {"prototypes": 65, "batch_size": 64}
    with pytest.raises(UserError, match="65 prototypes alike in a batch of 64"):
        chosen(**settings)
    with pytest.raises(UserError, match="65 prototypes alike in a batch of 64"):
        make_plan("toy", "viewmaker", "swav", "smoke", 0, None, (), settings)
    assert make_plan("toy", "viewmaker", "simclr", "smoke", 0, None, (), settings)
    assert make_plan("toy", "supervised", "swav", "smoke", 0, None, (), settings)
