"""What a pretraining's folder says of itself: ``spec.json``, its model card, its picture."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch

import vmbench
from vmbench.data.examples import Examples
from vmbench.networks.encoder import Encoder, Standardise
from vmbench.networks.viewmaker import Viewmaker
from vmbench.pretrained.document import (
    CARD,
    ENCODER,
    PICTURE,
    VIEWS,
    DatasetPart,
    Document,
    EncoderPart,
    InputsPart,
    NormalisationPart,
    SpecPart,
    ViewsPart,
    sha256_of,
)
from vmbench.runs.pictures import AROUND, draw_gallery
from vmbench.runs.request import RunRequest
from vmbench.storage.atomic import write_atomically
from vmbench.training.collapse import Health
from vmbench.training.loop import Fit
from vmbench.training.trainer import Trainer, count_parameters
from vmbench.views.base import Identity, ViewFamily

if TYPE_CHECKING:
    from vmbench.runs.pretraining import Recipe


def describe(
    recipe: "Recipe",
    trainer: Trainer,
    examples: Examples,
    encoder: Encoder,
    views: ViewFamily,
    folder: Path,
    request: RunRequest,
    fit: Fit,
    health: Health | None,
) -> None:
    """Write ``spec.json``, ``README.md`` and, where matplotlib is installed, ``views.png``.

    Args:
        recipe: what was trained.
        trainer: how.
        examples: what was trained on.
        encoder: trained.
        views: trained where they learn.
        folder: holds the weights already.
        request: the command that asks for this training.
        fit: how much was done.
        health: of the representations; None where labels taught.
    """
    document = document_of(recipe, examples, encoder, views, folder, request)
    document.write(folder)
    write_atomically(folder / CARD, card_of(document, folder.name, request, fit, health))
    if not isinstance(views, Identity) and find_spec("matplotlib") is not None:
        draw_views(recipe, views, trainer, examples, folder / PICTURE)


def document_of(
    recipe: "Recipe",
    examples: Examples,
    encoder: Encoder,
    views: ViewFamily,
    folder: Path,
    request: RunRequest,
) -> Document:
    """``spec.json``; arguments as for :func:`describe`."""
    dataset, built = examples.dataset, encoder.built
    inputs, network = dataset.described(), getattr(views, "network", None)
    return Document(
        name=recipe.name,
        vmbench=vmbench.__version__,
        domain=request.domain,
        objective=recipe.objective,
        supervised_by=recipe.task.name if recipe.task else None,
        seed=recipe.seed,
        n_examples=len(recipe.indices(examples)),
        spec=SpecPart(kind=examples.spec.kind, shape=examples.spec.shape),
        dataset=DatasetPart(
            name=dataset.name,
            revision=dataset.revision,
            fingerprint=dataset.fingerprint,
            licence=dataset.card.licence,
            citation=dataset.card.citation,
            homepage=dataset.card.homepage,
        ),
        inputs=InputsPart(
            units=inputs.units,
            channels=inputs.channels,
            preparation=inputs.preparation,
            value_range=dataset.value_range,
        ),
        normalisation=NormalisationPart(
            by=dataset.normalize,
            mean=tuple(examples.mean.flatten().tolist()),
            sd=tuple(examples.std.flatten().tolist()),
        ),
        encoder=EncoderPart(
            name=built.name,
            target=built.target,
            owner=built.owner,
            settings=dict(built.settings),
            standardised=isinstance(encoder.inputs, Standardise),
            bins=recipe.config.feature_bins,
            parameters=count_parameters(encoder),
            sha256=sha256_of(folder / ENCODER),
        ),
        views=ViewsPart(
            method=recipe.family.name if recipe.family else None,
            learned=views.role != "fixed",
            viewmaker=network.settings
            if views.role != "fixed" and isinstance(network, Viewmaker)
            else None,
            parameters=count_parameters(views),
            sha256=sha256_of(folder / VIEWS) if views.role != "fixed" else None,
        ),
    )


def card_of(
    document: Document, name: str, request: RunRequest, fit: Fit, health: Health | None
) -> str:
    """The model card, in Markdown."""
    dataset, inputs, encoder = document.dataset, document.inputs, document.encoder
    channels = f"; channels: {', '.join(inputs.channels)}" if inputs.channels else ""
    how = {
        "none": "none",
        "channel": "each channel by the mean and sd of the training examples",
        "global": "all values by the mean and sd of the training examples",
    }[document.normalisation.by]
    taught = (
        f"the labels of task {document.supervised_by}"
        if document.supervised_by
        else f"{document.objective or 'an objective of its own'}, without labels"
    )
    command = request.command() if document.supervised_by else request.pretrain_command()
    return f"""# {dataset.name}: {document.views.method or "supervised"}

A {encoder.name} encoder of {encoder.parameters:,} parameters, pretrained by vmbench
{document.vmbench}.

- **Data**: {dataset.name}, revision {dataset.revision}, {document.n_examples:,} examples.
  Licence: {dataset.licence}. Cite: {dataset.citation}. {dataset.homepage}
- **Takes**: batches (N, {", ".join(map(str, document.spec.shape))}), a {document.spec.kind}.
  {inputs.preparation} Units: {inputs.units or "not stated"}{channels}.
- **Normalisation**, which `features` does itself: {how}.
- **Learned from**: {taught}; views: {document.views.method or "none"}; seed {document.seed};
  {fit.epochs} epochs, {fit.steps} steps, final loss {fit.final_loss:.4g}.
{f"- **Health**: {health}." if health else "- **Health**: not judged where labels teach."}
- **Settings**: preset {request.preset}; all of them are in `request.json`.

```python
import vmbench

encoder = vmbench.load("{name}")  # this folder
features = encoder.features(x)  # x: examples as the dataset gives them
encoder.module  # the plain torch module, which takes encoder.normalise(x)
```

Made by `{command}`.
Without a number on a task it is not known to be better than an untrained encoder:
`vmbench evaluate` and the yardsticks say so.
"""


def draw_views(
    recipe: "Recipe", views: ViewFamily, trainer: Trainer, examples: Examples, path: Path
) -> None:
    """Draw the first training example and eight views of it.

    Args:
        recipe: of the training that the views are of.
        views: trained where they learn.
        trainer: of the run; for its seed and device.
        examples: what was trained on.
        path: ``.png`` or ``.svg``.

    Raises:
        UserError: if matplotlib is not installed or ``path`` cannot be written.
    """
    views.eval()
    views.to(trainer.placement.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    example = examples.batch(recipe.indices(examples)[:1])[0]
    placement = trainer.placement
    with torch.inference_mode():
        batch = example.to(placement.device).expand(AROUND, *example.shape).contiguous()
        around = views(batch, placement.generator(trainer.seed)).float().cpu()
    draw_gallery(
        examples.spec,
        example.numpy(),
        around.numpy(),
        path,
        f"{recipe.label} on {examples.dataset.name}",
        normalised=examples.dataset.normalize != "none",
    )
