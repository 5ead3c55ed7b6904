"""Two floors: the same encoder, never trained; as built, or with its batch norms calibrated.

A network as built normalises nothing in evaluation mode: its batch norms hold a mean of 0 and a
variance of 1 and are identities. In training mode they normalise by the batch, so pretraining
starts from another function; calibration is what makes evaluation mode that function.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from vmbench.networks.encoder import Encoder, HeadSettings
from vmbench.views.method import Method

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class RandomInit(Method):
    """Features of a freshly initialised encoder, its batch norms as they are built: identities.

    The weights are those that pretraining with this seed would start from.
    """

    name = "random-init"
    summary = (
        "yardstick, a floor: the same encoder, never trained, batch norms as built: identities"
    )
    kind = "none"
    yardstick = True
    settings_class = HeadSettings


class RandomInitCalibrated(Method):
    """The same weights, batch norms calibrated: the function that pretraining starts from.

    Calibrated on the pretraining examples, whatever the task; nothing else is trained.
    """

    name = "random-init-calibrated"
    summary = (
        "yardstick, a floor: the same weights, batch norms calibrated: where pretraining starts"
    )
    kind = "none"
    yardstick = True
    settings_class = HeadSettings

    def settle(self, encoder: Encoder, batches: Iterable[Tensor]) -> str | None:
        """:func:`calibrate`, where there is a batch norm."""
        if not any(isinstance(module, BATCH_NORMS) for module in encoder.modules()):
            return "the encoder has no batch norm: the features are those of random-init"
        calibrate(encoder, batches)
        return None


def calibrate(encoder: Encoder, batches: Iterable[Tensor]) -> None:
    """Set the running statistics to the average of those of the ``batches``, read in train mode.

    No weight changes, and there are no views.
    """
    norms = [module for module in encoder.modules() if isinstance(module, BATCH_NORMS)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative average
    encoder.train()
    with torch.no_grad():
        for x in batches:
            encoder.pooled(x)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    encoder.eval()
