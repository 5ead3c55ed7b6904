"""Cross-entropy: one of several classes."""

from torch import Tensor
from torch.nn import functional

from vmbench.objectives.labelled import LabelLoss


class CrossEntropy(LabelLoss):
    """Cross-entropy of the softmax over a task's classes; labels are class indices (N,)."""

    def targets(self, labels: Tensor) -> Tensor:
        """The class indices, as they are."""
        return labels

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean over the examples."""
        return functional.cross_entropy(outputs, targets)

    def predict(self, outputs: Tensor) -> Tensor:
        """Class indices (B,)."""
        return outputs.argmax(1)
