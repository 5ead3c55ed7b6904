"""The contract of an encoder on each kind of spec that it serves."""

from collections.abc import Callable, Iterator
from dataclasses import astuple
from functools import cached_property
from typing import cast

import torch
from torch import Generator, Tensor

from vmbench.data.specs import Spec
from vmbench.errors import UserError
from vmbench.networks.encoder import Encoder
from vmbench.testing.component import Clauses, check_component, clauses_on, stated
from vmbench.testing.report import Check, violated
from vmbench.testing.represent import TOLERANCE, represent
from vmbench.testing.synthetic import SAMPLES
from vmbench.views.viewmaker import ViewmakerMethod

BATCH, EMBEDDING, BINS = 6, 5, 2
WIDTH = 4  # for encoders that have one
LONGER = 64  # times as much space, for an encoder that needs it


def encoder_checks(encoder: type[Encoder]) -> Iterator[Check]:
    """Every check of ``encoder``; nothing is done before the calls."""
    yield Check(
        "identity", "", "name, specs and settings are stated", lambda: check_component(encoder)
    )
    for kind in stated(encoder):
        yield from clauses_on(Case(encoder, kind), kind, CLAUSES)


class Case:
    """An encoder on one kind of spec."""

    def __init__(self, encoder: type[Encoder], kind: str) -> None:
        self.encoder, self.kind = encoder, kind

    @property
    def settings(self) -> dict[str, int]:
        """Those of a small one."""
        return {"width": WIDTH} if "width" in self.encoder.declared().model_fields else {}

    @cached_property
    def spec(self) -> Spec:
        """A small one; if the encoder refuses it as too small, one with more space."""
        small = SAMPLES[self.kind]
        try:
            self._build(small, None)
        except UserError:
            channels, *space = astuple(small)
            return type(small)(channels, *(LONGER * bins for bins in space))  # type: ignore[call-arg]
        return small

    def build(self, embedding_dim: int | None = None, seed: int = 0) -> Encoder:
        """A small one in evaluation mode, from a seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self._build(self.spec, embedding_dim).eval()

    def _build(self, spec: Spec, embedding_dim: int | None) -> Encoder:
        settings = self.encoder.declared().model_validate(self.settings).model_dump()
        # As build_encoder calls it; the base's own constructor is another.
        encoder = cast(Callable[..., Encoder], self.encoder)(
            spec, embedding_dim=embedding_dim, **settings
        )
        encoder.spec = spec
        return encoder

    @property
    def x(self) -> Tensor:
        """A batch of white noise."""
        return torch.randn(BATCH, *self.spec.shape, generator=Generator().manual_seed(0))

    def features(self, encoder: Encoder, x: Tensor) -> Tensor:
        """Probe features, without gradients."""
        with torch.no_grad():
            return encoder.features(x, BINS)


def _shapes(case: Case) -> None:
    bare, ended = case.build(), case.build(EMBEDDING)
    with torch.no_grad():
        found = {
            f"maps {BATCH, bare.dim}": bare.maps(case.x).shape[:2] == (BATCH, bare.dim),
            f"forward {BATCH, bare.dim}": bare(case.x).shape == (BATCH, bare.dim),
            f"pooled {BATCH, bare.dim}": bare.pooled(case.x).shape == (BATCH, bare.dim),
            f"forward with embedding_dim {BATCH, EMBEDDING}":
                ended(case.x).shape == (BATCH, EMBEDDING),
        }  # fmt: skip
    if wrong := [name for name, right in found.items() if not right]:
        violated(f"of a batch of {BATCH} are not of their shape: {', '.join(wrong)}")
    features = case.features(bare, case.x)
    if features.dim() != 2 or len(features) != BATCH or not features.isfinite().all():
        violated(f"features have shape {tuple(features.shape)}, not (B, D), or are not finite")


def _seeded(case: Case) -> None:
    one, other = case.build().state_dict(), case.build().state_dict()
    if any(not torch.equal(value, other[key]) for key, value in one.items()):
        violated("two encoders from one seed have different weights: draw from torch's global one")


def _per_example(case: Case) -> None:
    encoder = case.build()
    alone, together = case.features(encoder, case.x[:1]), case.features(encoder, case.x)
    if not torch.allclose(alone, together[:1], rtol=TOLERANCE, atol=TOLERANCE):
        violated("in evaluation mode an example's features depend on the rest of its batch")


def _gradient(case: Case) -> None:
    encoder, x = case.build(EMBEDDING).train(), case.x.requires_grad_()
    torch.autograd.backward(encoder(x).square().sum())
    without = [name for name, p in encoder.named_parameters() if p.requires_grad and p.grad is None]
    if without:
        violated(f"the loss has no gradient in {', '.join(without)}: use buffers")
    if x.grad is None or not x.grad.any():
        violated("the loss has no gradient in the input: learned views could not be trained on it")


def _weights(case: Case) -> None:
    first, second = case.build(), case.build(seed=1)
    second.load_state_dict(first.state_dict())
    if not torch.equal(case.features(first, case.x), case.features(second, case.x)):
        violated("another one with its weights gives other features: keep all state in them")


def _standardised(case: Case) -> None:
    encoder, shape = case.build(), (case.spec.shape[0], *[1] * len(case.spec.space))
    mean, sd = torch.full(shape, 0.5), torch.full(shape, 2.0)
    expected = case.features(encoder, (case.x - mean) / sd)
    try:
        encoder.standardise(mean, sd)
    except UserError:  # one that overrides maps() refuses in a line
        return
    if not torch.allclose(case.features(encoder, case.x), expected, atol=TOLERANCE):
        violated("standardise(mean, sd) is not what its features start from: keep self.inputs")


def _represent(case: Case) -> None:
    name = case.encoder.name
    settings = {"encoder": name} | {f"{name}.{k}": v for k, v in case.settings.items()}
    represent(case.encoder, ViewmakerMethod(), case.spec, settings=settings)


CLAUSES: Clauses[Case] = {
    "shapes": ("maps, representation and features have their shapes and are finite", _shapes),
    "seeded": ("one seed of torch gives the same weights", _seeded),
    "per-example": ("in evaluation mode no example sees another", _per_example),
    "gradient": ("every parameter and the input get a gradient", _gradient),
    "weights": ("the weights carry all that was learned", _weights),
    "standardised": ("it reads its inputs standardised where that is asked for", _standardised),
    "represent": ("a tiny run gives finite features, the same for one seed", _represent),
}
