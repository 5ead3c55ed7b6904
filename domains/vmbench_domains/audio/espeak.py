"""Speech from espeak-ng, which the package espeakng-loader carries.

espeak-ng carries state (noise, flutter, the phase of the voice) from one utterance to the next,
and re-initialising does not reset it. So each list of utterances is spoken by a fresh process, in
order: the same list gives the same samples, whatever was spoken before. That also keeps the
library, which is GPL-3, out of this process.
"""

import json
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt

from vmbench.errors import RunError
from vmbench_domains.audio import espeak_process

SAMPLE_RATE = espeak_process.SAMPLE_RATE


class Utterance(NamedTuple):
    """What to say, and how.

    Attributes:
        voice: language and variant, as in ``"en-us+f1"``.
        text: what to say.
        words_per_minute: 80 to 450; 175 is usual.
        pitch: 0 to 99; 50 is the voice's own.
    """

    voice: str
    text: str
    words_per_minute: int
    pitch: int


def speak(
    utterances: Sequence[Utterance], library: Path, data: Path
) -> Iterator[npt.NDArray[np.int16]]:
    """Yield the samples of each utterance, (T,), at 22,050 Hz.

    Args:
        utterances: spoken in this order.
        library: the shared library of espeak-ng.
        data: its data folder.

    Raises:
        RunError: espeak-ng failed; says on which utterance.
    """
    program = [sys.executable, "-I", "-S", espeak_process.__file__, str(library), data.name]
    child = subprocess.Popen(
        program,
        # A relative data folder: espeak-ng cuts paths at 160 characters.
        cwd=data.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        # A child that failed at once is reported below, with its status.
        with suppress(BrokenPipeError), child.stdin as stdin:
            stdin.write(json.dumps(utterances).encode())
        for utterance in utterances:
            try:
                (count,) = struct.unpack("<I", _read(child.stdout, 4))
                yield np.frombuffer(_read(child.stdout, 2 * count), np.int16)
            except EOFError:
                raise RunError(
                    f"espeak-ng ended with status {child.wait()} while saying {utterance}"
                ) from None
    finally:
        child.kill()  # a reader that stops early leaves it blocked on a full pipe
        child.stdout.close()
        child.wait()


def _read(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
