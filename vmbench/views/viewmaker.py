"""The method that the benchmark exists to test: learned, adversarial views."""

from torch import Generator, Tensor

from vmbench.networks.viewmaker import Viewmaker
from vmbench.views.base import ViewContext, Views
from vmbench.views.method import ViewMethod


def build_viewmaker(context: ViewContext) -> Viewmaker:
    """A viewmaker for the spec, bounded by ``config.epsilon`` and by the valid range."""
    config = context.config
    return Viewmaker(
        context.spec,
        epsilon=config.epsilon,
        clamp=context.value_range,
        num_res_blocks=config.num_res_blocks,
        frequency_domain=config.frequency_domain,
        downsample_to=config.downsample_to,
        width=config.viewmaker_width,
        bound=config.viewmaker_bound,
    )


class AdversarialViews(Views):
    """Views from a trained :class:`~vmbench.networks.Viewmaker`; the loop trains it to maximise."""

    learned = True

    def __init__(self, network: Viewmaker) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, generator: Generator) -> Tensor:
        """One bounded view of each example."""
        view: Tensor = self.network(x, generator)
        return view


class ViewmakerMethod(ViewMethod):
    """Viewmaker networks (Tamkin et al. 2021)."""

    name = "viewmaker"
    kind = "learned"
    paper = "Tamkin et al. 2021, arXiv 2010.07432"

    def views(self, context: ViewContext) -> Views:
        """A viewmaker for the spec, bounded by ``config.epsilon``."""
        return AdversarialViews(build_viewmaker(context))
