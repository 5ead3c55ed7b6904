"""Fine-tuning: the pretrained encoder and a linear layer, trained end to end on the task."""

from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from vmbench.evaluation.base import Evaluation, Problem, Score
from vmbench.examples import Indices
from vmbench.networks.encoder import Encoder
from vmbench.objectives.base import Objective
from vmbench.objectives.cross_entropy import CrossEntropy
from vmbench.views import Identity

# Learning rates tried, as shares of the run's lr (at which a fresh encoder is trained).
LR_SHARES = (0.1, 0.3, 1.0)


@dataclass(frozen=True)
class _Candidate:
    """A trained network, how good it is on val (accuracy, then minus the log-loss), and its lr."""

    val: tuple[float, float]
    lr: float
    network: CrossEntropy


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
        """Accuracy on test."""
        best = max((_train(problem, share) for share in LR_SHARES), key=lambda c: c.val)
        predictions = _logits(problem, best.network, problem.indices["test"]).argmax(1).numpy()
        metrics = problem.metrics(predictions) | {"chosen_lr": best.lr}
        return Score(metrics, best.val[0])


def _train(problem: Problem, share: float) -> _Candidate:
    settings = {"lr": share * problem.config.lr, "epochs": problem.config.finetune_epochs}
    config = problem.config.model_copy(update=settings)
    labels = torch.from_numpy(problem.labels("train"))
    built: list[CrossEntropy] = []

    def build(encoder: Encoder) -> Objective:
        built.append(CrossEntropy(encoder, config, labels, problem.task))
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
    logits = _logits(problem, network, problem.indices["val"])
    truth = torch.from_numpy(problem.labels("val"))
    accuracy = (logits.argmax(1) == truth).double().mean().item()
    return _Candidate(
        (accuracy, -functional.cross_entropy(logits, truth).item()), config.lr, network
    )


def _logits(problem: Problem, network: CrossEntropy, indices: Indices) -> Tensor:
    """(len(indices), classes), on the CPU."""
    placement = problem.session.placement
    with torch.inference_mode(), placement.mixed():
        batches = [network.logits(x.to(placement.device)) for x in problem.inputs(indices)]
        return torch.cat(batches).cpu()
