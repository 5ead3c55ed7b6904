"""The one training loop: batch -> views -> encoder -> objective -> step, learned views or not.

The update of the views is the only place that knows that they may learn. An adversary's:

- ``joint`` (default): one forward and one backward serve both players. The gradient is reversed
  between encoder and viewmaker (Ganin & Lempitsky 2015), so the encoder descends and the viewmaker
  ascends the same loss.
- ``alternating``: the reference's two full passes, encoder first; half of each is thrown away.

Learned views that are no adversary minimise a loss of their own in a second pass on either
schedule, and the encoder's loss sends them nothing.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import get_total_norm
from torch.optim import SGD, Adam, AdamW, Optimizer

from vmbench.config import Config
from vmbench.data.examples import Examples, Indices
from vmbench.errors import Interrupted, RunError
from vmbench.interrupt import deferred_interrupt
from vmbench.objectives.base import Batch, Objective
from vmbench.progress import Progress
from vmbench.training import checkpoint
from vmbench.training.collapse import effective_rank
from vmbench.training.device import Placement
from vmbench.training.metrics_log import MetricsLog
from vmbench.views.base import Role, ViewFamily, view_maker

LOG_EVERY = 10  # steps between lines of metrics.jsonl
WARMUP = 0.05  # share of a cosine schedule spent warming up


@dataclass(frozen=True)
class Fit:
    """What a training left: how much was done, in how many seconds, and the loss it ended on.

    ``final_loss`` is the mean over the last epoch; ``feature_std`` the last step's spread of the
    unit projections (see :meth:`Objective.watch`), None where the objective does not watch it.
    """

    epochs: int
    steps: int
    seconds: float
    final_loss: float
    feature_std: float | None


def fit(
    objective: Objective,
    views: ViewFamily,
    examples: Examples,
    indices: Indices,
    *,
    config: Config,
    placement: Placement,
    seed: int,
    log: MetricsLog,
    progress: Progress,
    state_file: Path | None = None,
) -> Fit:
    """Train ``objective`` (encoder and head) and, if they learn, the ``views``.

    Args:
        objective: holds the encoder; trained to minimise its loss.
        views: make the views of each example of a batch.
        examples: where batches are read from.
        indices: the training examples, positions in ``examples``.
        config: the run's common settings.
        placement: device and precision.
        seed: of the batches' order and of all random numbers of views and objective.
        log: receives a line every few steps.
        progress: shows loss, steps per second and the time left.
        state_file: where the training state is kept; an existing one is continued, bit for bit.

    Raises:
        RunError: if the loss or a gradient becomes NaN or infinite. No step is taken with it, so
            that the state that is kept is a good one.
        Interrupted: after SIGINT or SIGTERM, once the state is written.
    """
    device = placement.device
    for module in (objective, views):
        module.to(device).train()
        # Convolutions over two axes run about 1.4 times as fast with their channels last.
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator = placement.generator(seed)
    per_epoch = len(indices) // config.batch_size
    total = per_epoch * config.epochs
    players = _Players(objective, views, config, total)
    step = _SCHEDULES[config.schedule](players, placement, generator)
    done, seconds, loading, losses = 0, 0.0, 0.0, _EpochLoss()
    if state := _state_in(state_file, progress):
        players.load_state_dict(state["players"])
        generator.set_state(state["generator"])
        done, seconds, loading = state["step"], state["seconds"], state["loading"]
        losses = _EpochLoss(**state["losses"])
        objective.feature_std = state["feature_std"]
    log.resume(done)

    def save(step_number: int, elapsed: float) -> None:
        if state_file:
            state = {
                "players": players.state_dict(),
                "generator": generator.get_state(),
                "step": step_number,
                "seconds": elapsed,
                "loading": loading,
                "losses": vars(losses),
                "feature_std": objective.feature_std,
            }
            checkpoint.save(state, state_file)

    started = saved = time.perf_counter()
    with deferred_interrupt() as interrupt, progress.training(total, done) as bar:
        for number, positions in order(len(indices), config.batch_size, config.epochs, seed, done):
            players.set_learning_rate(number)
            asked = time.perf_counter()
            x = examples.batch(indices[positions])
            loading += time.perf_counter() - asked
            batch = Batch(
                x.to(device),
                torch.from_numpy(positions).to(device),
                generator,
                step=number,
                total=total,
            )
            try:
                loss = step(batch)
            except _WentWrongError as error:
                rates = f"lr ({config.lr})" + ("" if views.role == "fixed" else " or epsilon")
                raise RunError(
                    f"{error} at step {number + 1} of {total}: lower {rates}, or use --precision "
                    f"float32" + (f"; the last good state is {state_file}" if state_file else "")
                ) from error
            objective.after_step(batch)
            value = loss.item()
            losses.add(value, first_of_epoch=number % per_epoch == 0)
            now = time.perf_counter()
            elapsed = seconds + now - started
            if (number + 1) % LOG_EVERY == 0 or number + 1 == total:
                spread, z = objective.feature_std, objective.representation
                rank = None if z is None else effective_rank(z)
                log.write(
                    step=number + 1,
                    epoch=(number + 1) / per_epoch,
                    loss=value,
                    lr=players.learning_rate,
                    feature_std=None if spread is None else spread.item(),
                    effective_rank=rank,
                    seconds=elapsed,
                    loading_seconds=loading,
                )
                bar.rank = rank
            bar.advance(value)
            if interrupt.requested or now - saved > 60 * config.checkpoint_minutes:
                save(number + 1, elapsed)
                saved = now
            if interrupt.requested:
                raise Interrupted
    seconds += time.perf_counter() - started
    if done < total:
        save(total, seconds)
    spread = objective.feature_std
    return Fit(
        epochs=config.epochs,
        steps=total,
        seconds=seconds,
        final_loss=losses.mean,
        feature_std=None if spread is None else spread.item(),
    )


def _state_in(file: Path | None, progress: Progress) -> checkpoint.State | None:
    """What an interrupted training left; where that is damaged, what it had left before."""
    if file is None:
        return None
    earlier = checkpoint.before(file)
    for path in (file, earlier):
        if not path.exists():
            continue
        try:
            return checkpoint.load(path)
        except checkpoint.DamagedError as error:
            more = path == file and earlier.exists()
            then = "the state before it is used" if more else "this training starts over"
            progress.say(f"{path} is damaged ({error.__cause__}): {then}")
            path.unlink()
    return None


def order(
    n: int, batch_size: int, epochs: int, seed: int, done: int
) -> Iterator[tuple[int, Indices]]:
    """(step number, positions) from step ``done`` on; each epoch's order follows from the seed."""
    per_epoch = n // batch_size
    for epoch in range(done // per_epoch, epochs):
        order = np.random.default_rng([seed, epoch]).permutation(n)
        for index in range(done % per_epoch if epoch == done // per_epoch else 0, per_epoch):
            yield epoch * per_epoch + index, order[index * batch_size : (index + 1) * batch_size]


class _EpochLoss:
    """Running mean of the loss over the current epoch."""

    def __init__(self, total: float = 0.0, count: int = 0) -> None:
        self.total, self.count = total, count

    def add(self, value: float, *, first_of_epoch: bool) -> None:
        if first_of_epoch:
            self.total, self.count = 0.0, 0
        self.total += value
        self.count += 1

    @property
    def mean(self) -> float:
        return self.total / max(self.count, 1)


class _Players:
    """The encoder's side and, where views learn, the viewmaker's: modules and optimisers."""

    def __init__(self, objective: Objective, views: ViewFamily, config: Config, total: int) -> None:
        self.objective, self.views, self.config, self.total = objective, views, config, total
        encoder_side = [p for p in objective.parameters() if p.requires_grad]
        self.encoder: Optimizer
        if config.optimizer == "adamw":
            self.encoder = AdamW(encoder_side, lr=config.lr, weight_decay=config.weight_decay)
        else:
            self.encoder = SGD(
                encoder_side,
                lr=config.lr,
                momentum=config.momentum,
                weight_decay=config.weight_decay,
            )
        self.viewmaker = None if views.role == "fixed" else Adam(views.parameters(), lr=views.lr)

    @property
    def optimizers(self) -> list[Optimizer]:
        return [self.encoder] if self.viewmaker is None else [self.encoder, self.viewmaker]

    @property
    def learning_rate(self) -> float:
        return float(self.encoder.param_groups[0]["lr"])

    def set_learning_rate(self, step: int) -> None:
        """The rates at ``step``, both players' on one schedule.

        Were the viewmaker's constant while the encoder's falls to zero, the adversary would win
        the last steps against an encoder that can no longer answer.
        """
        share = _schedule(step, self.total, self.config.lr_schedule)
        peaks = (self.config.lr, self.views.lr)
        for optimizer, peak in zip(self.optimizers, peaks, strict=False):
            for group in optimizer.param_groups:
                group["lr"] = peak * share

    def state_dict(self) -> dict[str, Any]:
        return {
            "objective": dict(self.objective.state_dict()),
            "views": dict(self.views.state_dict()),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.objective.load_state_dict(state["objective"])
        self.views.load_state_dict(state["views"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)


def _schedule(step: int, total: int, shape: str) -> float:
    if shape == "constant":
        return 1.0
    warmup = max(1, round(WARMUP * total))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


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


class _WentWrongError(Exception):
    """A loss or a gradient that no step may be taken with."""


def _take_step(optimizer: Optimizer, name: str, loss: Tensor) -> None:
    """Step, unless the loss or the gradient's norm over all of them is NaN or overflowed.

    A gradient may explode under a loss that is still finite; the weights would be lost with it,
    and so would the next state that is kept.
    """
    value = loss.item()
    if not math.isfinite(value):
        raise _WentWrongError(f"the loss became {value}")
    parameters = (p for group in optimizer.param_groups for p in group["params"])
    norm = get_total_norm([p.grad for p in parameters if p.grad is not None]).item()
    if not math.isfinite(norm):
        raise _WentWrongError(f"the gradient of the {name} exploded (its norm is {norm})")
    optimizer.step()


def _joint(players: _Players, placement: Placement, generator: torch.Generator) -> Step:
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
        for optimizer, name in zip(players.optimizers, ("encoder", "views"), strict=False):
            _take_step(optimizer, name, loss)
        return loss.detach()

    return step


def _descend_own_loss(
    players: _Players, placement: Placement, generator: torch.Generator, batch: Batch
) -> Tensor:
    """The views' own loss; its gradient reaches their parameters and no others."""
    with placement.mixed():
        loss = players.views.own_loss(batch.x, players.objective.encoder, generator)
    torch.autograd.backward(loss, inputs=list(players.views.parameters()))
    return loss


def _alternating(players: _Players, placement: Placement, generator: torch.Generator) -> Step:
    objective, views = players.objective, players.views

    make_views = view_maker(views, generator, _between(views, _unchanged))

    def one_pass(batch: Batch, optimizer: Optimizer, name: str, sign: int) -> Tensor:
        with placement.mixed():
            loss: Tensor = objective(batch, make_views)
        for each in players.optimizers:
            each.zero_grad()
        torch.autograd.backward(sign * loss)
        _take_step(optimizer, name, loss)
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
            _take_step(players.viewmaker, "views", own)
        return loss

    return step


_SCHEDULES: dict[str, Callable[[_Players, Placement, torch.Generator], Step]] = {
    "joint": _joint,
    "alternating": _alternating,
}
