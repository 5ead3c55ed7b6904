"""Tiny clips in the publishers' layouts, for tests without a network: every clip is a tone."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vmbench.errors import missing_package

LOWEST, STEP = 300.0, 11.0  # Hz


def write_tone(
    path: Path,
    rate: int,
    *,
    seconds: float = 0.05,
    frequency: float = 440.0,
    channels: int = 1,
) -> None:
    """Write a sine at half of full scale, and the folders above it.

    Args:
        path: the file; its suffix says the format.
        rate: in Hz.
        seconds: length.
        frequency: in Hz.
        channels: that hold it alike.

    Raises:
        UserError: soundfile is not installed.
    """
    try:
        import soundfile
    except ModuleNotFoundError as error:
        raise missing_package("soundfile", "audio", "writing audio files") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(rate * seconds)) / rate
    wave = 0.5 * np.sin(2 * np.pi * frequency * time)
    soundfile.write(path, np.column_stack([wave] * channels), rate)


def write_tones(paths: Iterable[Path], rate: int, *, seconds: float = 0.05) -> None:
    """Write clips of different pitch, one for each path, so that no two are equal."""
    for number, path in enumerate(paths):
        write_tone(path, rate, seconds=seconds, frequency=LOWEST + STEP * number)
