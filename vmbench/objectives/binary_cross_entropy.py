"""Binary cross-entropy: each class there or not."""

from torch import Tensor
from torch.nn import functional

from vmbench.objectives.labelled import LabelLoss


class BinaryCrossEntropy(LabelLoss):
    """Cross-entropy of a sigmoid per class; labels are 0 and 1, (N, K)."""

    def targets(self, labels: Tensor) -> Tensor:
        """0 and 1 as float32."""
        return labels.float()

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean over examples and classes."""
        return functional.binary_cross_entropy_with_logits(outputs, targets)

    def predict(self, outputs: Tensor) -> Tensor:
        """Log-odds (B, K)."""
        return outputs
