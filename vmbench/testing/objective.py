"""The contract of an objective on each kind of spec that it serves."""

from collections.abc import Iterator, Sequence
from typing import get_args

import torch
from torch import Generator, Tensor

from vmbench.config import Config, checked
from vmbench.networks.encoder import Architecture, HeadSettings, build_encoder, encoder_class
from vmbench.objectives.base import Batch, Objective, ObjectiveKind
from vmbench.testing.component import Clauses, check_component, clauses_on, stated
from vmbench.testing.report import Check, violated
from vmbench.testing.represent import represent
from vmbench.testing.survey import global_randomness
from vmbench.testing.synthetic import SAMPLES
from vmbench.views.viewmaker import ViewmakerMethod

EXAMPLES, BATCH, WIDTH, STEPS = 64, 16, 4, 3


def objective_checks(objective: type[Objective]) -> Iterator[Check]:
    """Every check of ``objective``; nothing is done before the calls."""
    yield Check(
        "identity", "", "name, kind, specs and settings are stated", lambda: _identity(objective)
    )
    for kind in stated(objective):
        yield from clauses_on(Case(objective, kind), kind, CLAUSES)


def _identity(objective: type[Objective]) -> None:
    check_component(objective)
    if objective.kind not in get_args(ObjectiveKind):
        violated(f"kind = {objective.kind!r}; use one of {', '.join(get_args(ObjectiveKind))}")


class Case:
    """An objective on one kind of spec."""

    def __init__(self, objective: type[Objective], kind: str) -> None:
        self.objective, self.spec = objective, SAMPLES[kind]

    def build(self, seed: int = 0) -> Objective:
        """It and a small encoder, in training mode, from a seed."""
        own = self.objective.declared()()
        narrow = encoder_class(self.spec.encoder, self.spec).settings_class.model_validate(
            {"width": WIDTH}
        )
        embedding = own.embedding_dim if isinstance(own, HeadSettings) else None
        architecture = Architecture(self.spec.encoder, narrow, embedding)
        config = checked(Config, {"batch_size": BATCH})
        settings = self.objective.complete(own, config, self.spec, architecture)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            encoder = build_encoder(self.spec, architecture)
            return self.objective(encoder, settings, EXAMPLES).train()

    def batch(self, number: int) -> Batch:
        """That of a step, the same each time."""
        source = _generator(number)
        x = torch.randn(BATCH, *self.spec.shape, generator=source)
        index = torch.randperm(EXAMPLES, generator=source)[:BATCH]
        return Batch(x, index, source, step=number, total=STEPS)

    def views(self, number: int, count: int = 2) -> list[Tensor]:
        """The step's views, which have a gradient."""
        source = _generator(100 + number)
        noise = [torch.randn(BATCH, *self.spec.shape, generator=source) for _ in range(count)]
        return [(self.batch(number).x + 0.3 * each).requires_grad_() for each in noise]

    def loss(self, objective: Objective, number: int, views: Sequence[Tensor]) -> Tensor:
        """That of a step on given views."""

        def make_views(_: Tensor, count: int | None = None) -> list[Tensor]:
            return [views[i % len(views)] for i in range(count or len(views))]

        loss: Tensor = objective(self.batch(number), make_views)
        return loss

    def step(self, objective: Objective, number: int) -> float:
        """One step of training; its loss."""
        loss = self.loss(objective, number, self.views(number))
        trained = [p for p in objective.parameters() if p.requires_grad]
        objective.zero_grad()
        torch.autograd.backward(loss)
        torch.optim.SGD(trained, lr=0.01).step()
        objective.after_step(self.batch(number))
        return loss.item()


def _generator(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def _loss(case: Case) -> None:
    objective = case.build()
    loss = case.loss(objective, 0, case.views(0))
    if loss.shape != () or not loss.isfinite():
        violated(f"the loss of a batch is {loss.tolist()}, no finite scalar")
    torch.autograd.backward(loss)
    if not any(p.grad is not None and p.grad.any() for p in objective.encoder.parameters()):
        violated("the loss has no gradient in the encoder")


def _adversary(case: Case) -> None:
    views = case.views(0)
    torch.autograd.backward(case.loss(case.build(), 0, views))
    if not any(view.grad is not None and view.grad.any() for view in views):
        violated("the loss has no gradient in any view: learned views could not be trained on it")


def _several(case: Case) -> None:
    if not case.loss(case.build(), 0, case.views(0, count=3)).isfinite():
        violated("the loss over three views of each example is not finite")


def _seeded(case: Case) -> None:
    before = global_randomness()
    one, other = case.build(), case.build()
    losses = [[case.step(objective, i) for i in range(STEPS)] for objective in (one, other)]
    if global_randomness() != before:
        violated("a global random state is changed: draw from batch.generator alone")
    if losses[0] != losses[1]:
        violated(f"two trainings from one seed have losses {losses[0]} and {losses[1]}")


def _resumed(case: Case) -> None:
    whole, halves = case.build(), case.build(seed=1)
    for number in range(STEPS - 1):
        case.step(whole, number)
    halves.load_state_dict(whole.state_dict())
    losses = case.step(whole, STEPS - 1), case.step(halves, STEPS - 1)
    if losses[0] != losses[1]:
        violated(
            f"a training that went on from its state has loss {losses[1]} and not {losses[0]}: "
            f"keep in buffers what a step leaves to the next"
        )


def _represent(case: Case) -> None:
    represent(case.objective, ViewmakerMethod(), case.spec, objective=case.objective.name)


CLAUSES: Clauses[Case] = {
    "loss": ("the loss is a finite scalar with a gradient in the encoder", _loss),
    "adversary": ("the views get a gradient, which a viewmaker learns from", _adversary),
    "several": ("three views of each example work too", _several),
    "seeded": ("one seed repeats, and no global random state is changed", _seeded),
    "resumed": ("a training goes on from its state as if never interrupted", _resumed),
    "represent": ("a tiny run gives finite features, the same for one seed", _represent),
}
