"""Each loss against loops written from its equation."""

import math

import pytest
import torch
from torch.nn import functional as F

from vmbench.objectives import simclr, simclr_reference


def naive_simclr(z1, z2, t):
    z = [F.normalize(v, dim=0) for v in torch.cat([z1, z2])]
    n, total = len(z), 0.0
    for i in range(n):
        partner = (i + n // 2) % n
        denominator = sum(math.exp(float(z[i] @ z[j]) / t) for j in range(n) if j != i)
        total -= math.log(math.exp(float(z[i] @ z[partner]) / t) / denominator)
    return total / n


def naive_reference(z1, z2, t):
    a, b = F.normalize(z1, dim=1), F.normalize(z2, dim=1)
    candidates, total = torch.cat([a, b]), 0.0
    for i in range(len(a)):
        denominator = sum(math.exp(float(a[i] @ c) / t) for c in candidates)
        total += math.log(denominator) - math.log(2 * len(a)) - float(a[i] @ b[i]) / t
    return total / len(a)


@pytest.mark.parametrize(
    ("loss", "naive"), [(simclr, naive_simclr), (simclr_reference, naive_reference)]
)
@pytest.mark.parametrize("t", [0.07, 0.5])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_loss_equals_its_equation(loss, naive, t, n):
    torch.manual_seed(n)
    z1, z2 = torch.randn(n, 5, dtype=torch.float64), 3 * torch.randn(n, 5, dtype=torch.float64)
    assert loss(z1, z2, t).item() == pytest.approx(naive(z1, z2, t), rel=1e-9, abs=1e-9)


def test_simclr_is_symmetric_and_the_reference_is_not():
    torch.manual_seed(0)
    z1, z2 = torch.randn(6, 4), torch.randn(6, 4)
    assert simclr(z1, z2, 0.2).item() == pytest.approx(simclr(z2, z1, 0.2).item(), rel=1e-6)
    assert abs(simclr_reference(z1, z2, 0.2) - simclr_reference(z2, z1, 0.2)) > 1e-3
