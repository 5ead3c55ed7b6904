"""A training step, on either schedule: who learns from what.

The update of the views is the only place that knows that they may learn. An adversary's:

- ``joint`` (default): one forward and one backward serve both players. The gradient is reversed
  between encoder and viewmaker (Ganin & Lempitsky 2015), so the encoder descends and the viewmaker
  ascends the same loss.
- ``alternating``: the reference's two full passes, encoder first; half of each is thrown away.

Learned views that are no adversary minimise a loss of their own in a second pass on either
schedule, and the encoder's loss sends them nothing.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from vmbench.objectives.base import Batch
from vmbench.training.device import Placement
from vmbench.training.players import Players
from vmbench.views.base import Role, ViewFamily, view_maker


class _ReverseGradient(torch.autograd.Function):
    """Identity forward, minus the gradient backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return -gradient


def reverse_gradient(x: Tensor) -> Tensor:
    """``x``, through which the gradient flows back with its sign changed."""
    reversed_: Tensor = _ReverseGradient.apply(x)  # type: ignore[no-untyped-call]
    return reversed_


def _unchanged(view: Tensor) -> Tensor:
    return view


Passing = Callable[[Tensor], Tensor]


def _between(views: ViewFamily, to_adversary: Passing) -> Passing:
    """What each view passes on its way to the encoder, for the gradient that the role gets."""
    way: dict[Role, Passing] = {
        "fixed": _unchanged,
        "adversary": to_adversary,
        "own-loss": Tensor.detach,
    }
    return way[views.role]


Step = Callable[[Batch], Tensor]


class WentWrongError(Exception):
    """A loss or a gradient that no step may be taken with."""


def take_steps(loss: Tensor, **optimizers: Optimizer | None) -> None:
    """Step all, unless the loss or the norm of anybody's gradient is NaN or overflowed.

    A gradient may explode under a loss that is still finite; the weights would be lost with it,
    and so would the next state that is kept.
    """
    steps = {name: optimizer for name, optimizer in optimizers.items() if optimizer is not None}
    norms = [_gradient_norm(optimizer).to(loss) for optimizer in steps.values()]
    value, *sizes = torch.stack([loss.detach(), *norms]).tolist()  # waits for the device once
    if not math.isfinite(value):
        raise WentWrongError(f"the loss became {value}")
    for name, size in zip(steps, sizes, strict=True):
        if not math.isfinite(size):
            raise WentWrongError(f"the gradient of the {name} exploded (its norm is {size})")
    for optimizer in steps.values():
        optimizer.step()


def _gradient_norm(optimizer: Optimizer) -> Tensor:
    parameters = (p for group in optimizer.param_groups for p in group["params"])
    return get_total_norm([p.grad for p in parameters if p.grad is not None])


def _joint(players: Players, placement: Placement, generator: torch.Generator) -> Step:
    objective, views = players.objective, players.views

    make_views = view_maker(views, generator, _between(views, reverse_gradient))

    def step(batch: Batch) -> Tensor:
        with placement.mixed():
            loss: Tensor = objective(batch, make_views)
        for optimizer in players.optimizers:
            optimizer.zero_grad()
        torch.autograd.backward(loss)
        if views.role == "own-loss":
            _descend_own_loss(players, placement, generator, batch)
        take_steps(loss, encoder=players.encoder, views=players.viewmaker)
        return loss.detach()

    return step


def _descend_own_loss(
    players: Players, placement: Placement, generator: torch.Generator, batch: Batch
) -> Tensor:
    """The views' own loss; its gradient reaches their parameters and no others."""
    with placement.mixed():
        loss = players.views.own_loss(batch.x, players.objective.encoder, generator)
    torch.autograd.backward(loss, inputs=list(players.views.parameters()))
    return loss


def _alternating(players: Players, placement: Placement, generator: torch.Generator) -> Step:
    objective, views = players.objective, players.views

    make_views = view_maker(views, generator, _between(views, _unchanged))

    def one_pass(batch: Batch, optimizer: Optimizer, name: str, sign: int) -> Tensor:
        with placement.mixed():
            loss: Tensor = objective(batch, make_views)
        for each in players.optimizers:
            each.zero_grad()
        torch.autograd.backward(sign * loss)
        take_steps(loss, **{name: optimizer})
        return loss.detach()

    def step(batch: Batch) -> Tensor:
        loss = one_pass(batch, players.encoder, "encoder", 1)
        if players.viewmaker is None:
            return loss
        if views.role == "adversary":
            one_pass(batch, players.viewmaker, "views", -1)
        else:
            players.viewmaker.zero_grad()
            own = _descend_own_loss(players, placement, generator, batch)
            take_steps(own, views=players.viewmaker)
        return loss

    return step


SCHEDULES: dict[str, Callable[[Players, Placement, torch.Generator], Step]] = {
    "joint": _joint,
    "alternating": _alternating,
}
