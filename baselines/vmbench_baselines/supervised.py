"""The ceiling: the same encoder trained on the task's labels, read by the same probe."""

from typing import Literal

from pydantic import Field

from vmbench.networks.encoder import HeadSettings
from vmbench.views.method import Method


class SupervisedSettings(HeadSettings):
    """Of the ceiling."""

    augmentation: Literal["handcrafted"] | None = Field(
        None, description="Views that the training sees; --views names any family instead."
    )


class Supervised(Method):
    """An encoder per task, trained on its train split for as many epochs as pretraining gets.

    With ``--views`` it is trained on one view of each example: augmentation, learned or not. The
    probe then reads the same layer as everywhere.
    """

    name = "supervised"
    summary = "yardstick, the ceiling: the same encoder trained on the labels"
    kind = "none"
    yardstick = True
    settings_class = SupervisedSettings
    settings: SupervisedSettings
    augmented = True
    trains = "per task"
