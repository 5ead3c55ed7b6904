"""The loss that goes with each kind of task."""

import torch

from vmbench.config import Config
from vmbench.data.dataset import Kind, Task
from vmbench.data.labels import Labels
from vmbench.networks.encoder import Encoder
from vmbench.objectives.binary_cross_entropy import BinaryCrossEntropy
from vmbench.objectives.cross_entropy import CrossEntropy
from vmbench.objectives.labelled import LabelLoss
from vmbench.objectives.squared_error import SquaredError

LOSSES: dict[Kind, type[LabelLoss]] = {
    "multiclass": CrossEntropy,
    "multilabel": BinaryCrossEntropy,
    "regression": SquaredError,
}


def label_loss(encoder: Encoder, config: Config, labels: Labels, task: Task) -> LabelLoss:
    """The loss of ``task`` over ``encoder``; arguments as :class:`LabelLoss` takes them."""
    return LOSSES[task.kind](encoder, config, torch.from_numpy(labels), task)
