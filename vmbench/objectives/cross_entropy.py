"""Cross-entropy on a task's labels: for the supervised ceiling and for fine-tuning.

Not registered: it needs labels, which no pretraining objective sees.
"""

from torch import Tensor, nn
from torch.nn import functional

from vmbench.config import Config
from vmbench.dataset import Task
from vmbench.evaluation import hide
from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Batch, Objective
from vmbench.views import MakeView


class CrossEntropy(Objective):
    """Cross-entropy of a linear classifier on the pooled feature maps.

    A learned view maximises the very loss that encoder and classifier minimise, through its one
    view of each example.

    Args:
        encoder: trained end to end.
        config: the run's hyperparameters.
        labels: (N,) class indices of the training examples, by position.
        task: whose label columns are hidden from the input, before the view and after it.
    """

    def __init__(self, encoder: Encoder, config: Config, labels: Tensor, task: Task) -> None:
        super().__init__(encoder, config, len(labels))
        self.task = task
        self.classifier = nn.Linear(encoder.dim, len(task.classes))
        self.register_buffer("labels", labels)
        self.labels: Tensor

    def logits(self, x: Tensor) -> Tensor:
        """(B, *spec.shape) -> (B, classes), float32."""
        logits: Tensor = self.classifier(self.encoder.pooled(hide(x, self.task)))
        return logits.float()

    def forward(self, batch: Batch, make_view: MakeView) -> Tensor:
        """Mean cross-entropy of one view of each example."""
        logits = self.logits(make_view(hide(batch.x, self.task)))
        return functional.cross_entropy(logits, self.labels[batch.index])
