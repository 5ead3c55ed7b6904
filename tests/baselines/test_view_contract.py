"""What every fixed and handcrafted family promises, whatever it does to the data."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vmbench.data.specs import Grid, Sequence, Vector
from vmbench.views.method import ViewMethod
from vmbench_baselines.index import ENTRIES

ENTRIES = [e for e in ENTRIES if issubclass(e.load(), ViewMethod)]
# A method that brings its objective distorts in there, where the objective knows what was done.
METHODS = {e.name: e.load() for e in ENTRIES if e.load().objective is None}

SIZES = st.integers(1, 24)
SPECS = {
    "grid": st.builds(Grid, st.sampled_from([1, 2, 3, 6]), SIZES, SIZES)
    | st.sampled_from([Grid(3, 17, 23), Grid(1, 32, 32), Grid(6, 32, 32)]),
    "sequence": st.builds(Sequence, st.integers(1, 6), st.integers(1, 130))
    | st.sampled_from([Sequence(2, 37), Sequence(6, 128)]),
    "vector": st.builds(Vector, st.integers(1, 40)) | st.just(Vector(1)),
}
RANGES = st.sampled_from([None, (0.0, 1.0), (-3.0, 5.0)])

# One ordinary spec of each kind, for the checks that a degenerate one may fail by design.
ORDINARY = {"grid": Grid(3, 17, 23), "sequence": Sequence(2, 37), "vector": Vector(27)}
CASES = [
    pytest.param(name, ORDINARY[kind], id=f"{name}-{kind}")
    for name, method in METHODS.items()
    for kind in method.specs
]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_index_says_what_the_class_says(entry):
    method = entry.load()
    assert entry.name == method.name
    assert entry.summary
    assert entry.facts == {"views": method.kind, "specs": method.specs, "paper": method.paper}


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_spec_keeps_shape_dtype_and_range(make_context, name, data):
    method = METHODS[name]()
    spec = data.draw(SPECS[data.draw(st.sampled_from(method.specs))])
    value_range = data.draw(RANGES)
    count = data.draw(st.integers(1, 8))
    context = make_context(spec, value_range, count, seed=data.draw(st.integers(0, 2**31)))
    views = method.views(context)
    x, seed = context.reference, data.draw(st.integers(0, 2**31))
    before = x.clone()
    view = views(x, generator(seed))
    assert view.shape == x.shape
    assert view.dtype == torch.float32
    assert view.isfinite().all()
    assert torch.equal(x, before)
    assert view.data_ptr() != x.data_ptr()
    assert torch.equal(view, views(x, generator(seed)))
    if value_range is not None:
        assert view.min() >= value_range[0]
        assert view.max() <= value_range[1]


@pytest.mark.parametrize(("name", "spec"), CASES)
@pytest.mark.parametrize("value_range", [None, (0.0, 1.0)])
def test_randomness_is_per_example_and_from_the_generator_alone(
    make_context, name, spec, value_range
):
    context = make_context(spec, value_range)
    views = METHODS[name]().views(context)
    assert views.role == "fixed"
    assert not list(views.parameters())
    assert not views.state_dict()
    one = context.reference[:1].expand(16, *spec.shape)
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    source = generator()
    first, second = views(one, source), views(one, source)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    assert random.getstate() == states[2]
    assert not torch.equal(first, second)
    different = {tuple(view.flatten().tolist()) for view in first}
    # Discrete distortions may coincide by chance, but not often.
    assert len(different) >= 12


@pytest.mark.parametrize(("name", "spec"), CASES)
def test_strength_scales_the_distortion(make_context, name, spec):
    moved = []
    for strength in (0.1, 0.5, 1.0, 2.0):
        context, method = make_context(spec, count=256), METHODS[name]
        views = method(method.settings_class(strength=strength)).views(context)
        view = views(context.reference, generator())
        moved.append((view - context.reference).abs().mean().item())
    assert moved == sorted(moved)
    assert moved[0] < 0.85 * moved[2]


@pytest.mark.parametrize(("name", "spec"), CASES)
def test_the_global_seed_has_no_say(make_context, name, spec):
    context = make_context(spec)
    views = METHODS[name]().views(context)
    torch.manual_seed(1)
    first = views(context.reference, generator())
    torch.manual_seed(2)
    assert torch.equal(views(context.reference, generator()), first)


@pytest.mark.parametrize(("name", "spec"), CASES)
def test_a_non_contiguous_batch_gives_the_same_views(make_context, name, spec):
    context = make_context(spec)
    views = METHODS[name]().views(context)
    x = context.reference
    strided = torch.stack([x, x], dim=-1)[..., 0]
    assert not strided.is_contiguous()
    with torch.inference_mode():
        assert torch.equal(views(strided, generator()), views(x, generator()))


@pytest.mark.parametrize(("name", "spec"), CASES)
def test_a_constant_reference_is_no_division_by_zero(make_context, name, spec):
    context = make_context(spec)
    context.reference.fill_(0.5)
    assert METHODS[name]().views(context)(context.reference, generator()).isfinite().all()
