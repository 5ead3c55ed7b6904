"""Log-mel spectrograms: power on the mel scale, in decibels.

The mel scale is that of O'Shaughnessy 1987, as in the HTK book: ``m = 2595 log10(1 + f / 700)``.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from vmbench_domains.audio.decibels import LEAST_POWER, TOP_DB


def hertz_to_mel(frequency: Tensor) -> Tensor:
    """Frequency in Hz -> mel.

    >>> hertz_to_mel(torch.tensor([0.0, 1000.0])).round().tolist()
    [0.0, 1000.0]
    """
    return 2595 * torch.log10(1 + frequency / 700)


def mel_to_hertz(mel: Tensor) -> Tensor:
    """Inverse of :func:`hertz_to_mel`."""
    return 700 * (10 ** (mel / 2595) - 1)


def mel_filterbank(sample_rate: int, n_fft: int, mels: int) -> Tensor:
    """Triangular filters, equally spaced in mel from 0 Hz to half the sample rate.

    Filter ``i`` rises from the centre of filter ``i - 1`` to 1 at its own and falls to 0 at the
    centre of ``i + 1``, linearly in Hz.

    Returns:
        (mels, n_fft // 2 + 1), float32, values in 0..1.
    """
    bins = torch.linspace(0, sample_rate / 2, n_fft // 2 + 1, dtype=torch.float64)
    top = hertz_to_mel(bins[-1]).item()
    corners = mel_to_hertz(torch.linspace(0, top, mels + 2, dtype=torch.float64)).unsqueeze(1)
    left, centre, right = corners[:-2], corners[1:-1], corners[2:]
    rising = (bins - left) / (centre - left)
    falling = (right - bins) / (right - centre)
    return torch.minimum(rising, falling).clamp_min(0).float()


@dataclass(frozen=True)
class LogMel:
    """A transform of clips to log-mel spectrograms, ``hop`` samples of the clip to a frame.

    Attributes:
        sample_rate: of the clips, in Hz.
        n_fft: samples of the Hann window and of the Fourier transform.
        hop: samples from one frame to the next.
        mels: number of mel filters.
        top_db: decibels below the loudest bin of a clip that its quieter bins are raised to.
    """

    sample_rate: int = 16_000
    n_fft: int = 1024
    hop: int = 250
    mels: int = 64
    top_db: float = TOP_DB

    def __call__(self, clips: Tensor) -> Tensor:
        """Clips (N, T), full scale 1, -> dB (N, mels, ceil(T / hop)), float32."""
        length = clips.shape[1]
        frames = math.ceil(length / self.hop)
        # Each window is centred on the hop it stands for; the ends of the clip are mirrored.
        left = (self.n_fft - self.hop) // 2
        right = (frames - 1) * self.hop + self.n_fft - left - length
        spectrum = torch.stft(
            pad(clips, (left, right), mode="reflect"),
            n_fft=self.n_fft,
            hop_length=self.hop,
            window=torch.hann_window(self.n_fft, device=clips.device),
            center=False,
            return_complex=True,
        )
        power = spectrum.real.square().addcmul_(spectrum.imag, spectrum.imag)
        filters = mel_filterbank(self.sample_rate, self.n_fft, self.mels).to(clips.device)
        mel = filters @ power
        decibels = 10 * mel.clamp_min(LEAST_POWER).log10()
        return torch.maximum(decibels, decibels.amax((1, 2), keepdim=True) - self.top_db)
