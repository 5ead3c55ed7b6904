"""The viewmaker against the published layout and a naive forward pass written from its table."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn, idctn
from torch.nn import functional as F

from vmbench.data.specs import Grid, Sequence, Vector
from vmbench.networks import Viewmaker
from vmbench.networks.dct import dct, dct_matrix, inverse_dct

PARITY = 1e-4  # of epsilon: rounding of float32, ten times what was measured


def published_shapes(channels: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the released checkpoints, from the facts sheet."""
    shapes: dict[str, tuple[int, ...]] = {}

    def conv(name: str, inputs: int, outputs: int, kernel: int) -> None:
        shapes[f"{name}.conv2d.weight"] = (outputs, inputs, kernel, kernel)
        shapes[f"{name}.conv2d.bias"] = (outputs,)

    def norm(name: str, width: int) -> None:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)

    conv("conv1", channels + 1, 32, 9), norm("in1", 32)
    conv("conv2", 32, 64, 3), norm("in2", 64)
    conv("conv3", 64, 128, 3), norm("in3", 128)
    for i in range(1, 6):
        conv(f"res{i}.conv1", 128 + i, 128 + i, 3), norm(f"res{i}.in1", 128 + i)
        conv(f"res{i}.conv2", 128 + i, 128 + i, 3), norm(f"res{i}.in2", 128 + i)
    conv("deconv1", 131, 64, 3), norm("in4", 64)
    conv("deconv2", 64, 32, 3), norm("in5", 32)
    conv("deconv3", 32, channels, 9)
    return shapes


def naive_network(state: dict[str, torch.Tensor], x: torch.Tensor, blocks: int) -> torch.Tensor:
    """The published network in functional calls; noise from the global generator."""

    def conv(h, name, stride=1):
        weight = state[f"{name}.conv2d.weight"]
        pad = weight.shape[-1] // 2
        return F.conv2d(
            F.pad(h, [pad] * 4, mode="reflect"), weight, state[f"{name}.conv2d.bias"], stride=stride
        )

    def norm(h, name):
        mean = h.mean((2, 3), keepdim=True)
        var = h.var((2, 3), unbiased=False, keepdim=True)
        scaled = (h - mean) / torch.sqrt(var + 1e-5)
        return (
            scaled * state[f"{name}.weight"][:, None, None] + state[f"{name}.bias"][:, None, None]
        )

    def noisy(h):
        return torch.cat([h, torch.rand(h.shape[0], 1, *h.shape[2:])], dim=1)

    h = F.relu(norm(conv(noisy(x), "conv1"), "in1"))
    h = F.relu(norm(conv(h, "conv2", 2), "in2"))
    h = F.relu(norm(conv(h, "conv3", 2), "in3"))
    for i in range(1, blocks + 1):
        h = noisy(h)
        inner = F.relu(norm(conv(h, f"res{i}.conv1"), f"res{i}.in1"))
        h = norm(conv(inner, f"res{i}.conv2"), f"res{i}.in2") + h
    for up, norm_name in (("deconv1", "in4"), ("deconv2", "in5")):
        h = F.relu(norm(conv(h.repeat_interleave(2, 2).repeat_interleave(2, 3), up), norm_name))
    return conv(h, "deconv3")


def bounded(y: torch.Tensor, epsilon: float) -> torch.Tensor:
    """The published bound on the network's output."""
    d = torch.tanh(y)
    return d * epsilon / (d.abs().mean((1, 2, 3), keepdim=True) + 1e-4)


def naive_view(
    state: dict[str, torch.Tensor], x: torch.Tensor, epsilon: float, blocks: int = 3
) -> torch.Tensor:
    """The published forward pass."""
    return x + bounded(naive_network(state, x, blocks), epsilon)


@pytest.mark.parametrize("channels", [1, 3])
def test_names_and_shapes_are_the_published_ones(channels):
    viewmaker = Viewmaker(Grid(channels, 32, 32))
    own = {name: tuple(value.shape) for name, value in viewmaker.state_dict().items()}
    assert own == published_shapes(channels)
    assert list(own) == list(published_shapes(channels))


def test_the_signature_is_the_documented_one():
    assert str(inspect.signature(Viewmaker.__init__)) == (
        "(self, spec: vmbench.data.specs.base.Spec, epsilon: float = 0.05, "
        "clamp: tuple[float, float] | None = None, num_res_blocks: int = 3, "
        "frequency_domain: bool = False, downsample_to: int | None = None, width: int = 32, "
        "bound: Literal['input', 'released'] = 'input') -> None"
    )
    assert list(inspect.signature(Viewmaker.forward).parameters) == ["self", "x", "generator"]


