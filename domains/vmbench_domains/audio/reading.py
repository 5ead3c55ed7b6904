"""Reading audio files whole: one that is cut short is an error, not a shorter clip."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vmbench.errors import missing_package

Wave = npt.NDArray[np.float32]
SLOWEST, FASTEST = 1000, 768_000  # Hz
# What libsndfile notes of a chunk (WAV, AIFF, AU, RF64, W64) that is said to be longer than it is.
SHORTENED = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE
)
SLACK = 64  # bytes by which writers get a chunk's size wrong
# Writers that stream do not know the length, and put about the greatest number there.
UNKNOWN_SIZE = 0x7FFF0000
POINTER = b"version https://git-lfs"
MP3_FRAME = 1152  # samples; by so many an MP3's header may say too much
OGG, OGG_END, OGG_PAGE = (
    b"OggS",
    4,
    65_307,
)  # a page's mark, its flag of the last, its greatest size
CANCELLED = 1e-4  # the mean's peak over the channels', below which they cancel each other


class Heard:
    """What a user should know of the clips that were read, counted while they go by.

    Args:
        root: the folder that they are in.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rates: Counter[int] = Counter()
        self.mixed = self.silent = 0
        self.cancelled: list[str] = []
        self.loud: list[str] = []
        self.seconds: list[float] = []

    def add(self, path: Path, data: Wave, wave: Wave, rate: int) -> None:
        """Count one: its channels (T, channels), their mean (T,), and its rate in Hz."""
        self.rates[rate] += 1
        self.seconds.append(len(wave) / rate)
        self.mixed += data.shape[1] > 1
        peak = float(np.abs(data).max())
        self.silent += peak == 0
        if peak > 0 and float(np.abs(wave).max()) <= CANCELLED * peak:
            self.cancelled.append(inside(path, self.root))
        if peak > 1:
            self.loud.append(inside(path, self.root))

    def tally(self) -> dict[str, Any]:
        """All that was counted, as JSON for :meth:`absorb`."""
        return {
            "rates": [*self.rates.items()],
            "mixed": self.mixed,
            "silent": self.silent,
            "cancelled": self.cancelled,
            "loud": self.loud,
            "seconds": self.seconds,
        }

    def absorb(self, tally: dict[str, Any]) -> None:
        """Count what another has counted."""
        for rate, count in tally["rates"]:
            self.rates[rate] += count
        self.mixed += tally["mixed"]
        self.silent += tally["silent"]
        self.cancelled += tally["cancelled"]
        self.loud += tally["loud"]
        self.seconds += tally["seconds"]

    def remarks(self, rate: int, seconds: float) -> Iterator[str]:
        """A sentence for each kind of change, where clips become ``seconds`` long at ``rate``."""
        others = {other: count for other, count in sorted(self.rates.items()) if other != rate}
        if others:
            named = ", ".join(f"{count} at {other} Hz" for other, count in others.items())
            yield f"resampled to {rate} Hz: {named}"
        if self.mixed:
            yield f"{self.mixed} clips of several channels are mixed to one"
        if self.cancelled:
            yield f"the channels of {_some(self.cancelled)} cancel each other: their mean is silent"
        # A sample more or less is no difference: the rate is rounded to whole ones.
        short = [length for length in self.seconds if length < seconds - 1 / rate]
        long = [length for length in self.seconds if length > seconds + 1 / rate]
        if short:
            yield (
                f"{len(short)} of {len(self.seconds)} clips are shorter than {seconds:g} s (the "
                f"shortest {min(short):.3g} s): centred in silence"
            )
        if long:
            yield (
                f"{len(long)} of {len(self.seconds)} clips are longer than {seconds:g} s (the "
                f"longest {max(long):.4g} s): their centre is kept"
            )
        if self.silent:
            yield f"{self.silent} clips are silent throughout"
        if self.loud:
            yield f"{_some(self.loud)} exceed full scale (1.0)"


def inside(path: Path, root: Path) -> str:
    """A file's name below ``root``, or its whole name if it is elsewhere."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _some(names: list[str]) -> str:
    return f"{len(names)} clips ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})"


def read_audio(path: Path, heard: Heard | None = None) -> tuple[Wave, int]:
    """The mean of the channels (T,), full scale 1, and the rate in Hz; ``heard`` counts it.

    Raises:
        RuntimeError: soundfile cannot read it.
        ValueError: it is empty or cut short, its rate is none of sound, or it holds NaN.
        UserError: soundfile is not installed.
    """
    try:
        import soundfile
    except ModuleNotFoundError as error:
        raise missing_package("soundfile", "audio", "reading audio files") from error
    with path.open("rb") as file:
        if file.read(len(POINTER)) == POINTER:
            raise ValueError("a pointer of Git LFS, not the file: git lfs pull")
    data: Any
    with soundfile.SoundFile(path) as sound:
        rate, said, log = int(sound.samplerate), int(sound.frames), str(sound.extra_info)
        try:
            data = sound.read(dtype="float32", always_2d=True)
        except MemoryError as error:
            raise ValueError(f"it says that it holds {said} samples") from error
    for size, there in SHORTENED.findall(log):
        if int(there) + SLACK < int(size) < UNKNOWN_SIZE:
            raise ValueError(f"cut short: {there} of {size} bytes are there")
    if not _ends(path):
        raise ValueError("cut short: its last page is missing")
    if len(data) == 0:
        raise ValueError("no samples")
    if len(data) < said - MP3_FRAME:
        raise ValueError(f"cut short: {len(data)} of {said} samples are there")
    if not SLOWEST <= rate <= FASTEST:
        raise ValueError(f"its rate is {rate} Hz")
    if not np.isfinite(data).all():
        raise ValueError("NaN samples")
    wave: Wave = data.mean(axis=1)
    if heard is not None:
        heard.add(path, data, wave, rate)
    return wave, rate


def _ends(path: Path) -> bool:
    """Whether an Ogg file has the page that says it is the last, whole; others always end.

    Of a page's header, byte 5 holds the flags and byte 26 the number of sizes that follow
    (RFC 3533, section 6).
    """
    with path.open("rb") as file:
        if file.read(len(OGG)) != OGG:
            return True
        file.seek(max(path.stat().st_size - 2 * OGG_PAGE, 0))
        tail = file.read()
    page = tail[tail.rfind(OGG) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    return bool(page[5] & OGG_END) and len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]])
