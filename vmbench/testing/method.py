"""The contract of a method on each kind of spec that it serves."""

import pickle
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import cast, get_args

import torch
from torch import Generator, Tensor

from vmbench.registry import registry
from vmbench.results import ViewKind
from vmbench.testing.component import check_component
from vmbench.testing.report import Check, violated
from vmbench.testing.represent import represent
from vmbench.testing.survey import global_randomness
from vmbench.testing.synthetic import SAMPLES, handcrafted_family
from vmbench.views.base import Role, ViewContext, ViewFamily
from vmbench.views.method import Method, ViewMethod

EXAMPLES = 64
PAIR = 2  # views of full shape that every objective can count on
COPIES = 16  # of one example, to see whether each gets its own randomness
DISTINCT = 12  # discrete distortions may coincide by chance, but not often
BOUNDS = (0.0, 1.0)


def method_checks(method: Method) -> Iterator[Check]:
    """Every check of ``method``; nothing is done before the calls."""
    yield Check(
        "identity", "", "name, kind and specs are stated and known", lambda: _identity(method)
    )
    for kind in getattr(method, "specs", ()):
        if kind not in SAMPLES:
            continue  # identity says so
        if isinstance(method, ViewMethod) and method.objective is None:
            case = Case(method, kind)
            for clause, (promise, body) in VIEW_CLAUSES.items():
                yield Check(clause, kind, promise, lambda body=body, case=case: body(case))  # type: ignore[misc]
        yield Check(
            "represent",
            kind,
            "a tiny run gives finite features, the same for one seed",
            lambda kind=kind: represent(None, method, SAMPLES[kind]),  # type: ignore[misc]
        )


def _identity(method: Method) -> None:
    check_component(method)
    if getattr(method, "kind", None) not in get_args(ViewKind):
        known = ", ".join(get_args(ViewKind))
        violated(f"kind = {getattr(method, 'kind', None)!r}; use one of {known}")
    brings_views = isinstance(method, ViewMethod) and method.objective is None
    if brings_views and (method.yardstick or method.kind == "none"):
        violated("a ViewMethod has views and is no yardstick: derive from Method for one")


