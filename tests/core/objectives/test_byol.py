import math

import pytest
import torch
import toy
from players import batch, build, given, gradients, train, two_views

from vmbench.objectives import byol

SPECS = [toy.ToyGrid.spec, toy.ToySequence.spec, toy.ToyVector.spec]


def naive(p, z):
    total = 0.0
    for a, b in zip(p, z, strict=True):
        difference = a / a.norm() - b / b.norm()
        total = total + sum(d * d for d in difference)
    return total / len(p)


@pytest.mark.parametrize("b", [1, 6])
def test_loss_equals_its_equation(b):
    torch.manual_seed(b)
    p, z = torch.randn(2, b, 5, dtype=torch.float64)
    assert byol(p, 3 * z).item() == pytest.approx(float(naive(p, z)), rel=1e-9)


def test_no_gradient_flows_into_the_target():
    p, z = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4, requires_grad=True)
    byol(p, z).backward()
    assert p.grad is not None
    assert z.grad is None


@pytest.mark.parametrize("spec", SPECS)
def test_both_players_get_their_gradient_through_the_online_branch_only(spec):
    """The same loss with the targets as plain numbers gives the same gradients."""
    objective, _ = build("byol", spec)
    v1, v2 = two_views(spec, requires_grad=True)
    with torch.no_grad():
        # Away from the encoder's own weights, where target and projection would agree.
        for p in objective.target.parameters():
            p += 0.1 * torch.randn_like(p)
        z1, z2 = objective.target(torch.cat([v1, v2])).chunk(2)
    loss = objective(batch(spec), given(v1, v2))
    loss.backward()
    found, of_views = gradients(objective), [v.grad.clone() for v in (v1, v2)]
    assert all(p.grad is None for p in objective.target.parameters())
    assert min(g.abs().max() for g in of_views) > 1e-5

    objective.zero_grad()
    v1.grad = v2.grad = None
    online = objective.predictor(objective.head(objective.encoder(torch.cat([v1, v2]))))
    expected = naive(online[:16], z2) + naive(online[16:], z1)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for key, gradient in gradients(objective).items():
        torch.testing.assert_close(found[key], gradient, rtol=1e-3, atol=1e-5)
    for view, gradient in zip((v1, v2), of_views, strict=True):
        torch.testing.assert_close(view.grad, gradient, rtol=1e-3, atol=1e-5)


def test_the_target_network_follows_and_no_optimiser_trains_it():
    frozen, views = build("byol", toy.ToyVector.spec, momentum=1.0)
    assert not any(p.requires_grad for p in frozen.target.parameters())
    before = {k: v.clone() for k, v in frozen.named_parameters()}
    train(frozen, views, toy.ToyVector)
    for key, value in frozen.named_parameters():
        assert torch.equal(value, before[key]) == key.startswith("target."), key


@pytest.mark.parametrize(("step", "momentum"), [(0, 0.75), (25, 0.786612), (50, 0.875), (99, None)])
def test_the_momentum_rises_as_published(step, momentum):
    """tau = 1 - (1 - tau_0) (cos(pi k / K) + 1) / 2, here with K = 100."""
    tau = 1 - 0.25 * (math.cos(math.pi * step / 100) + 1) / 2
    assert momentum is None or tau == pytest.approx(momentum, abs=1e-6)
    objective, _ = build("byol", toy.ToyVector.spec, momentum=0.75)
    start = objective.target.head[0].weight.clone()
    with torch.no_grad():
        objective.head[0].weight += 1
    objective.after_step(batch(toy.ToyVector.spec, step=step, total=100))
    torch.testing.assert_close(
        objective.target.head[0].weight, start + (1 - tau), atol=1e-6, rtol=0
    )


def test_a_training_tells_its_steps_and_how_many_there_are():
    objective, views = build("byol", toy.ToyVector.spec)
    told = []
    after_step = objective.after_step
    objective.after_step = lambda batch: (told.append((batch.step, batch.total)), after_step(batch))
    train(objective, views, toy.ToyVector)
    assert told == [(step, 10) for step in range(10)]
