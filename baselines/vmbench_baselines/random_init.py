"""The floor: the same encoder, never trained."""

from vmbench.dataset import Task
from vmbench.examples import Examples
from vmbench.method import Method, Representation
from vmbench.session import Session


class RandomInit(Method):
    """Features of a freshly initialised encoder; what pretraining must beat to be worth it."""

    name = "random-init"
    kind = "none"
    yardstick = True

    def represent(self, session: Session, examples: Examples, task: Task) -> Representation:
        """The encoder that pretraining with this seed would have started from."""
        return session.representation(session.new_encoder())
