"""Fine-tuning: the pretrained encoder and a linear layer, trained end to end on the task."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from vmbench.data.examples import Indices
from vmbench.errors import UserError
from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Objective
from vmbench.objectives.by_kind import label_loss
from vmbench.objectives.labelled import LabelLoss
from vmbench.settings import Settings
from vmbench.training.checkpoint import save_weights
from vmbench.views.base import Identity

# Tried for every method alike: what suits a pretrained encoder, and what a fresh one needs.
LEARNING_RATES = (1e-4, 3e-4, 1e-3, 3e-3)
# The rest of the training, so that nothing that a method was tuned with decides how it is judged.
TRAINING: Mapping[str, Any] = {
    "schedule": "joint",
    "optimizer": "adamw",
    "weight_decay": 1e-4,
    "lr_schedule": "cosine",
}


@dataclass(frozen=True)
class _Candidate:
    """A trained network, how good it is on val (the headline, then minus the loss), and its lr."""

    val: tuple[float, float]
    lr: float
    network: LabelLoss


class FinetuneSettings(Settings):
    """Of fine-tuning."""

    batch_size: int = Field(64, ge=2, description="Examples per step, for every method.")
    epochs: int = Field(10, ge=1, le=10_000, description="Passes over a task's train split.")


class FinetuneEvaluation(Evaluation):
    """Encoder and linear layer trained end to end on train; the learning rate is chosen on val.

    The grid of rates, the batch size and the number of steps (its settings), AdamW and its cosine
    schedule are the same for every method, whatever it was pretrained with. The network that is
    best on val predicts test once, without being trained again on train and val.
    """

    name = "finetune"
    summary = "the encoder and a linear layer trained end to end"
    paper = "Kornblith et al. 2019, arXiv 1805.08974"
    trains_encoder = True
    settings_class = FinetuneSettings
    settings: FinetuneSettings

    def score(self, problem: Problem) -> Score:
        """Accuracy, AUROC or correlation on test."""
        tried = (_train(problem, self.settings, lr) for lr in LEARNING_RATES)
        best = max(tried, key=lambda candidate: candidate.val)
        outputs = _outputs(problem, best.network, problem.indices["test"])
        predictions = best.network.predict(outputs).numpy()
        found = problem.contributions(predictions)
        return Score(problem.metrics(predictions), best.val[0], found, chosen={"lr": best.lr})


def _train(problem: Problem, own: FinetuneSettings, lr: float) -> _Candidate:
    epochs, batch_size = own.epochs, own.batch_size
    count = len(problem.indices["train"])
    if count < batch_size:
        raise UserError(
            f"task {problem.examples.dataset.name}/{problem.task.name} has {count} training "
            f"examples, fewer than a batch of {batch_size}: lower it with "
            f"--set finetune.batch_size=N"
        )
    settings = {**TRAINING, "lr": lr, "epochs": epochs, "batch_size": batch_size}
    config = problem.config.model_copy(update=settings)
    built: list[LabelLoss] = []

    def build(encoder: Encoder) -> Objective:
        built.append(label_loss(encoder, problem.labels("train"), problem.task))
        return built[0]

    encoder = deepcopy(problem.encoder)
    name = f"finetune-{problem.examples.dataset.name}-{problem.task.name}-lr{config.lr:.6g}"
    replace(problem.trainer, config=config).train(
        problem.folder,
        build,
        Identity(),
        problem.examples,
        problem.indices["train"],
        encoder,
        name=name,
        states=problem.checkpoints,
    )
    save_weights(encoder, problem.checkpoints / f"{name}.encoder.safetensors")
    network = built[0].eval()
    outputs = _outputs(problem, network, problem.indices["val"])
    truth = network.targets(torch.from_numpy(problem.labels("val")))
    value = problem.value(network.predict(outputs).numpy(), "val")
    return _Candidate((value, -network.loss(outputs, truth).item()), config.lr, network)


def _outputs(problem: Problem, network: LabelLoss, indices: Indices) -> Tensor:
    """(len(indices), outputs), on the CPU."""
    placement = problem.trainer.placement
    with torch.inference_mode(), placement.mixed():
        batches = [network.outputs(x.to(placement.device)) for x in problem.inputs(indices)]
        return torch.cat(batches).cpu()
