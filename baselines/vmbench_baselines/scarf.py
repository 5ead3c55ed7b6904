"""SCARF (Bahri et al., ICLR 2022, arXiv 2106.15147): random features of a row are replaced.

Algorithm 1, with two deviations. There one view is corrupted and the other is the row itself; here
a view knows nothing of its sibling and both are corrupted. There raw columns are corrupted before
their categories are encoded; here the columns of a Vector are encoded already and nothing says
which belong together, so each column of a one-hot block is replaced on its own.
"""

from torch import Generator, Tensor

from vmbench.views.base import ViewContext, ViewFamily
from vmbench_baselines.distortion import Distortion, DistortionMethod
from vmbench_baselines.draws import integers
from vmbench_baselines.masks import random_subset

CORRUPTED_PERCENT = 60


class Scarf(Distortion):
    """60% of each row's features (rounded down, at least one) drawn from their marginals.

    ``strength`` scales the share.

    A draw is that feature of a reference row, chosen anew for every feature and example.
    """

    def __init__(self, context: ViewContext, strength: float = 1.0) -> None:
        super().__init__(context, strength)
        features = context.spec.channels_in
        share = min(1.0, self.strength * CORRUPTED_PERCENT / 100)
        self.count = max(1, int(features * share))
        self.register_buffer("reference", context.reference, persistent=False)
        self.reference: Tensor

    def distort(self, x: Tensor, generator: Generator) -> Tensor:
        """(B, F) -> (B, F)."""
        corrupted = random_subset(len(x), x.shape[1], self.count, generator)
        rows = integers(len(self.reference), tuple(x.shape), generator)
        return x.where(~corrupted, self.reference.gather(0, rows))


class ScarfMethod(DistortionMethod):
    """Tables' handcrafted views."""

    name = "scarf"
    summary = "handcrafted table views: 60% of the features drawn from their marginals"
    kind = "handcrafted"
    specs = ("vector",)
    paper = "Bahri et al. 2022, arXiv 2106.15147"

    def views(self, context: ViewContext) -> ViewFamily:
        """Corruption by ``context``'s reference rows."""
        return Scarf(context, self.settings.strength)
