"""Whether a pretraining left a representation at all: its effective rank, and how far it came.

Two failures give features that no table of accuracies tells from bad views: all representations
end in a few directions (rank), or training leaves the network where it started (similarity).
"""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vmbench.data.examples import Examples, Indices
from vmbench.networks.encoder import Encoder
from vmbench.training.device import Placement

SAMPLE = 2048  # training examples that a representation is judged on
# Measured in docs/protocol.md: what learned keeps 0.24 of its start's rank at least, and SimSiam's
# collapse on speech 0.10; what learned is at most 0.63 like its start.
RANK_SHARE = 0.15
RANK_FLOOR = 2.5  # a constant and one varying direction have an effective rank of up to 2
SIMILARITY_CEILING = 0.9


def effective_rank(z: Tensor) -> float:
    """RankMe: the exponential of the entropy of the normalised singular values.

    Garrido et al. 2023, arXiv 2210.02885, equation 1, on representations as they are, not centred:
    a constant one has rank 1 and not that of the noise around it.

    Args:
        z: (N, D) representations; any scale.

    Returns:
        From 1 to min(N, D); 0 where all are zero.

    >>> round(effective_rank(torch.eye(5)), 4), round(effective_rank(torch.ones(5, 3)), 2)
    (5.0, 1.0)
    """
    singular = torch.linalg.svdvals(z.detach().float().cpu()).double()
    if singular.sum() == 0:
        return 0.0
    shares = singular / singular.sum()
    return float(torch.special.entr(shares).sum().exp())


def similarity(x: Tensor, y: Tensor) -> float:
    """Linear CKA of two representations of the same examples, in 0..1; 1: equal but for a rotation.

    Kornblith et al. 2019, arXiv 1905.00414, equation 3 with linear kernels of centred features.

    Args:
        x: (N, D).
        y: (N, E).

    Returns:
        0 where either never changes.

    >>> x = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    >>> round(similarity(x, -3 * x.flip(1)), 4)
    1.0
    """
    x, y = (each.detach().double().cpu() for each in (x, y))
    x, y = x - x.mean(0), y - y.mean(0)
    scale = (x.T @ x).norm() * (y.T @ y).norm()
    return float((x.T @ y).norm() ** 2 / scale) if scale > 0 else 0.0


@dataclass(frozen=True)
class Health:
    """What a training left.

    Attributes:
        effective_rank: of the representations of up to 2,048 training examples.
        dim: their dimension D.
        start_rank: the effective rank that they had when training began.
        similarity: of the two (CKA).
    """

    effective_rank: float
    dim: int
    start_rank: float
    similarity: float

    def __str__(self) -> str:
        """One line for the progress."""
        return (
            f"effective rank {self.effective_rank:.1f} of {self.dim} (at the start "
            f"{self.start_rank:.1f}), similarity to the start {self.similarity:.2f}"
        )

    @property
    def collapsed(self) -> bool:
        """Whether the numbers of a task on this encoder say nothing of the method."""
        return self.warning is not None

    @property
    def warning(self) -> str | None:
        """What is wrong, and the mend; None where nothing is."""
        mend = "lower lr or epsilon, train longer, or change --objective"
        least = max(RANK_FLOOR, RANK_SHARE * self.start_rank)
        if self.effective_rank < least:
            return (
                f"the representations collapsed: effective rank {self.effective_rank:.1f} of "
                f"{self.dim}, below {least:.1f} (at the start {self.start_rank:.1f}); {mend}"
            )
        if self.similarity > SIMILARITY_CEILING:
            return (
                f"the representations did not leave their start: similarity {self.similarity:.2f} "
                f"to the untrained network, above {SIMILARITY_CEILING:g}; {mend}"
            )
        return None


class Watch:
    """Compares an encoder with what it was when the watch began.

    Args:
        encoder: untrained; it is not changed.
        examples: what it is trained on.
        indices: the training examples.
        placement: device and precision.
        batch_size: of the run.
    """

    def __init__(
        self,
        encoder: Encoder,
        examples: Examples,
        indices: Indices,
        placement: Placement,
        batch_size: int,
    ) -> None:
        self.placement = placement
        order = np.random.default_rng(0).permutation(indices)[:SAMPLE]
        size = min(batch_size, len(order))
        # Full batches, as in training: batch norm cannot read one of a single example.
        self.batches = np.split(order[: len(order) // size * size], len(order) // size)
        self.examples = examples
        self.start = self._in_training(encoder)

    def judge(self, encoder: Encoder) -> Health:
        """What ``encoder``, trained and in evaluation mode, has become; it is not changed."""
        end = self._represent(encoder)
        return Health(
            effective_rank(end),
            end.shape[1],
            effective_rank(self.start),
            # Batch norms calibrated to views would pass for a way that the weights never went.
            similarity(self.start, self._in_training(encoder)),
        )

    def _in_training(self, encoder: Encoder) -> Tensor:
        """Representations of a copy whose batch norms read the batch, as they do in training."""
        return self._represent(deepcopy(encoder).train())

    def _represent(self, encoder: Encoder) -> Tensor:
        """Representations (N, D) before any head."""
        device = self.placement.device
        encoder.to(device)
        with torch.inference_mode(), self.placement.mixed():
            batches = (self.examples.batch(indices).to(device) for indices in self.batches)
            return torch.cat([encoder.pooled(x).float().cpu() for x in batches])
