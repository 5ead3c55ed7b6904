"""Divmaker (Bayrooti et al. 2023, arXiv 2302.05757): views that learn to be diverse, not to hurt.

The counter-example to the adversary. The encoder minimises the run's objective over two views as
ever; the viewmaker does not maximise it but minimises a loss of its own, in which each view stays
close to its example and away from the example's other view.
"""

import torch
from pydantic import Field
from torch import Generator, Tensor
from torch.nn import functional

from vmbench.networks.viewmaker import Viewmaker
from vmbench.views.base import Encode, ViewContext, ViewFamily
from vmbench.views.method import ViewMethod
from vmbench.views.viewmaker import AdversarialViews, ViewmakerSettings, build_viewmaker


def deterministic_contrastive(z: Tensor, z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """The deterministic contrastive loss (Qiu et al. 2021, arXiv 2103.16440) of two views.

    ``mean over examples of: sum over views k of: log(e^a + e^b) - a``, where ``a`` is the cosine
    similarity of view k to the example over the temperature, and ``b`` that of the two views.

    Args:
        z: representations (B, D) of the examples; any scale, they are normalised here.
        z1: those of their first views.
        z2: those of their second views.
        temperature: above 0.

    Returns:
        A scalar: at least 0; 2 log 2 where the views equal the example.

    >>> one = torch.ones(3, 2)
    >>> deterministic_contrastive(one, one, one, temperature=1.0).item()  # 2 log 2
    1.386...
    """
    z, z1, z2 = (functional.normalize(each, dim=1) for each in (z, z1, z2))
    other = (z1 * z2).sum(1) / temperature
    kept = torch.stack([(z * z1).sum(1), (z * z2).sum(1)]) / temperature
    return functional.softplus(other - kept).sum(0).mean()


class DivmakerSettings(ViewmakerSettings):
    """The viewmaker's, and the temperature of a loss of its own."""

    temperature: float = Field(
        0.07, gt=0, description="Temperature of the viewmaker's own loss, as published."
    )


class DiverseViews(AdversarialViews):
    """A viewmaker's views, trained to differ from one another and not from their example.

    The encoder's loss sends it no gradient. Its own loss runs through the encoder, which that
    loss does not train (only batch norm's running averages see the batch once more).
    """

    role = "own-loss"

    def __init__(self, network: Viewmaker, temperature: float = 0.07, lr: float = 1e-3) -> None:
        super().__init__(network, lr)
        self.temperature = temperature

    def own_loss(self, x: Tensor, encode: Encode, generator: Generator) -> Tensor:
        """Deterministic contrastive loss of two fresh views of each example.

        The examples and the two sets of views are encoded apart, as published, so that batch
        norm sees each by itself.
        """
        views = [self(x, generator), self(x, generator)]
        z, z1, z2 = (encode(each).float() for each in (x, *views))
        return deterministic_contrastive(z, z1, z2, self.temperature)


class Divmaker(ViewMethod):
    """Bounded learned views without an adversary."""

    name = "divmaker"
    summary = "learned views without an adversary: trained to differ from one another"
    kind = "learned"
    paper = "Bayrooti et al. 2023, arXiv 2302.05757"
    settings_class = DivmakerSettings
    settings: DivmakerSettings

    def views(self, context: ViewContext) -> ViewFamily:
        """The network and the budget of ``viewmaker``."""
        network = build_viewmaker(context, self.settings)
        return DiverseViews(network, self.settings.temperature, self.settings.lr)
