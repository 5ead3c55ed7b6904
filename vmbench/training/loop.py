"""The one training loop: batch -> views -> encoder -> objective -> step, learned views or not.

How the players step is :mod:`vmbench.training.steps`.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

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
from vmbench.training.players import Players
from vmbench.training.steps import SCHEDULES, WentWrongError
from vmbench.views.base import ViewFamily

LOG_EVERY = 10  # steps between lines of metrics.jsonl


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
    players = Players(objective, views, config, total)
    step = SCHEDULES[config.schedule](players, placement, generator)
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
            except WentWrongError as error:
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
