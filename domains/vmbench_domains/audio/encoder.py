"""A ResNet that takes waveforms: it makes the spectrograms, so that views may act before them."""

import torch
from torch import Tensor

from vmbench.data.specs import Grid, Sequence, Spec
from vmbench.errors import UserError
from vmbench.networks.resnet import ResNet18
from vmbench_domains.audio.logmel import LogMel

# Mean and sd, in dB, of the log-mel spectrograms of the training clips of spoken-digits-waveform,
# each scaled as the networks see them (the clips together have an sd of 1).
MEAN_DB, SD_DB = 19.0, 10.1


class LogMelResNet18(ResNet18):
    """Log-mel spectrograms, standardised by fixed numbers, then a ResNet-18 over them.

    The spectrograms are those of ``spoken-digits`` (64 mels, one frame per 250 samples at 16 kHz),
    up to the scale of the input. They are differentiable, so that a viewmaker learns through them.

    Args:
        spec: a Sequence of at least 1,024 samples; each channel gets a spectrogram.
        width: see :class:`~vmbench.networks.ResNet`, as the rest.
        embedding_dim: outputs of ``fc``; None leaves it out.
        stem: ``cifar`` or ``imagenet``.

    Shapes: (B, C, T) -> maps (B, 8 * width, mels / 8, T / 2000), rounded up.

    Raises:
        UserError: for a Sequence that is shorter than the Fourier transform.
    """

    name = "logmel-resnet18"
    summary = "waveforms to log-mel spectrograms, then residual network of 18 layers"
    specs = ("sequence",)

    def __init__(
        self, spec: Spec, width: int = 64, embedding_dim: int | None = 128, stem: str = "cifar"
    ) -> None:
        log_mel = LogMel()
        if not isinstance(spec, Sequence) or spec.length < log_mel.n_fft:
            raise UserError(
                f"encoder 'logmel-resnet18' needs a Sequence of {log_mel.n_fft} samples or more, "
                f"not a {spec}: use --set encoder=resnet18"
            )
        frames = -(-spec.length // log_mel.hop)
        super().__init__(Grid(spec.channels, log_mel.mels, frames), width, embedding_dim, stem)
        self.log_mel = log_mel

    def embed(self, x: Tensor) -> Tensor:
        """The stem's output (B, width, ...) for waveforms (B, C, T)."""
        return super().embed(self.spectrograms(x))

    def spectrograms(self, x: Tensor) -> Tensor:
        """Waveforms (B, C, T) -> standardised spectrograms (B, C, mels, frames), float32."""
        # A logarithm of small numbers needs all the digits, whatever precision the rest runs in.
        with torch.autocast(x.device.type, enabled=False):
            decibels = self.log_mel(x.float().flatten(0, 1))
            standard: Tensor = (decibels - MEAN_DB) / SD_DB
        return standard.view(*x.shape[:2], *standard.shape[1:])
