import math

import pytest
import torch
import toy
from players import N_EXAMPLES, batch, build, given, two_views
from torch.nn import functional as F

from vmbench.objectives import instdisc_reference


def unit(n, d, seed):
    z = torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return F.normalize(z, dim=1)


def naive(z, bank, index, noise, t):
    total = 0.0
    for i, zi in enumerate(z):
        zi = zi / zi.norm()
        drawn = [math.exp(float(zi @ bank[n]) / t) for n in noise[i]]
        own = float(zi @ bank[index[i]]) / t
        total += math.log(sum(drawn)) - math.log(len(drawn)) - own
    return total / len(z)


@pytest.mark.parametrize("t", [0.07, 0.5])
@pytest.mark.parametrize(("b", "k"), [(1, 1), (4, 3), (5, 30)])
def test_loss_equals_its_equation(b, k, t):
    generator = torch.Generator().manual_seed(k)
    z, bank = 3 * unit(b, 5, 0), unit(8, 5, 1)
    index = torch.randperm(8, generator=generator)[:b]
    noise = torch.randint(8, (b, k), generator=generator)  # more draws than memories, too
    loss = instdisc_reference(z, bank, index, noise, t)
    assert loss.item() == pytest.approx(naive(z, bank, index, noise, t), rel=1e-9, abs=1e-9)


def test_the_objective_is_that_loss_of_its_bank_and_draw():
    spec = toy.ToyVector.spec
    objective, _ = build("instdisc-reference", spec, negatives=300, temperature=0.5)
    examples, (view, _) = batch(spec), two_views(spec)
    with torch.no_grad():
        z = objective.head(objective.encoder(view))
    noise = objective._noise(len(z))
    loss = objective(examples, given(view))
    expected = naive(z.double(), objective.bank.double(), examples.index, noise, 0.5)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_each_example_draws_its_own_uniformly_and_with_replacement():
    objective, _ = build("instdisc-reference", toy.ToyVector.spec, negatives=N_EXAMPLES)
    noise = objective._noise(400)
    assert noise.shape == (400, N_EXAMPLES)
    assert len(torch.unique(noise, dim=0)) == 400
    counts = torch.bincount(noise.flatten(), minlength=N_EXAMPLES)
    assert len(counts) == N_EXAMPLES
    assert (counts / 400 - 1).abs().max() < 0.3  # 400 expected, sd 20
    # With replacement, 1/e of a row are missing, and never all of them are there.
    missing = [1 - len(row.unique()) / N_EXAMPLES for row in noise]
    assert sum(missing) / 400 == pytest.approx(math.exp(-1), abs=0.01)


def test_the_draw_is_new_each_step_and_the_same_for_both_players():
    spec = toy.ToyVector.spec
    objective, _ = build("instdisc-reference", spec, negatives=20)
    drawn = [objective._noise(4)]
    for _ in range(2):  # two passes of one step
        objective(batch(spec), given(two_views(spec)[0]))
        drawn.append(objective._noise(4))
    assert torch.equal(drawn[0], drawn[2])
    objective.after_step(batch(spec))
    assert not torch.equal(drawn[0], objective._noise(4))


def test_the_bank_moves_by_half_and_stays_on_the_sphere():
    spec = toy.ToyVector.spec
    objective, _ = build("instdisc-reference", spec)
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
    assert "bank" not in dict(objective.named_parameters())
