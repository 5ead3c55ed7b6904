import pytest
import torch

from vmbench.views.base import ViewContext


def _context(spec, value_range=None, count=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    reference = torch.randn(count, *spec.shape, generator=generator)
    if value_range is not None:
        low, high = value_range
        reference = low + (high - low) * torch.rand(reference.shape, generator=generator)
    return ViewContext(spec, value_range, reference)


@pytest.fixture(scope="session")
def make_context():
    """spec, value_range=None, count=64, seed=0 -> a context of white noise."""
    return _context
