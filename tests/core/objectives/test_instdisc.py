import math

import pytest
import torch
import toy
from players import N_EXAMPLES, batch, build, given, two_views
from torch.nn import functional as F

from vmbench.objectives import instdisc


def unit(n, d, seed):
    z = torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return F.normalize(z, dim=1)


def naive(z, memory, negatives, t, partition, n):
    def h(v, zi):
        p = math.exp(float(v @ zi) / t) / partition
        return p / (p + len(negatives) / n)

    total = 0.0
    for zi, own in zip(z, memory, strict=True):
        zi = zi / zi.norm()
        total -= math.log(h(own, zi))
        total -= sum(math.log(1 - h(v, zi)) for v in negatives)
    return total / len(z)


@pytest.mark.parametrize("t", [0.07, 0.5])
@pytest.mark.parametrize(("b", "k"), [(1, 1), (4, 9)])
def test_loss_equals_its_equation(b, k, t):
    z, memory, negatives = 3 * unit(b, 5, 0), unit(b, 5, 1), unit(k, 5, 2)
    loss = instdisc(z, memory, negatives, t, math.log(30.0), n_examples=40)
    assert loss.item() == pytest.approx(naive(z, memory, negatives, t, 30.0, 40), rel=1e-9)


def test_z_is_estimated_on_the_first_batch_and_then_constant():
    spec = toy.ToyVector.spec
    objective, _ = build("instdisc", spec, negatives=N_EXAMPLES, temperature=0.5)
    view, other = two_views(spec)
    objective(batch(spec), given(view))
    with torch.no_grad():
        z = F.normalize(objective.head(objective.encoder(view)), dim=1)
    # With every example drawn the estimate is the exact sum over the bank.
    sums = [sum(math.exp(float(v @ zi) / 0.5) for v in objective.bank) for zi in z]
    estimate = objective.log_z.clone()
    assert estimate.exp().item() == pytest.approx(sum(sums) / len(sums), rel=1e-4)
    objective.after_step(batch(spec))
    objective(batch(spec, seed=8), given(other))
    assert torch.equal(objective.log_z, estimate)


def test_the_bank_moves_by_half_and_stays_on_the_sphere():
    spec = toy.ToyVector.spec
    objective, _ = build("instdisc", spec)
    before, examples, (view, _) = objective.bank.clone(), batch(spec), two_views(spec)
    with torch.no_grad():
        z = F.normalize(objective.head(objective.encoder(view)), dim=1)
    objective(examples, given(view))
    assert torch.equal(objective.bank, before)
    objective.after_step(examples)
    expected = before.clone()
    for row, index in enumerate(examples.index):
        moved = 0.5 * before[index] + 0.5 * z[row]
        expected[index] = moved / moved.norm()
    torch.testing.assert_close(objective.bank, expected)


def test_negatives_are_capped_new_each_step_and_the_same_for_both_players():
    spec = toy.ToyVector.spec
    objective, _ = build("instdisc", spec, negatives=4096)
    assert len(objective._negatives()) == N_EXAMPLES
    objective, _ = build("instdisc", spec, negatives=20)
    drawn = [objective._negatives()]
    for _ in range(2):  # two passes of one step
        objective(batch(spec), given(two_views(spec)[0]))
        drawn.append(objective._negatives())
    assert len(drawn[0].unique(dim=0)) == 20
    assert torch.equal(drawn[0], drawn[2])
    objective.after_step(batch(spec))
    assert not torch.equal(drawn[0], objective._negatives())


def test_the_bank_is_a_constant_and_the_view_gets_a_gradient():
    spec = toy.ToyVector.spec
    objective, _ = build("instdisc", spec)
    view, _ = two_views(spec, requires_grad=True)
    objective(batch(spec), given(view)).backward()
    assert view.grad.abs().max() > 1e-4
    assert "bank" not in dict(objective.named_parameters())
    assert not objective.bank.requires_grad
