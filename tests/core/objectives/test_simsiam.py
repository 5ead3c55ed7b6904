import pytest
import torch
import toy
from players import batch, build, given, gradients, two_views

from vmbench.objectives import simsiam

SPECS = [toy.ToyGrid.spec, toy.ToySequence.spec, toy.ToyVector.spec]


def naive(p, z):
    cosines = [a @ b / (a.norm() * b.norm()) for a, b in zip(p, z, strict=True)]
    return -sum(cosines) / len(cosines)


@pytest.mark.parametrize("b", [1, 6])
def test_loss_equals_its_equation(b):
    torch.manual_seed(b)
    p, z = torch.randn(2, b, 5, dtype=torch.float64)
    assert simsiam(p, 3 * z).item() == pytest.approx(naive(p, z).item(), rel=1e-9)


def test_the_predictor_is_a_bottleneck_of_a_quarter():
    """Chen and He's is 2048, 512, 2048."""
    objective, _ = build("simsiam", toy.ToyVector.spec, projection_dim=64)
    shapes = [tuple(p.shape) for p in objective.predictor.parameters() if p.dim() == 2]
    assert shapes == [(16, 64), (64, 16)]


@pytest.mark.parametrize("spec", SPECS)
def test_both_players_get_their_gradient_through_the_predictor_only(spec):
    """The same loss with the other branch as plain numbers gives the same gradients."""
    objective, _ = build("simsiam", spec)
    v1, v2 = two_views(spec, requires_grad=True)
    loss = objective(batch(spec), given(v1, v2))
    loss.backward()
    found, of_views = gradients(objective), [v.grad.clone() for v in (v1, v2)]
    assert min(g.abs().max() for g in of_views) > 1e-5

    def with_targets(z1, z2):
        objective.zero_grad()
        v1.grad = v2.grad = None
        p = objective.predictor(project())
        value = (naive(p[:16], z2) + naive(p[16:], z1)) / 2
        value.backward()
        return value.item(), gradients(objective), [v.grad for v in (v1, v2)]

    def project():
        return objective.head(objective.encoder(torch.cat([v1, v2])))

    with torch.no_grad():
        constants = project().chunk(2)
    expected, encoder, viewmaker = with_targets(*constants)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    for key, gradient in encoder.items():
        torch.testing.assert_close(found[key], gradient, rtol=1e-3, atol=1e-5)
    for one, other in zip(of_views, viewmaker, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    # Were the gradient not stopped, the encoder's would be another.
    _, leaking, _ = with_targets(*project().chunk(2))
    assert any(not torch.allclose(found[k], leaking[k], rtol=0.1, atol=1e-4) for k in leaking)
