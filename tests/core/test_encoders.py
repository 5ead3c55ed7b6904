"""Encoders: published names, any size, features before the head."""

import pytest
import torch
from planning import new_encoder
from torch.nn import functional as F

from vmbench.data.specs import Grid, Sequence, Vector
from vmbench.errors import UserError
from vmbench.networks import Architecture, ResNet18, ResNet50, build_encoder


def published_resnet18() -> dict[str, tuple[int, ...]]:
    """CIFAR ResNet-18 at width 64 with fc to 128, as released."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 3, 3)}

    def norm(name: str, width: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = (width,)
        shapes[f"{name}.num_batches_tracked"] = ()

    norm("bn1", 64)
    inputs = 64
    for stage, width in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            name = f"layer{stage}.{block}"
            shapes[f"{name}.conv1.weight"] = (width, inputs, 3, 3)
            norm(f"{name}.bn1", width)
            shapes[f"{name}.conv2.weight"] = (width, width, 3, 3)
            norm(f"{name}.bn2", width)
            if stage > 1 and block == 0:
                shapes[f"{name}.shortcut.0.weight"] = (width, inputs, 1, 1)
                norm(f"{name}.shortcut.1", width)
            inputs = width
    shapes["fc.weight"], shapes["fc.bias"] = (128, 512), (128,)
    return shapes


def test_resnet18_has_the_published_names_and_shapes():
    own = {k: tuple(v.shape) for k, v in ResNet18(Grid(3, 32, 32)).state_dict().items()}
    assert own == published_resnet18()
    assert list(own)[-2:] == ["fc.weight", "fc.bias"]


def test_resnet18_computes_a_residual_network():
    """A block by hand: shortcut plus two convolutions, ReLU after the sum."""
    net = ResNet18(Grid(1, 8, 8), width=4).eval()
    x = torch.randn(2, 4, 8, 8)
    block = net.layer2[0]
    by_hand = torch.relu(
        block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(x))))) + block.shortcut(x)
    )
    assert torch.equal(block(x), by_hand)
    assert block.shortcut[0].stride == (2, 2)
    assert len(net.layer1[0].shortcut) == 0


def naive_resnet(state, x, depths, stem):
    """Any published ResNet in functional calls, batch norm by its running statistics."""
    kernel, stride = (3, 1) if stem == "cifar" else (7, 2)
    assert state["conv1.weight"].shape[2:] == (kernel, kernel)

    def norm(h, name):
        mean, var, weight, bias = (
            state[f"{name}.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (h - mean) / torch.sqrt(var + 1e-5) * weight + bias

    def conv(h, name, stride=1):
        weight = state[f"{name}.weight"]
        return F.conv2d(h, weight, stride=stride, padding=weight.shape[-1] // 2)

    h = F.relu(norm(conv(x, "conv1", stride), "bn1"))
    if stem == "imagenet":
        h = F.max_pool2d(h, 3, stride=2, padding=1)
    for stage, depth in enumerate(depths, start=1):
        for block in range(depth):
            name, down = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            bottleneck = f"{name}.conv3.weight" in state
            strides = (1, down, 1) if bottleneck else (down, 1)
            inner = h
            for i, stride in enumerate(strides, start=1):
                inner = norm(conv(inner, f"{name}.conv{i}", stride), f"{name}.bn{i}")
                inner = F.relu(inner) if i < len(strides) else inner
            if f"{name}.shortcut.0.weight" in state:
                h = norm(conv(h, f"{name}.shortcut.0", down), f"{name}.shortcut.1")
            h = F.relu(inner + h)
    return h.mean((2, 3)) @ state["fc.weight"].T + state["fc.bias"]


@pytest.mark.parametrize(
    ("network", "depths", "stem", "spec"),
    [
        (ResNet18, (2, 2, 2, 2), "cifar", Grid(3, 32, 32)),
        (ResNet18, (2, 2, 2, 2), "imagenet", Grid(1, 64, 64)),
        (ResNet50, (3, 4, 6, 3), "imagenet", Grid(1, 112, 112)),
    ],
)
def test_a_resnet_equals_the_published_pass(network, depths, stem, spec):
    net = network(spec, width=16, stem=stem)
    x = torch.randn(4, *spec.shape)
    net.train()(x)  # away from running statistics of zero and one
    with torch.no_grad():
        found, expected = net.eval()(x), naive_resnet(net.state_dict(), x, depths, stem)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_resnet50_is_four_times_as_wide_and_50_layers_deep():
    net = ResNet50(Grid(3, 32, 32), width=4)
    assert net.dim == 8 * 4 * 4
    convolutions = [
        n for n, m in net.named_modules() if isinstance(m, torch.nn.Conv2d) and "shortcut" not in n
    ]
    assert len(convolutions) == 49  # and fc makes fifty
    assert net(torch.zeros(1, 3, 32, 32)).shape == (1, 128)


@pytest.mark.parametrize(
    "spec",
    [Grid(1, 5, 3), Grid(2, 33, 17), Sequence(3, 2), Sequence(1, 101), Vector(1), Vector(11)],
)
@pytest.mark.parametrize("stem", ["cifar", "strided", "imagenet"])
def test_any_size_gives_features_and_gradients(spec, stem):
    encoder = new_encoder(spec, **({"stem": stem} if spec.space else {}))
    x = torch.randn(3, *spec.shape)
    features = encoder.features(x, bins=2)
    assert features.shape[0] == 3
    assert features.shape[1] % encoder.dim == 0
    assert encoder.pooled(x).shape == (3, encoder.dim)
    encoder(x).square().sum().backward()
    assert all(p.grad is not None for p in encoder.parameters())


def test_features_are_finer_than_the_pooled_representation():
    encoder = new_encoder(Grid(1, 32, 32)).eval()
    x = torch.randn(2, 1, 32, 32)
    fine = encoder.features(x, bins=2).view(2, encoder.dim, 4)
    torch.testing.assert_close(fine.mean(2), encoder.pooled(x), rtol=1e-4, atol=1e-5)


def test_an_encoder_that_cannot_serve_the_spec_is_a_user_error():
    with pytest.raises(UserError, match=r"resnet18.*Vector\(4\)"):
        build_encoder(Vector(4), Architecture("resnet18"))
