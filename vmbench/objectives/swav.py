"""Swapped assignments between views (Caron et al. 2020, arXiv 2006.09882)."""

from collections.abc import Sequence
from typing import cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from vmbench.config import Config
from vmbench.data.specs import Spec
from vmbench.errors import UserError
from vmbench.networks.encoder import Architecture, Encoder, build_encoder
from vmbench.objectives.base import Batch, ContrastiveSettings, ProjectionObjective, mean, together
from vmbench.objectives.precision import full_precision
from vmbench.settings import Settings
from vmbench.views.base import MakeViews
from vmbench.views.crop import local_crop, local_space

# Published constants of the assignment.
EPSILON = 0.05
ITERATIONS = 3
FEWEST = 2  # prototypes, whatever the batch


@torch.no_grad()
def sinkhorn(scores: Tensor, epsilon: float, iterations: int) -> Tensor:
    """Assign the batch to prototypes so that all prototypes are used alike (equations 3 to 5).

    Sinkhorn-Knopp on ``exp(scores / epsilon)``, in logarithms so that nothing overflows: in turn,
    every prototype's column gets the same sum, then every example's row sums to 1.

    Args:
        scores: similarities (B, K) of examples and prototypes.
        epsilon: weight of the entropy, > 0; the smaller, the harder the assignment.
        iterations: of the pair of normalisations, >= 1.

    Returns:
        Codes (B, K), non-negative, each row's sum 1; without a gradient.

    >>> sinkhorn(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), epsilon=0.05, iterations=3)
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """
    log_codes = scores / epsilon
    for _ in range(iterations):
        log_codes = torch.log_softmax(torch.log_softmax(log_codes, dim=0), dim=1)
    return log_codes.exp()


def swav(
    scores1: Tensor,
    scores2: Tensor,
    temperature: float,
    epsilon: float = EPSILON,
    iterations: int = ITERATIONS,
) -> Tensor:
    """Cross-entropy of predicting each view's code from the other view (equations 1 and 2).

    ``mean_i( - sum_k code2_ik log softmax_k(scores1_i / t) )``, averaged with its swapped twin.

    Args:
        scores1: cosine similarities (B, K) of the first views and the prototypes.
        scores2: the same of the second views.
        temperature: t > 0 of the prediction.
        epsilon: of :func:`sinkhorn`, which gives the codes; they are constants.
        iterations: of :func:`sinkhorn`.

    Returns:
        A scalar, positive.

    >>> swav(torch.eye(2), torch.eye(2), temperature=1.0).item()  # log(e + 1) - 1
    0.313...
    """
    return multi_crop_swav([scores1, scores2], [], temperature, epsilon, iterations)


def multi_crop_swav(
    full: Sequence[Tensor],
    local: Sequence[Tensor],
    temperature: float,
    epsilon: float = EPSILON,
    iterations: int = ITERATIONS,
) -> Tensor:
    """Cross-entropy of predicting each full view's code from every other view (section 3.2).

    The mean over the full views, and for each over all other views, of one's loss against the
    other's code. Local views have no code.

    Args:
        full: cosine similarities (B, K) of each full view and the prototypes; two or more.
        local: the same of each local view.
        temperature: as :func:`swav` takes them; so the rest.
        epsilon: of :func:`sinkhorn`.
        iterations: of :func:`sinkhorn`.

    Returns:
        A scalar, positive.

    >>> one = torch.eye(2)
    >>> multi_crop_swav([one, one], [one], temperature=1.0).item()  # log(e + 1) - 1
    0.313...
    """
    losses = []
    for place, coded in enumerate(full):
        code = sinkhorn(coded, epsilon, iterations)
        others = [*full[:place], *full[place + 1 :], *local]
        losses.append(mean([functional.cross_entropy(each / temperature, code) for each in others]))
    return mean(losses)


class SwAVSettings(ContrastiveSettings):
    """Of :class:`SwAV`."""

    prototypes: int | None = Field(
        None, ge=2, description="Prototypes, at most batch_size; none is half of it."
    )
    local_crops: int = Field(
        0, ge=0, description="Local crops that are predicted from beside the two full views."
    )


