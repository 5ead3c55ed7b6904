"""e-Mix (Tamkin et al. 2021, DABS, arXiv 2111.12062): i-Mix on embeddings, for any kind of data.

Tokens of a text cannot be mixed, so DABS mixes what its embedding layers make of an example. Here
that is the output of the encoder's first layers (``Encoder.embed``): a ResNet's stem, an MLP's
first hidden vector. As in DABS the partner's embedding is taken as it is, without a gradient.
"""

from torch import Tensor

from vmbench.objectives.base import Batch, ProjectionObjective
from vmbench.views.base import MakeViews
from vmbench.views.method import PretextMethod
from vmbench_baselines.mixup import MixtureSettings, draw_mixture, mix, mixed_n_pair


class EMix(ProjectionObjective):
    """N-pair loss of mixed embeddings against the same batch unmixed."""

    paper = "Tamkin et al. 2021, arXiv 2111.12062"
    settings_class = MixtureSettings
    settings: MixtureSettings

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """Embed once, mix, encode mixtures and examples apart, and compare; makes no view."""
        embedded = self.encoder.embed(self.encoder.inputs(batch.x))
        share, partner = draw_mixture(len(embedded), batch.generator, self.settings.alpha)
        z = self.project(mix(embedded, embedded[partner].detach(), share))
        candidates = self.project(embedded)
        self.watch(candidates)
        return mixed_n_pair(z, candidates, share, partner, self.settings.temperature)

    def project(self, embedded: Tensor) -> Tensor:
        """Projections (B, D), float32, of embeddings."""
        maps = self.encoder.trunk(embedded)
        projected: Tensor = self.head(self.encoder.representation(maps))
        return projected.float()


class EMixMethod(PretextMethod):
    """e-Mix on any spec."""

    name = "emix"
    summary = "no views: embeddings mixed in pairs, labels mixed in its own objective"
    kind = "none"
    paper = "Tamkin et al. 2021, arXiv 2111.12062"
    objective = EMix
