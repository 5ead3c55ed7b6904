"""Squared error: a real target."""

from torch import Tensor
from torch.nn import functional

from vmbench.data.dataset import Task
from vmbench.data.labels import target_scale
from vmbench.networks.encoder import Encoder
from vmbench.objectives.labelled import LabelLoss


class SquaredError(LabelLoss):
    """Squared error of the target, standardised by the training examples; labels are real, (N,)."""

    def __init__(self, encoder: Encoder, labels: Tensor, task: Task) -> None:
        self.mean, self.std = target_scale(labels.numpy())
        super().__init__(encoder, labels, task)

    def targets(self, labels: Tensor) -> Tensor:
        """Standardised targets (N, 1), float32."""
        return ((labels - self.mean) / self.std).float()[:, None]

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean over the examples."""
        return functional.mse_loss(outputs, targets)

    def predict(self, outputs: Tensor) -> Tensor:
        """Values (B,) in the target's unit, float64."""
        return outputs[:, 0].double() * self.std + self.mean
