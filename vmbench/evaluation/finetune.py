"""Fine-tuning: the pretrained encoder and a linear layer, trained end to end on the task."""

from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.examples import Indices
from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Objective
from vmbench.objectives.by_kind import label_loss
from vmbench.objectives.labelled import LabelLoss
from vmbench.views import Identity

# Learning rates tried, as shares of the run's lr (at which a fresh encoder is trained).
LR_SHARES = (0.1, 0.3, 1.0)


@dataclass(frozen=True)
class _Candidate:
    """A trained network, how good it is on val (the headline, then minus the loss), and its lr."""

    val: tuple[float, float]
    lr: float
    network: LabelLoss


class FinetuneEvaluation(Evaluation):
    """Encoder and linear layer trained end to end on train; the learning rate is chosen on val.

    The grid (a tenth, three tenths and all of ``lr``) and ``finetune_epochs`` are the same for
    every method, the loop, the optimiser and the schedule those of pretraining. The network that
    is best on val predicts test once, without being trained again on train and val.
    """

    name = "finetune"
    paper = "Kornblith et al. 2019, arXiv 1805.08974"
    trains_encoder = True

    def score(self, problem: Problem) -> Score:
        """Accuracy, AUROC or correlation on test."""
        best = max((_train(problem, share) for share in LR_SHARES), key=lambda c: c.val)
        outputs = _outputs(problem, best.network, problem.indices["test"])
        predictions = best.network.predict(outputs).numpy()
        found = problem.contributions(predictions)
        return Score(problem.metrics(predictions), best.val[0], found, chosen={"lr": best.lr})


def _train(problem: Problem, share: float) -> _Candidate:
    settings = {"lr": share * problem.config.lr, "epochs": problem.config.finetune_epochs}
    config = problem.config.model_copy(update=settings)
    built: list[LabelLoss] = []

    def build(encoder: Encoder) -> Objective:
        built.append(label_loss(encoder, config, problem.labels("train"), problem.task))
        return built[0]

    replace(problem.session, config=config).train(
        f"finetune-{problem.examples.dataset.name}-{problem.task.name}-lr{config.lr:.6g}",
        build,
        Identity(),
        problem.examples,
        problem.indices["train"],
        encoder=deepcopy(problem.encoder),
    )
    network = built[0].eval()
    outputs = _outputs(problem, network, problem.indices["val"])
    truth = network.targets(torch.from_numpy(problem.labels("val")))
    value = problem.value(network.predict(outputs).numpy(), "val")
    return _Candidate((value, -network.loss(outputs, truth).item()), config.lr, network)


def _outputs(problem: Problem, network: LabelLoss, indices: Indices) -> Tensor:
    """(len(indices), outputs), on the CPU."""
    placement = problem.session.placement
    with torch.inference_mode(), placement.mixed():
        batches = [network.outputs(x.to(placement.device)) for x in problem.inputs(indices)]
        return torch.cat(batches).cpu()
