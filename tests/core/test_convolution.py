"""Layers that a processor's library computes wrongly are computed another way."""

import subprocess
import sys

import pytest

# In a process of its own: where the layer is wrong it writes outside its memory.
BACKWARD = """
import torch
from vmbench.networks.convolution import pointwise

torch.manual_seed(0)
inputs, size = {inputs}, {size}
layer = pointwise(2, inputs, 8, stride=2).to(memory_format=torch.channels_last)
x = torch.randn(64, inputs, size, size).to(memory_format=torch.channels_last).requires_grad_()
weights = torch.randn(64, 8, (size + 1) // 2, (size + 1) // 2)
for _ in range(20):
    layer.zero_grad()
    x.grad = None
    (layer(x) * weights).sum().backward()

taken = x.detach()[:, :, ::2, ::2]
torch.testing.assert_close(
    layer.weight.grad[:, :, 0, 0], torch.einsum("bohw,bihw->oi", weights, taken),
    rtol=1e-4, atol=1e-3,
)
expected = torch.zeros_like(x)
expected[:, :, ::2, ::2] = torch.einsum("bohw,oi->bihw", weights, layer.weight[:, :, 0, 0])
torch.testing.assert_close(x.grad, expected, rtol=1e-4, atol=1e-5)
"""


@pytest.mark.parametrize(("inputs", "size"), [(1, 12), (4, 32), (6, 7), (8, 32)])
def test_a_strided_pointwise_layer_has_its_gradients_and_keeps_to_its_memory(inputs, size):
    code = BACKWARD.format(inputs=inputs, size=size)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
