"""Synthetic clips, for the samples of datasets whose recordings are not at hand."""

from pathlib import Path

import numpy as np


def write_tone(path: Path, rate: int, seconds: float, frequency: float) -> None:
    """Write a sine at half of full scale, 16 bits a sample, in the format that the suffix names.

    Args:
        path: its folder is made if need be.
        rate: in Hz.
        seconds: length.
        frequency: in Hz.
    """
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(rate * seconds)) / rate
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * frequency * time), rate, subtype="PCM_16")
