"""The ceiling: the same encoder trained on the task's labels, read by the same probe."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vmbench.config import Config
from vmbench.dataset import Task
from vmbench.evaluation import hide, limit
from vmbench.examples import Examples
from vmbench.method import Method, Representation
from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Batch, Objective
from vmbench.session import Session
from vmbench.views import Identity, MakeView


class CrossEntropy(Objective):
    """Cross-entropy of a linear classifier on the pooled feature maps.

    Args:
        encoder: trained end to end.
        config: the run's hyperparameters.
        labels: (N,) class indices of the training examples, by position.
        task: whose label columns are hidden from the input.
    """

    def __init__(self, encoder: Encoder, config: Config, labels: Tensor, task: Task) -> None:
        super().__init__(encoder, config, len(labels))
        self.task = task
        self.classifier = nn.Linear(encoder.dim, len(task.classes))
        self.register_buffer("labels", labels)
        self.labels: Tensor

    def forward(self, batch: Batch, make_view: MakeView) -> Tensor:
        """Mean cross-entropy of one view of each example."""
        logits = self.classifier(self.encoder.pooled(make_view(hide(batch.x, self.task))))
        return functional.cross_entropy(logits.float(), self.labels[batch.index])


class Supervised(Method):
    """An encoder per task, trained on its train split for as many epochs as pretraining gets."""

    name = "supervised"
    kind = "none"
    yardstick = True

    def represent(self, session: Session, examples: Examples, task: Task) -> Representation:
        """Train on the labels of ``task``; the probe then reads the same layer as everywhere."""
        indices = limit(examples.split(task, "train"), session.config.max_examples)
        labels = torch.from_numpy(examples.labels(task, indices))
        encoder = session.train(
            f"{examples.dataset.name}-{task.name}",
            lambda encoder: CrossEntropy(encoder, session.config, labels, task),
            Identity(),
            examples,
            indices,
        )
        return session.representation(encoder)
