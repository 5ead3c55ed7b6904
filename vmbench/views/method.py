"""Methods: where the features come from. A view family pretrains an encoder; a yardstick need not.

The runner asks a method for a :class:`Representation` per task and probes it; that is all it
knows of methods, so a new one is one file.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from vmbench.data.dataset import Task
from vmbench.data.specs import ALL_KINDS
from vmbench.results import ViewKind
from vmbench.views.base import Identity, ViewContext, Views

if TYPE_CHECKING:
    from vmbench.data.examples import Examples
    from vmbench.networks.encoder import Encoder
    from vmbench.objectives.base import Objective
    from vmbench.runs.session import Session


@dataclass(frozen=True)
class Representation:
    """What is evaluated.

    Attributes:
        features: a batch (B, *spec.shape) -> features (B, D) on the CPU.
        parameters: trainable numbers in the encoder.
        encoder: where the features come from; None for a method without one.
    """

    features: Callable[[Tensor], Tensor]
    parameters: int
    encoder: "Encoder | None" = None


class Method(ABC):
    """Base of every method.

    Class attributes:
        name: as in ``--method``.
        kind: kind of its views: learned, handcrafted, fixed or none.
        specs: kinds of spec that it serves.
        paper: where it comes from.
        yardstick: True for a floor or a ceiling, which no objective applies to.
        uses_handcrafted: True where it builds on the domain's handcrafted family, so that a
            domain without one cannot run it.
        encodes: False if it has no encoder that could be fine-tuned.
        augmented: True if it can be trained on the views that ``--views`` names.
    """

    name: ClassVar[str]
    kind: ClassVar[ViewKind]
    specs: ClassVar[tuple[str, ...]] = ALL_KINDS
    paper: ClassVar[str] = ""
    yardstick: ClassVar[bool] = False
    uses_handcrafted: ClassVar[bool] = False
    encodes: ClassVar[bool] = True
    augmented: ClassVar[bool] = False

    @property
    def takes_objective(self) -> bool:
        """Whether ``--objective`` applies to it."""
        return not self.yardstick

    @abstractmethod
    def represent(self, session: "Session", examples: "Examples", task: Task) -> Representation:
        """Features for ``task`` of ``examples``; pretrains where the method does (once)."""


class ViewMethod(Method):
    """Base of the methods that pretrain an encoder on two views: implement :meth:`views`.

    Class attributes:
        objective: the loss that the method brings and that replaces ``--objective``, or None.
    """

    objective: ClassVar["type[Objective] | None"] = None

    @property
    def takes_objective(self) -> bool:
        """Whether ``--objective`` applies to it: not where it brings its own."""
        return self.objective is None

    @abstractmethod
    def views(self, context: ViewContext) -> Views:
        """The view family for this spec and these settings."""

    def represent(self, session: "Session", examples: "Examples", task: Task) -> Representation:
        """The encoder that ``session`` pretrained with these views; the same for every task."""
        return session.pretrained(self)


class PretextMethod(ViewMethod):
    """Base of the methods whose objective makes its own inputs: set ``objective``.

    Masks, mixtures and shuffles are part of such an objective, for it must know what it did to
    an example; it gets the examples themselves, and nothing distorts them before.
    """

    def views(self, context: ViewContext) -> Views:
        """None: every example as it is."""
        return Identity()
