"""The method that the benchmark exists to test: learned, adversarial views."""

from typing import ClassVar

from pydantic import Field
from torch import Generator, Tensor

from vmbench.networks.viewmaker import Bound, Viewmaker
from vmbench.settings import Settings
from vmbench.views.base import Role, ViewContext, ViewFamily
from vmbench.views.method import ViewMethod


class ViewmakerSettings(Settings):
    """Of every method whose views a viewmaker network makes."""

    epsilon: float = Field(
        0.05, gt=0, le=10, description="Mean absolute perturbation of one example (L1 budget)."
    )
    width: int = Field(32, ge=1, description="Channels of the viewmaker's first layer.")
    num_res_blocks: int = Field(3, ge=0, le=5, description="Residual blocks of the viewmaker.")
    frequency_domain: bool = Field(False, description="Perturb the DCT of the input instead.")
    downsample_to: int | None = Field(
        None, ge=8, description="Run the viewmaker on the input resized to this many bins."
    )
    bound: Bound = Field(
        "input",
        description="Spend epsilon on what is added, or before resizing and DCT as released code.",
    )
    lr: float = Field(1e-3, gt=0, description="The viewmaker's peak learning rate (Adam).")


def build_viewmaker(context: ViewContext, settings: ViewmakerSettings) -> Viewmaker:
    """A viewmaker for the spec, bounded by ``settings.epsilon`` and by the valid range."""
    network = settings.model_dump(include=set(ViewmakerSettings.model_fields) - {"lr"})
    return Viewmaker(context.spec, clamp=context.value_range, **network)


class AdversarialViews(ViewFamily):
    """Views from a trained :class:`~vmbench.networks.Viewmaker`; the loop trains it to maximise."""

    role: ClassVar[Role] = "adversary"

    def __init__(self, network: Viewmaker, lr: float = 1e-3) -> None:
        super().__init__()
        self.network, self.lr = network, lr

    def forward(self, x: Tensor, generator: Generator) -> Tensor:
        """One bounded view of each example."""
        view: Tensor = self.network(x, generator)
        return view


class ViewmakerMethod(ViewMethod):
    """Viewmaker networks (Tamkin et al. 2021)."""

    name = "viewmaker"
    summary = "learned views: a stochastic L1-bounded adversary trained with the encoder"
    kind = "learned"
    paper = "Tamkin et al. 2021, arXiv 2010.07432"
    settings_class = ViewmakerSettings
    settings: ViewmakerSettings

    def views(self, context: ViewContext) -> ViewFamily:
        """A viewmaker for the spec, bounded by ``settings.epsilon``."""
        return AdversarialViews(build_viewmaker(context, self.settings), self.settings.lr)
