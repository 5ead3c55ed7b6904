import math

import pytest
import torch
import toy
from players import batch, build, given, train, two_views
from torch.nn import functional as F

from vmbench.objectives import moco

SPECS = [toy.ToyGrid.spec, toy.ToySequence.spec, toy.ToyVector.spec]


def naive(q, k, queue, t, own):
    total = 0.0
    for i in range(len(q)):
        a, b = q[i] / q[i].norm(), k[i] / k[i].norm()
        positive = math.exp(float(a @ b) / t)
        negative = sum(math.exp(float(a @ v) / t) for j, v in enumerate(queue) if not own[i][j])
        total -= math.log(positive / (positive + negative))
    return total / len(q)


@pytest.mark.parametrize("t", [0.07, 0.5])
@pytest.mark.parametrize(("b", "n"), [(1, 1), (4, 9)])
def test_loss_equals_its_equation(b, n, t):
    torch.manual_seed(b)
    q, k = torch.randn(2, b, 5, dtype=torch.float64)
    queue = F.normalize(torch.randn(n, 5, dtype=torch.float64), dim=1)
    own = torch.rand(b, n) < 0.3
    nowhere = torch.zeros(b, n)
    assert moco(q, 2 * k, queue, t).item() == pytest.approx(naive(q, k, queue, t, nowhere))
    assert moco(q, k, queue, t, own).item() == pytest.approx(naive(q, k, queue, t, own))


@pytest.mark.parametrize("spec", SPECS)
def test_the_view_gets_its_gradient_through_the_query_only(spec):
    objective, _ = build("moco", spec)
    first, second = two_views(spec, requires_grad=True)
    objective(batch(spec), given(first, second)).backward()
    assert first.grad.abs().max() > 1e-5
    assert second.grad is None
    assert all(p.grad is None for p in objective.momentum_encoder.parameters())
    assert all(p.grad is not None for p in objective.encoder.parameters())


def test_no_gradient_flows_into_the_keys():
    q, k = torch.randn(2, 3, 4).unbind()
    q.requires_grad_()
    k.requires_grad_()
    moco(q, k, torch.eye(4), 0.2).backward()
    assert q.grad is not None
    assert k.grad is None


def test_the_queue_is_first_in_first_out_and_leaves_out_an_examples_own_keys():
    spec = toy.ToyVector.spec
    objective, _ = build("moco", spec, negatives=40)
    old, keys, owners = objective.queue.clone(), [], []
    for step in range(3):
        examples, (q, k) = batch(spec, seed=step), two_views(spec, seed=step)
        with torch.no_grad():
            keys.append(F.normalize(objective.momentum_encoder(k), dim=1))
        owners.append(examples.index)
        objective(examples, given(q, k))
        objective.after_step(examples)
        if step == 0:
            torch.testing.assert_close(objective.queue, torch.cat([keys[0], old[:24]]))
    torch.testing.assert_close(objective.queue, torch.cat([keys[2], keys[1], keys[0][:8]]))
    assert torch.equal(objective.owners, torch.cat([owners[2], owners[1], owners[0][:8]]))
    # The same examples again: each finds its own key in the queue, once.
    examples, (q, k) = batch(spec, seed=2), two_views(spec, seed=7)
    own = [[int(i) == int(o) for o in objective.owners] for i in examples.index]
    with torch.no_grad():
        zq = objective.head(objective.encoder(q)).double()
        zk = objective.momentum_encoder(k).double()
    expected = naive(zq, zk, objective.queue.double(), objective.settings.temperature, own)
    assert sum(map(sum, own)) >= 16
    assert objective(examples, given(q, k)).item() == pytest.approx(expected, rel=1e-5)


def test_a_queue_shorter_than_a_batch_and_one_longer_than_the_training_set():
    spec = toy.ToyVector.spec
    objective, _ = build("moco", spec, negatives=5)
    objective(batch(spec), given(*two_views(spec)))
    objective.after_step(batch(spec))
    assert objective.queue.shape == (5, 8)
    assert len(build("moco", spec, negatives=10_000)[0].queue) == 180


def test_the_momentum_encoder_follows_and_no_optimiser_trains_it():
    """With momentum 1 it stays where it began while the encoder moves; with 0.9 it trails."""
    frozen, views = build("moco", toy.ToyVector.spec, momentum=1.0)
    assert not any(p.requires_grad for p in frozen.momentum_encoder.parameters())
    before = {k: v.clone() for k, v in frozen.named_parameters()}
    train(frozen, views, toy.ToyVector)
    for key, value in frozen.named_parameters():
        assert torch.equal(value, before[key]) == key.startswith("momentum_encoder."), key

    objective, _ = build("moco", toy.ToyVector.spec, momentum=0.9)
    weight, slow = objective.encoder.first.weight, objective.momentum_encoder.encoder.first.weight
    start = slow.clone()
    assert torch.equal(weight, slow)
    with torch.no_grad():
        weight += 1
    objective(batch(toy.ToyVector.spec), given(*two_views(toy.ToyVector.spec)))
    objective.after_step(batch(toy.ToyVector.spec))
    torch.testing.assert_close(slow, start + 0.1)
