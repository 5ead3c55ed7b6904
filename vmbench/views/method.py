"""Methods: what is trained, on which views. A view family pretrains; a yardstick need not.

A method states; it trains nothing itself (:mod:`vmbench.runs.representations` does), so that a new
one is one short file.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from torch import Tensor

from vmbench.results import ViewKind
from vmbench.settings import Configured, Settings
from vmbench.views.base import Identity, ViewContext, ViewFamily

if TYPE_CHECKING:
    from vmbench.networks.encoder import Encoder
    from vmbench.objectives.base import Objective

Trains = Literal["once", "per task", "never"]


@dataclass(frozen=True)
class Representation:
    """What is evaluated.

    Attributes:
        features: a batch (B, *spec.shape) -> features (B, D) on the CPU, with ``readout=last``.
        stages: calls back with the name and the maps (B, C, ...) of every stage of a batch, in
            order and from one forward pass, the input first; on the encoder's device, and without
            gradients.
        parameters: trainable numbers in the encoder.
        encoder: where the features come from; None for a method without one.
    """

    features: Callable[[Tensor], Tensor]
    stages: Callable[[Tensor, Callable[[str, Tensor], None]], None]
    parameters: int
    encoder: "Encoder | None" = None


class Method(Configured, ABC):
    """Base of every method.

    Class attributes, beside those of every :class:`~vmbench.settings.Component`:
        kind: kind of its views: learned, handcrafted, fixed or none.
        yardstick: True for a floor or a ceiling, which no objective applies to.
        uses_handcrafted: True where it builds on the domain's handcrafted family, so that a
            domain without one cannot run it.
        encodes: False if it has no encoder that could be fine-tuned.
        pools: True if its features are the input in bins, which ``readout=auto`` tries anyway.
        augmented: True if it can be trained on the views that ``--views`` names.
        trains: one encoder ``"once"``, without labels, for all tasks; one ``"per task"``, on its
            labels; or ``"never"`` any.
    """

    kind: ClassVar[ViewKind]
    yardstick: ClassVar[bool] = False
    uses_handcrafted: ClassVar[bool] = False
    encodes: ClassVar[bool] = True
    pools: ClassVar[bool] = False
    augmented: ClassVar[bool] = False
    trains: ClassVar[Trains] = "never"

    @property
    def takes_objective(self) -> bool:
        """Whether ``--objective`` applies to it."""
        return not self.yardstick

    def settle(self, encoder: "Encoder", batches: Iterable[Tensor]) -> str | None:
        """Prepare an encoder that is never trained, before it is read; by default as it is built.

        Args:
            encoder: with the weights that pretraining with this seed would start from.
            batches: the pretraining examples as the first epoch would have them, on the encoder's
                device; read only where they are asked for.

        Returns:
            What the user should know, if anything.
        """
        return None

    def features(self, x: Tensor) -> Tensor:
        """Features (B, D) of a batch (B, *spec.shape), of a method that has no encoder."""
        raise NotImplementedError(f"{type(self).__name__} has an encoder, or lacks features()")


class ViewMethod(Method):
    """Base of the methods that pretrain an encoder on views: implement :meth:`views`.

    Class attributes:
        objective: the loss that the method brings and that replaces ``--objective``, or None. It
            takes the method's settings, which by default are those that it declares.
    """

    objective: ClassVar["type[Objective] | None"] = None
    trains: ClassVar[Trains] = "once"

    @property
    def takes_objective(self) -> bool:
        """Whether ``--objective`` applies to it: not where it brings its own."""
        return self.objective is None

    @classmethod
    def declared(cls) -> type[Settings]:
        """Its own settings, or those of the objective that it brings."""
        if cls.objective is not None and cls.settings_class is Settings:
            return cls.objective.declared()
        return cls.settings_class

    @abstractmethod
    def views(self, context: ViewContext) -> ViewFamily:
        """The view family for this spec and these settings."""


class PretextMethod(ViewMethod):
    """Base of the methods whose objective makes its own inputs: set ``objective``.

    Masks, mixtures and shuffles are part of such an objective, for it must know what it did to
    an example; it gets the examples themselves, and nothing distorts them before.
    """

    def views(self, context: ViewContext) -> ViewFamily:
        """None: every example as it is."""
        return Identity()