@pytest.mark.parametrize(
    ("channels", "space", "blocks"),
    [(3, (32, 32), 3), (1, (64, 64), 3), (52, (32, 32), 3), (3, (28, 40), 0), (3, (32, 32), 5)],
)
def test_a_released_checkpoint_gives_the_published_views(channels, space, blocks):
    """Loaded by its names, with the same noise draws: equal to the rounding of float32."""
    spec = Grid(channels, *space)
    released = Viewmaker(spec, num_res_blocks=blocks).state_dict()
    viewmaker = Viewmaker(spec, epsilon=0.07, num_res_blocks=blocks)
    viewmaker.load_reference({f"viewmaker.{name}": value for name, value in released.items()})
    x = torch.randn(2, channels, *space)
    torch.manual_seed(3)
    expected = naive_view(released, x, 0.07, blocks)
    torch.manual_seed(3)
    difference = (viewmaker(x) - expected).abs().max()
    assert difference <= PARITY * 0.07


@pytest.mark.parametrize("space", [(32, 32), (28, 40)])
def test_the_frequency_domain_is_around_the_network_and_the_bound_after_it(space):
    viewmaker = Viewmaker(Grid(2, *space), epsilon=0.07, frequency_domain=True)
    x = torch.randn(2, 2, *space)
    frequencies = torch.from_numpy(dctn(x.numpy(), axes=(2, 3), norm="ortho"))
    torch.manual_seed(3)
    y = naive_network(viewmaker.state_dict(), frequencies, 3)
    back = torch.from_numpy(idctn(y.detach().numpy(), axes=(2, 3), norm="ortho"))
    torch.manual_seed(3)
    torch.testing.assert_close(viewmaker(x), x + bounded(back, 0.07), rtol=1e-4, atol=1e-4)


def test_downsampling_is_around_the_network_and_the_bound_after_it():
    viewmaker = Viewmaker(Grid(2, 40, 24), epsilon=0.07, downsample_to=16)
    x = torch.randn(2, 2, 40, 24)
    small = F.interpolate(x, size=(16, 16), mode="bilinear", align_corners=False)
    torch.manual_seed(3)
    y = naive_network(viewmaker.state_dict(), small, 3)
    large = F.interpolate(y, size=(40, 24), mode="bilinear", align_corners=False)
    torch.manual_seed(3)
    torch.testing.assert_close(viewmaker(x), x + bounded(large, 0.07), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("frequency", "small", "space", "size"), [
    (True, None, (32, 32), 0.0005),
    (False, 32, (64, 64), 0.044),
    (True, 16, (40, 24), 0.0008),
    (False, None, (28, 40), 0.05),
])  # fmt: skip
def test_the_released_bound_is_on_the_networks_output(frequency, small, space, size):
    """Then the inverse of a DCT without normalisation, then the resizing, as in released code."""
    viewmaker = Viewmaker(
        Grid(2, *space), 0.05, frequency_domain=frequency, downsample_to=small, bound="released"
    )
    x = torch.randn(4, 2, *space, generator=torch.Generator().manual_seed(0))
    inputs = F.interpolate(x, size=(small, small), mode="bilinear") if small else x
    if frequency:
        inputs = torch.from_numpy(dctn(inputs.numpy(), axes=(2, 3)))
    torch.manual_seed(3)
    delta = bounded(naive_network(viewmaker.state_dict(), inputs, 3), 0.05)
    if frequency:
        delta = torch.from_numpy(idctn(delta.detach().numpy(), axes=(2, 3)))
    if small:
        delta = F.interpolate(delta, size=space, mode="bilinear")
    torch.manual_seed(3)
    found = viewmaker.perturbation(x)
    torch.testing.assert_close(found, delta, rtol=1e-3, atol=1e-4 * size)
    assert found.abs().mean().item() == pytest.approx(size, rel=0.25)


def test_without_either_option_both_bounds_are_one():
    views = []
    for bound in ("input", "released"):
        torch.manual_seed(0)
        viewmaker = Viewmaker(Grid(1, 16, 20), bound=bound, width=4)
        views.append(viewmaker(torch.ones(2, 1, 16, 20), torch.Generator().manual_seed(1)))
    assert torch.equal(*views)
    with pytest.raises(ValueError, match="must be one of input, released"):
        Viewmaker(Vector(3), bound="output")


def test_load_reference_takes_a_prefixed_checkpoint_and_refuses_another():
    source, target = Viewmaker(Grid(3, 32, 32)), Viewmaker(Grid(3, 32, 32))
    released = {f"module.viewmaker.{k}": v for k, v in source.state_dict().items()}
    released["module.encoder.conv1.weight"] = torch.zeros(1)
    assert target.load_reference(released) is target
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value)
    with pytest.raises(ValueError, match=r"conv1.conv2d.weight is \(32, 4, 9, 9\)"):
        Viewmaker(Grid(1, 32, 32)).load_reference(released)
    with pytest.raises(ValueError, match="missing"):
        target.load_reference({"conv1.conv2d.weight": torch.zeros(1)})


