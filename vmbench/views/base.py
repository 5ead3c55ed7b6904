"""View families: callables on a batch that distort every example. Learned or not, all are one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from torch import Generator, Tensor, nn

from vmbench.data.specs import Spec

if TYPE_CHECKING:
    from vmbench.views.method import ViewMethod


@dataclass(frozen=True)
class ViewContext:
    """What a view family may know of the data it distorts.

    Attributes:
        spec: shape of one example.
        value_range: bounds of a valid input, or None if it is unbounded (normalised data).
        reference: up to 4,096 normalised training examples, (N, *spec.shape), on the CPU, drawn
            with a fixed seed: marginals and standard deviations come from here. No other split is
            ever in it.
        handcrafted: the domain's own view family for this spec, with its settings, where the
            method builds on it; else None.
        silence: what a bin without power holds, normalised, as ``(level, below_peak)``: a level
            per channel, and how far below the loudest bin of an example it is at most; None where
            the dataset has no such thing.
    """

    spec: Spec
    value_range: tuple[float, float] | None
    reference: Tensor
    handcrafted: "ViewMethod | None" = None
    silence: tuple[Tensor, Tensor] | None = None


Encode = Callable[[Tensor], Tensor]  # (B, *spec.shape) -> representations (B, D)
MakeView = Callable[[Tensor, Generator], Tensor]  # one view of each example of a batch


Role = Literal["fixed", "adversary", "own-loss"]


class ViewFamily(nn.Module):
    """Base of every view family.

    ``forward(x, generator)`` takes a batch (B, *spec.shape), float32 and normalised, and returns
    one view of each example: same shape, dtype and device, finite, and never ``x`` itself modified
    in place. All randomness is per example and comes from ``generator`` (on x's device).

    ``role`` says what it does while the encoder minimises a loss over its views: it stays as it is
    (``fixed``); it is an ``adversary``, trained to maximise that loss; or it has its ``own-loss``
    (:meth:`own_loss`) to minimise, and the encoder's sends it no gradient. Where it is trained, its
    peak learning rate (Adam's) is ``lr``.
    """

    lr: float = 1e-3
    role: ClassVar[Role] = "fixed"

    def forward(self, x: Tensor, generator: Generator) -> Tensor:
        """One view of each example of ``x``."""
        raise NotImplementedError

    def makers(self) -> Sequence[MakeView]:
        """What makes the views of an example, in order: by default :meth:`forward`, twice.

        Override it for more views, or for views of several kinds. The first two are of an
        example's shape; a later one may have less space (a local crop), with all channels.
        """
        return (self, self)

    def own_loss(self, x: Tensor, encode: Encode, generator: Generator) -> Tensor:
        """What a family in the role ``own-loss`` minimises on a batch: a scalar.

        ``encode`` is the encoder, in training mode; the gradient runs through it, but only the
        family's own parameters are stepped.
        """
        raise NotImplementedError

    def __call__(self, x: Tensor, generator: Generator) -> Tensor:
        """Typed front of ``nn.Module.__call__``."""
        view: Tensor = super().__call__(x, generator)
        return view


class Identity(ViewFamily):
    """No distortion: what the supervised yardstick trains on."""

    def forward(self, x: Tensor, generator: Generator) -> Tensor:
        """Return ``x``."""
        return x


class MakeViews(Protocol):
    """The list of views that an objective gets of a batch."""

    def __call__(self, x: Tensor, count: int | None = None) -> list[Tensor]:
        """Views (B, channels, ...) of each example of ``x``, as :meth:`ViewFamily.makers` orders.

        By default every one of the family's; otherwise ``count``, from the first on and around.
        """
        ...


def view_maker(
    views: ViewFamily, generator: Generator, between: Callable[[Tensor], Tensor] = lambda view: view
) -> MakeViews:
    """What makes a batch's views: those of ``views``, each passed through ``between``."""

    def make_views(x: Tensor, count: int | None = None) -> list[Tensor]:
        makers = views.makers()
        chosen = makers if count is None else islice(cycle(makers), count)
        return [between(make(x, generator)) for make in chosen]

    return make_views
