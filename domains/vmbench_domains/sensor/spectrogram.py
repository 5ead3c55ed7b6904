"""Log power spectrograms of sensor channels, as in the published viewmaker system.

Tamkin et al. 2021 (arXiv 2010.07432) turn each channel into a spectrogram of 32x32 bins: a
transform of 63 samples has 32 frequencies, and the hop is chosen so that 32 frames cover the
window.
"""

import numpy as np
import numpy.typing as npt

N_FFT = 63
FREQUENCIES = N_FFT // 2 + 1
# Periodic, as for every short-time Fourier transform: the next frame's first sample is left out.
HANN = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
LOG_POWER = "natural logarithm of power, in the sensor's units squared"
FLOOR = 1e-6  # power added before the logarithm, so that silence is finite


def frames(length: int, hop: int) -> int:
    """Frames of a window of ``length`` samples; the first and last are centred on its ends.

    >>> frames(1000, hop=32), frames(250, hop=8)
    (32, 32)
    """
    return 1 + (length - 1) // hop


def log_spectrogram(windows: npt.NDArray[np.float32], hop: int) -> npt.NDArray[np.float32]:
    """Natural logarithm of the power of a Hann-windowed Fourier transform, channel by channel.

    Args:
        windows: (N, channels, T) with T > 31, in the sensors' units.
        hop: samples from one frame to the next.

    Returns:
        (N, channels, 32, frames(T, hop)); the lowest frequency is the first row.
    """
    margin = N_FFT // 2
    padded = np.pad(windows, ((0, 0), (0, 0), (margin, margin)), mode="reflect")
    framed = np.lib.stride_tricks.sliding_window_view(padded, N_FFT, axis=2)[:, :, ::hop]
    spectrum = np.fft.rfft(framed * HANN)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.log(power + np.float32(FLOOR)).swapaxes(2, 3)
