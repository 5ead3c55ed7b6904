"""Cutting recordings into windows of equal length."""

import numpy as np
import numpy.typing as npt


def sliding_windows(
    signal: npt.NDArray[np.floating], length: int, step: int
) -> npt.NDArray[np.float32]:
    """Windows of ``signal``, one every ``step`` samples; a remainder at the end is dropped.

    Args:
        signal: (channels, T).
        length: samples of a window.
        step: samples from the start of one window to the start of the next.

    Returns:
        (N, channels, length), float32, a view wherever numpy can give one; N is 0 if T < length.

    >>> sliding_windows(np.arange(7.0)[None], length=4, step=2)[:, 0].tolist()
    [[0.0, 1.0, 2.0, 3.0], [2.0, 3.0, 4.0, 5.0]]
    """
    signal = signal.astype(np.float32, copy=False)
    if signal.shape[1] < length:
        return np.empty((0, len(signal), length), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(signal, length, axis=1)[:, ::step]
    return windows.swapaxes(0, 1)
