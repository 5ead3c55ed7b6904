"""What the encoder's pass of a step saw, kept until the step is over."""

from torch import Tensor


class FirstPass:
    """Holds tensors from ``Objective.forward`` to ``Objective.after_step``, for queues and banks.

    The alternating schedule runs two forwards in a step, the encoder's first; the viewmaker's must
    neither fill a queue again nor replace what the encoder was trained on. So the first
    :meth:`keep` after a :meth:`take` counts. Nothing is held between steps: a checkpoint needs no
    more than the objective's buffers.
    """

    def __init__(self) -> None:
        self._kept: tuple[Tensor, ...] | None = None

    def keep(self, *seen: Tensor) -> None:
        """Hold ``seen``, without gradients, unless an earlier pass of this step did."""
        if self._kept is None:
            self._kept = tuple(tensor.detach() for tensor in seen)

    def take(self) -> tuple[Tensor, ...]:
        """What was kept; raises :class:`RuntimeError` if no forward pass came before."""
        if self._kept is None:
            raise RuntimeError("after_step without a forward pass in training mode")
        kept, self._kept = self._kept, None
        return kept
