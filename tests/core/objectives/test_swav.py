import math

import pytest
import torch
import toy
from players import batch, build, given, gradients, train, two_views
from torch.nn import functional as F

from vmbench.objectives import sinkhorn, swav

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