SPECS = st.one_of(
    st.builds(Grid, st.integers(1, 3), st.integers(1, 40), st.integers(1, 40)),
    st.builds(Sequence, st.integers(1, 3), st.integers(1, 70)),
    st.builds(Vector, st.integers(1, 40)),
)


@settings(max_examples=60, deadline=None)
@given(
    SPECS,
    st.floats(0.01, 1.0),
    st.booleans(),
    st.sampled_from([None, 16]),
    st.sampled_from([torch.float32, torch.float64]),
    st.integers(0, 2**31),
)
def test_any_view_is_bounded_stochastic_and_repeatable(
    spec, epsilon, frequency, small, dtype, seed
):
    torch.manual_seed(seed)
    viewmaker = Viewmaker(spec, epsilon, frequency_domain=frequency, downsample_to=small, width=4)
    viewmaker.to(dtype)
    x = torch.randn(3, *spec.shape, dtype=dtype)
    before = x.clone()
    first, again, other = (viewmaker(x, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert first.shape == x.shape
    assert first.dtype == dtype
    assert torch.isfinite(first).all()
    assert torch.equal(x, before)
    assert torch.equal(first, again)
    if spec.numel > 1:  # a single number has only two points on its sphere
        assert not torch.equal(first, other)
    delta = (first - x).abs().flatten(1).mean(1)
    assert (delta <= epsilon * (1 + 1e-4)).all()


# Any input: ordinary, constant, silent, huge, tiny, and far from zero.
INPUTS = {
    "noise": lambda noise: noise,
    "constant": lambda noise: torch.full_like(noise, 0.3),
    "zero": torch.zeros_like,
    "huge": lambda noise: 1e4 * noise,
    "tiny": lambda noise: 1e-6 * noise,
    "shifted": lambda noise: noise + 100,
}


@settings(max_examples=60, deadline=None)
@given(
    SPECS,
    st.sampled_from([0.02, 0.05, 0.5, 2.0]),
    st.booleans(),
    st.sampled_from([None, 16]),
    st.sampled_from(sorted(INPUTS)),
    st.integers(0, 2**31),
)
def test_budget_is_epsilon_within_one_percent_and_clamped_views_stay_in_range(
    spec, epsilon, frequency, small, kind, seed
):
    torch.manual_seed(seed)
    viewmaker = Viewmaker(spec, epsilon, frequency_domain=frequency, downsample_to=small, width=8)
    x = INPUTS[kind](torch.rand(4, *spec.shape))
    delta = viewmaker.perturbation(x, torch.Generator().manual_seed(seed))
    budget = delta.abs().flatten(1).mean(1)
    assert delta.isfinite().all()
    # A raw output below 0.01 on average (a lone feature at initialisation) is the exception.
    assert (budget <= epsilon * (1 + 1e-5)).all()
    if spec.numel > 16:
        assert (budget >= epsilon * 0.99).all()
    viewmaker.clamp = (0.0, 1.0)
    view = viewmaker(x, torch.Generator().manual_seed(seed))
    assert view.min() >= 0
    assert view.max() <= 1


def test_unused_blocks_exist_but_get_no_gradient():
    viewmaker = Viewmaker(Grid(1, 16, 16), num_res_blocks=2, width=4)
    viewmaker(torch.randn(2, 1, 16, 16)).square().sum().backward()
    used = {name for name, p in viewmaker.named_parameters() if p.grad is not None}
    assert any(name.startswith("res2") for name in used)
    assert not any(name.startswith("res3") for name in used)


def test_dct_is_orthonormal_and_equals_scipy():
    x = torch.randn(2, 3, 6, 10)
    expected = dctn(x.numpy(), axes=(2, 3), norm="ortho")
    np.testing.assert_allclose(dct(x).numpy(), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(inverse_dct(dct(x)), x, rtol=1e-4, atol=1e-5)
    plain = dct(x, orthonormal=False)
    np.testing.assert_allclose(plain.numpy(), dctn(x.numpy(), axes=(2, 3)), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(inverse_dct(plain, orthonormal=False), x, rtol=1e-4, atol=1e-5)
    vector = torch.randn(4, 7)
    torch.testing.assert_close(inverse_dct(dct(vector)), vector, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(dct_matrix(9) @ dct_matrix(9).T, torch.eye(9), atol=1e-5, rtol=0)