class Case:
    """A view family on one kind of spec: views for unbounded data, and for data in 0..1."""

    def __init__(self, method: ViewMethod, kind: str) -> None:
        self.method, self.spec = method, SAMPLES[kind]

    def context(self, value_range: tuple[float, float] | None) -> ViewContext:
        """White noise: normal, or uniform in ``value_range``."""
        source, shape = generator(), (EXAMPLES, *self.spec.shape)
        if value_range is None:
            reference = torch.randn(shape, generator=source)
        else:
            low, high = value_range
            reference = low + (high - low) * torch.rand(shape, generator=source)
        family = handcrafted_family(self.spec.kind)
        handcrafted = cast(ViewMethod, registry("method").get(family)) if family else None
        return ViewContext(self.spec, value_range, reference, handcrafted)

    def build(self, value_range: tuple[float, float] | None) -> ViewFamily:
        """The views; as in a run, the global generator may be drawn from here, and here alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return self.method.views(self.context(value_range))

    @property
    def x(self) -> Tensor:
        """A batch of unbounded data, the same each time but fresh: a view family may spoil it."""
        return self.context(None).reference[:COPIES]

    @cached_property
    def views(self) -> ViewFamily:
        """The views for unbounded data."""
        views = self.build(None)
        if not isinstance(views, ViewFamily):
            violated(f"views(context) returns a {type(views).__name__}, not a ViewFamily")
        return views

    def view(self, x: Tensor, seed: int = 0) -> Tensor:
        """One view of a batch, without gradients."""
        with torch.no_grad():
            return self.views(x, generator(seed))


def generator(seed: int = 0) -> Generator:
    """A generator on the CPU."""
    return Generator().manual_seed(seed)


def _shape_dtype(case: Case) -> None:
    _same_form(case.view(case.x), case.x)


def _same_form(view: Tensor, x: Tensor) -> None:
    if view.shape != x.shape or view.dtype != x.dtype or view.device != x.device:
        violated(
            f"a {x.dtype} batch of {tuple(x.shape)} on {x.device} becomes {view.dtype} of "
            f"{tuple(view.shape)} on {view.device}"
        )


def _finite(case: Case) -> None:
    if not case.view(case.x).isfinite().all():
        violated("views of white noise have NaN or infinite values")
    if not case.view(torch.zeros_like(case.x)).isfinite().all():
        violated("views of a constant zero have NaN or infinite values")


def _no_mutation(case: Case) -> None:
    x = case.x
    view = case.view(x)
    if not torch.equal(x, case.x):
        violated("the batch is changed in place: work on a copy")
    if view.untyped_storage().data_ptr() == x.untyped_storage().data_ptr():
        violated("the view shares its memory with the batch: return a new tensor")


def _stochastic(case: Case) -> None:
    source = generator()
    with torch.no_grad():
        first, second = case.views(case.x, source), case.views(case.x, source)
    if torch.equal(first, second):
        violated("two calls with one generator give the same view")


def _seeded(case: Case) -> None:
    if not torch.equal(case.view(case.x, seed=3), case.view(case.x, seed=3)):
        violated("the same seed gives two different views: draw from the generator alone")


def _global_randomness(case: Case) -> None:
    before = global_randomness()
    first = case.view(case.x)
    if global_randomness() != before:
        violated("a global random state is changed: draw from the generator alone")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        if not torch.equal(case.view(case.x), first):
            violated("the global seed changes the view: draw from the generator alone")


def _per_example(case: Case) -> None:
    copies = case.x[:1].expand(COPIES, *case.x.shape[1:]).contiguous()
    distinct = len({tuple(view.flatten().tolist()) for view in case.view(copies)})
    if distinct < DISTINCT:
        violated(f"{COPIES} copies of one example in a batch get {distinct} different views")


def _value_range(case: Case) -> None:
    views, x = case.build(BOUNDS), case.context(BOUNDS).reference
    with torch.no_grad():
        view = views(x, generator())
    low, high = BOUNDS
    if view.min() < low or view.max() > high:
        violated(
            f"views of data in {low:g}..{high:g} span {view.min():g}..{view.max():g}: clamp them "
            f"to context.value_range where there is one"
        )


def _batch_of_one(case: Case) -> None:
    one = case.x[:1]
    view = case.view(one)
    _same_form(view, one)
    if not view.isfinite().all():
        violated("the view of a batch of one has NaN or infinite values")


def _several(case: Case) -> None:
    x = case.x
    makers = case.views.makers()
    if len(makers) < PAIR:
        violated(f"makers() names {len(makers)} views of an example: name two at least")
    for place, make in enumerate(makers):
        with torch.no_grad():
            view = make(x, generator(place))
        if place < PAIR:
            _same_form(view, x)
        smaller = all(a <= b for a, b in zip(view.shape[2:], x.shape[2:], strict=False))
        if view.dim() != x.dim() or view.shape[:2] != x.shape[:2] or not smaller:
            violated(
                f"view {place + 1} of a batch of {tuple(x.shape)} has shape {tuple(view.shape)}: a "
                f"view has all examples and channels, and no more space"
            )
        if view.dtype != x.dtype or not view.isfinite().all():
            violated(f"view {place + 1} is {view.dtype}, or has NaN or infinite values")


def _picklable(case: Case) -> None:
    copy: ViewFamily = pickle.loads(pickle.dumps(case.views))
    with torch.no_grad():
        if not torch.equal(copy(case.x, generator()), case.view(case.x)):
            violated("a pickled copy gives other views")
    pickle.loads(pickle.dumps(case.method))


def _learned(case: Case) -> None:
    views, learned = case.build(None), case.method.kind == "learned"
    if views.role not in get_args(Role):
        violated(f"role = {views.role!r}; use one of {', '.join(get_args(Role))}")
    if (views.role != "fixed") != learned:
        violated(f"kind is {case.method.kind!r}, but the views' role is {views.role!r}")
    parameters = [p for p in views.parameters() if p.requires_grad]
    if not learned:
        if parameters:
            violated("views that do not learn have trainable parameters: use buffers")
        return
    torch.autograd.backward(views(case.x, generator()).square().sum())
    if not any(p.grad is not None and p.grad.any() for p in parameters):
        violated("the loss has no gradient in any parameter of the learned views")


VIEW_CLAUSES: dict[str, tuple[str, Callable[[Case], None]]] = {
    "shape-dtype": ("a view has the shape, dtype and device of its batch", _shape_dtype),
    "finite": ("no NaN, no infinity, also for a constant example", _finite),
    "value-range": ("views of bounded data stay within its bounds", _value_range),
    "no-mutation": ("the batch stays as it was", _no_mutation),
    "stochastic": ("two calls differ", _stochastic),
    "seeded": ("one seed repeats", _seeded),
    "global-randomness": ("no global random state is read or changed", _global_randomness),
    "per-example": ("every example of a batch gets its own randomness", _per_example),
    "batch-of-one": ("a batch of one works", _batch_of_one),
    "several": ("there are two full views at least, and no larger ones", _several),
    "picklable": ("a pickled copy gives the same views", _picklable),
    "learned": ("views learn if and only if kind says so, and the gradient arrives", _learned),
}
