"""The loss that goes with each kind of task."""

from typing import cast

import torch

from vmbench.data.dataset import Task
from vmbench.data.labels import Labels
from vmbench.networks.encoder import Encoder
from vmbench.objectives.labelled import LabelLoss
from vmbench.registry import import_target


def label_loss(encoder: Encoder, labels: Labels, task: Task) -> LabelLoss:
    """The loss of ``task`` over ``encoder``; arguments as :class:`LabelLoss` takes them."""
    loss = cast(type[LabelLoss], import_target(task.rules.loss))
    return loss(encoder, torch.from_numpy(labels), task)
