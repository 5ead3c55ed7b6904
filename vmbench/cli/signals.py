"""Ctrl-C at any moment: one line and exit code 130, never a traceback.

While a command works, the first Ctrl-C raises :class:`KeyboardInterrupt`, so that what is half
done is put away. Before and after that there is nothing to put away, and an import must not be
cut in the middle: there, and at a second Ctrl-C, the process ends at once.
"""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130
MESSAGE = "vmbench: interrupted; the same command goes on from here"
IMPORTS = "<frozen importlib"  # how the frames of an import begin


class _State:
    working = False
    asked = False


def catch() -> None:
    """Take over SIGINT for this process. A SIGINT that the caller made be ignored stays so."""
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
        sys.unraisablehook = _end_if_asked


def working(value: bool) -> None:
    """Say whether a command is at work."""
    _State.working = value


def asked() -> bool:
    """Whether a Ctrl-C came."""
    return _State.asked


def _interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
    if _State.asked or not _State.working or _imports(frame):
        _end()
    _State.asked = True
    raise KeyboardInterrupt


def _imports(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(IMPORTS):
            return True
        frame = frame.f_back
    return False


def _end() -> None:
    os.write(2, f"{MESSAGE}\n".encode())
    os._exit(INTERRUPTED)


def _end_if_asked(unraisable: "sys.UnraisableHookArgs") -> None:
    """Where Python drops an exception, in ``__del__`` or a callback, a Ctrl-C must not be lost."""
    if _State.asked and issubclass(unraisable.exc_type, KeyboardInterrupt):
        _end()
    sys.__unraisablehook__(unraisable)
