"""Ctrl-C that waits for the end of a step, so that what is saved is whole."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType


@dataclass
class Interrupt:
    """Set once SIGINT or SIGTERM arrived."""

    requested: bool = False


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Turn the first SIGINT or SIGTERM into a flag; a second one acts at once.

    Outside the main thread signals cannot be caught, and nothing changes.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return

    def note(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if interrupt.requested:
            raise KeyboardInterrupt
        interrupt.requested = True

    signals = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(each, note) for each in signals]
    try:
        yield interrupt
    finally:
        for each, handler in zip(signals, previous, strict=True):
            signal.signal(each, handler)