class SwAV(ProjectionObjective):
    """Each view's prototype scores against the other's balanced assignment.

    ``prototypes`` unit vectors (by default half as many as a batch has examples) are trained with
    the encoder. Without the queue for small batches: more prototypes than examples cannot all be
    used alike, and are refused.

    Multi-crop: ``local_crops`` further views of each example are cut to a window of 96/224 of each
    side. The window is one of a whole view, so that any family will do; the published one is a
    resized crop of the example. Views that the family itself makes smaller are local, too.

    The viewmaker gets its gradient through the scores that predict, which both views give; the
    codes, where the gradient is stopped, give neither player any.
    """

    name = "swav"
    summary = "predict the other view's balanced assignment to prototypes"
    kind = "clustering"
    paper = "Caron et al. 2020, arXiv 2006.09882"
    settings_class = SwAVSettings
    settings: SwAVSettings
    needs_space = ("local_crops",)

    @classmethod
    def complete(
        cls, settings: Settings, config: Config, spec: Spec, architecture: Architecture
    ) -> SwAVSettings:
        """With a number of prototypes.

        Raises:
            UserError: more prototypes than a batch has examples, or crops that nothing can encode.
        """
        settings = cast(SwAVSettings, settings)
        wanted, batch = settings.prototypes, config.batch_size
        if wanted is not None and wanted > batch:
            raise UserError(
                f"objective 'swav' cannot use {wanted} prototypes alike in a batch of {batch}: use "
                f"--set swav.prototypes={batch} or fewer, or --set batch_size={wanted} or more"
            )
        count = wanted or max(FEWEST, batch // 2)
        completed = settings.model_copy(update={"prototypes": count})
        if not settings.local_crops:
            return completed
        mend = "use --set swav.local_crops=0"
        if local_space(spec.space) == spec.space:
            raise UserError(f"objective 'swav' cannot cut local crops of a {spec}: {mend}")
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            encoder = build_encoder(spec, architecture).eval()
            try:
                encoder(torch.zeros(1, spec.channels_in, *local_space(spec.space)))
            except (RuntimeError, ValueError) as error:
                raise UserError(
                    f"objective 'swav' cannot encode local crops of a {spec}: encoder "
                    f"{type(encoder).__name__} takes whole examples only; {mend}"
                ) from error
        return completed

    def __init__(self, encoder: Encoder, settings: SwAVSettings, n_examples: int) -> None:
        super().__init__(encoder, settings, n_examples)
        if settings.prototypes is None:
            raise ValueError("complete() the settings: how many prototypes depends on the batch")
        prototypes = torch.randn(settings.prototypes, settings.projection_dim)
        self.prototypes = nn.Parameter(functional.normalize(prototypes, dim=1))

    def forward(self, batch: Batch, make_views: MakeViews) -> Tensor:
        """Each full view's code, predicted from all other views of the example."""
        views, space = make_views(batch.x), local_space(batch.x.shape[2:])
        for view in make_views(batch.x, self.settings.local_crops):
            views.append(local_crop(view, space, batch.generator))
        z = together(views, self.project)
        with full_precision(batch.x):
            scores = together(z, self.scores)
            whole = [view.shape == batch.x.shape for view in views]
            full = [each for each, is_full in zip(scores, whole, strict=True) if is_full]
            local = [each for each, is_full in zip(scores, whole, strict=True) if not is_full]
            return multi_crop_swav(full, local, self.settings.temperature)

    def scores(self, z: Tensor) -> Tensor:
        """Cosine similarities (N, K) of projections (N, D) and the prototypes."""
        return functional.normalize(z, dim=1) @ self.prototypes.T

    @torch.no_grad()
    def after_step(self, batch: Batch) -> None:
        """The prototypes go back to the unit sphere."""
        self.prototypes.copy_(functional.normalize(self.prototypes, dim=1))
