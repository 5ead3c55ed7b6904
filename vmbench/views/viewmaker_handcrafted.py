"""A viewmaker as a supplement to the views that people made for the domain.

Tamkin et al. 2021 (arXiv 2010.07432): combined, the two made the encoder more robust to corruption
than either alone.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Generator, Tensor

from vmbench.errors import UserError
from vmbench.networks.viewmaker import Viewmaker
from vmbench.views.base import MakeView, ViewContext, ViewFamily
from vmbench.views.method import ViewMethod
from vmbench.views.viewmaker import AdversarialViews, ViewmakerSettings, build_viewmaker


class SupplementedViews(AdversarialViews):
    """A handcrafted view of each example, then a viewmaker's bounded perturbation of that view.

    The adversary answers for its own perturbation alone: no gradient reaches what it perturbs.

    Args:
        handcrafted: the family that distorts first; it must have nothing to learn.
        network: perturbs what that made.
    """

    def __init__(self, handcrafted: ViewFamily, network: Viewmaker, lr: float = 1e-3) -> None:
        super().__init__(network, lr)
        if handcrafted.role != "fixed":
            raise ValueError(f"{type(handcrafted).__name__} learns; it cannot be supplemented")
        self.handcrafted = handcrafted

    def forward(self, x: Tensor, generator: Generator) -> Tensor:
        """One view of each example."""
        return self.supplement(self.handcrafted, x, generator)

    def makers(self) -> Sequence[MakeView]:
        """Each of the handcrafted family's views, perturbed."""
        return [partial(self.supplement, make) for make in self.handcrafted.makers()]

    def supplement(self, make: MakeView, x: Tensor, generator: Generator) -> Tensor:
        """The view that ``make`` makes of each example, perturbed."""
        with torch.no_grad():
            view = make(x, generator)
        return super().forward(view, generator)


class ViewmakerHandcrafted(ViewMethod):
    """The domain's handcrafted views, supplemented by a viewmaker."""

    name = "viewmaker+handcrafted"
    summary = "the domain's handcrafted views, then the viewmaker's perturbation as a supplement"
    kind = "learned"
    paper = "Tamkin et al. 2021, arXiv 2010.07432"
    uses_handcrafted = True
    settings_class = ViewmakerSettings
    settings: ViewmakerSettings

    def views(self, context: ViewContext) -> ViewFamily:
        """The family ``context.handcrafted``, and a viewmaker for the spec.

        Raises:
            UserError: if the domain has no handcrafted family for the spec.
        """
        if context.handcrafted is None:
            raise UserError(
                f"method '{self.name}' needs handcrafted views, and the domain has none for a "
                f"{context.spec}: use --method viewmaker"
            )
        handcrafted = context.handcrafted.views(context)
        return SupplementedViews(
            handcrafted, build_viewmaker(context, self.settings), self.settings.lr
        )
