"""The loss that goes with each kind of task."""

from typing import cast

import torch

from vmbench.config import Config
from vmbench.data.dataset import Task
from vmbench.data.labels import Labels
from vmbench.networks.encoder import Encoder
from vmbench.objectives.labelled import LabelLoss
from vmbench.registry import import_target


def label_loss(encoder: Encoder, config: Config, labels: Labels, task: Task) -> LabelLoss:
    """The loss of ``task`` over ``encoder``; arguments as :class:`LabelLoss` takes them."""
    loss = cast(type[LabelLoss], import_target(task.rules.loss))
    return loss(encoder, config, torch.from_numpy(labels), task)
