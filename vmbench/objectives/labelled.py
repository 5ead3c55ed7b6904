"""The base of the losses on a task's labels: for the supervised ceiling and for fine-tuning.

Not registered: they need labels, which no pretraining objective sees.
"""

from abc import abstractmethod

from torch import Tensor, nn

from vmbench.data.dataset import Task
from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Batch, Objective
from vmbench.settings import Settings
from vmbench.views.base import MakeViews


class LabelLoss(Objective):
    """A loss of a linear layer on the pooled feature maps, against the labels.

    A learned view maximises the very loss that encoder and layer minimise, through its one view
    of each example.

    Args:
        encoder: trained end to end.
        labels: of the training examples, by position.
        task: whose label columns are hidden from the input, before the view and after it.
    """

    settings_class = Settings

    def __init__(self, encoder: Encoder, labels: Tensor, task: Task) -> None:
        super().__init__(encoder, Settings(), len(labels))
        self.task = task
        self.classifier = nn.Linear(encoder.dim, max(1, len(task.classes)))
        self.register_buffer("labels", self.targets(labels))
        self.labels: Tensor

    @abstractmethod
    def targets(self, labels: Tensor) -> Tensor:
        """Labels as the dataset has them -> what :meth:`loss` compares outputs with."""

    @abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of outputs (B, K) against the targets of the same examples."""

    @abstractmethod
    def predict(self, outputs: Tensor) -> Tensor:
        """Outputs (B, K) -> what a probe predicts of the same kind of task."""

    def outputs(self, x: Tensor) -> Tensor:
        """(B, *spec.shape) -> (B, K), float32: an output per class, or one."""
        outputs: Tensor = self.classifier(self.encoder.pooled(self.task.hide(x)))
        return outputs.float()

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """Mean loss of one view of each example."""
        (view,) = make_views(self.task.hide(batch.x), 1)
        return self.loss(self.outputs(view), self.labels[batch.index])
