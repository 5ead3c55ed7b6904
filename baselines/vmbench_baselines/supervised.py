"""The ceiling: the same encoder trained on the task's labels, read by the same probe."""

from vmbench.views.method import Method


class Supervised(Method):
    """An encoder per task, trained on its train split for as many epochs as pretraining gets.

    With ``--views`` it is trained on one view of each example: augmentation, learned or not. The
    probe then reads the same layer as everywhere.
    """

    name = "supervised"
    kind = "none"
    yardstick = True
    augmented = True
    trains = "per task"
