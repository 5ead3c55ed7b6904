"""The ceiling: the same encoder trained on the task's labels, read by the same probe."""

from vmbench.data.dataset import Task
from vmbench.data.examples import Examples
from vmbench.evaluation import limit
from vmbench.objectives.by_kind import label_loss
from vmbench.runs.session import Session
from vmbench.views.method import Method, Representation


class Supervised(Method):
    """An encoder per task, trained on its train split for as many epochs as pretraining gets.

    With ``--views`` it is trained on one view of each example: augmentation, learned or not.
    """

    name = "supervised"
    kind = "none"
    yardstick = True
    augmented = True

    def represent(self, session: Session, examples: Examples, task: Task) -> Representation:
        """Train on the labels of ``task``; the probe then reads the same layer as everywhere."""
        indices = limit(examples.split(task, "train"), session.config.max_examples)
        labels = examples.labels(task, indices)
        encoder = session.train(
            session.task_training(examples, task),
            lambda encoder: label_loss(encoder, session.config, labels, task),
            session.augmentation(examples, indices),
            examples,
            indices,
        )
        return session.representation(encoder)
