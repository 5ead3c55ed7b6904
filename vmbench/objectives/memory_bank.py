"""A memory of every training example, and random draws from it: what both InstDiscs are made of."""

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Batch, ContrastiveSettings, ProjectionObjective
from vmbench.objectives.first_pass import FirstPass
from vmbench.settings import Settings


class MemoryBankSettings(ContrastiveSettings):
    """Of the objectives over a bank."""

    negatives: int = Field(
        4096, ge=1, description="Memories that an example is told from, drawn anew each step."
    )
    bank_momentum: float = Field(
        0.5, ge=0, lt=1, description="Share of its old vector that a memory keeps."
    )


class MemoryBankObjective(ProjectionObjective):
    """Base of the objectives over a bank of one unit vector per training example.

    After each step a bank's vector moves to its example's projection with momentum
    (``bank_momentum``). Call :meth:`remember` on a batch's projections.
    """

    kind = "contrastive"
    settings_class: ClassVar[type[Settings]] = MemoryBankSettings
    settings: MemoryBankSettings

    def __init__(self, encoder: Encoder, settings: MemoryBankSettings, n_examples: int) -> None:
        super().__init__(encoder, settings, n_examples)
        self.bank: Tensor
        self.draw: Tensor
        bank = torch.randn(n_examples, settings.projection_dim)
        self.register_buffer("bank", functional.normalize(bank, dim=1))
        # The seed of the next step's negatives, in the state so that a resumed run draws the same.
        self.register_buffer("draw", torch.randint(2**62, ()))
        self._seen = FirstPass()

    def step_generator(self) -> torch.Generator:
        """On the CPU; the same one for both players' passes of a step."""
        return torch.Generator().manual_seed(int(self.draw))

    def remember(self, index: Tensor, z: Tensor) -> None:
        """Let :meth:`after_step` move the memories at ``index`` (B,) to projections (B, D)."""
        if self.training:
            self._seen.keep(index, functional.normalize(z, dim=1))

    def after_step(self, batch: Batch) -> None:
        """Move the batch's memories; the next step draws other negatives."""
        index, z = self._seen.take()
        moved = torch.lerp(z, self.bank[index], self.settings.bank_momentum)
        self.bank[index] = functional.normalize(moved, dim=1)
        self.draw += 1
