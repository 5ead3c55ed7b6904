"""Who is trained, by which optimisers, at which rates."""

import math
from typing import Any

from torch.optim import SGD, Adam, AdamW, Optimizer

from vmbench.config import Config
from vmbench.objectives.base import Objective
from vmbench.views.base import ViewFamily

WARMUP = 0.05  # share of a cosine schedule spent warming up


class Players:
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
        """The encoder's, and where views learn, theirs."""
        return [self.encoder] if self.viewmaker is None else [self.encoder, self.viewmaker]

    @property
    def learning_rate(self) -> float:
        """The encoder's, now."""
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
        """Weights and optimisers, for a checkpoint."""
        return {
            "objective": dict(self.objective.state_dict()),
            "views": dict(self.views.state_dict()),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state_dict` gave."""
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
