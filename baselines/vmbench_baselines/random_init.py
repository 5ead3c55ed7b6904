"""Two floors: the same encoder, never trained; as built, or with its batch norms calibrated.

A network as built normalises nothing in evaluation mode: its batch norms hold a mean of 0 and a
variance of 1 and are identities. In training mode they normalise by the batch, so pretraining
starts from another function; calibration is what makes evaluation mode that function.
"""

import torch
from torch import nn

from vmbench.data.dataset import Task
from vmbench.data.examples import Examples
from vmbench.networks.encoder import Encoder
from vmbench.runs.session import Session
from vmbench.training.loop import order
from vmbench.views.method import Method, Representation

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class RandomInit(Method):
    """Features of a freshly initialised encoder, its batch norms as they are built: identities."""

    name = "random-init"
    kind = "none"
    yardstick = True

    def represent(self, session: Session, examples: Examples, task: Task) -> Representation:
        """The weights that pretraining with this seed would start from."""
        return session.shared(lambda: session.representation(session.new_encoder()))


class RandomInitCalibrated(Method):
    """The same weights, batch norms calibrated: the function that pretraining starts from."""

    name = "random-init-calibrated"
    kind = "none"
    yardstick = True

    def represent(self, session: Session, examples: Examples, task: Task) -> Representation:
        """Calibrated on the pretraining examples, whatever the task; nothing else is trained."""
        return session.shared(lambda: session.representation(_calibrated(session)))


def _calibrated(session: Session) -> Encoder:
    encoder = session.new_encoder()
    if not any(isinstance(module, BATCH_NORMS) for module in encoder.modules()):
        session.progress.say("the encoder has no batch norm: the features are those of random-init")
        return encoder
    calibrate(encoder, session)
    return encoder


def calibrate(encoder: Encoder, session: Session) -> None:
    """Set the running statistics to the average of those of the batches of one pass in train mode.

    The pass is over the pretraining examples, in the order and the batches of pretraining's first
    epoch, with no views. No weight changes.
    """
    session.require_batch(session.examples, session.indices)
    norms = [module for module in encoder.modules() if isinstance(module, BATCH_NORMS)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative average
    placement, indices = session.placement, session.indices
    encoder.to(placement.device).train()
    with torch.no_grad(), session.seeded(), placement.mixed():
        for _, batch in order(len(indices), session.config.batch_size, 1, session.seed, 0):
            encoder.pooled(session.examples.batch(indices[batch]).to(placement.device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    encoder.eval()
