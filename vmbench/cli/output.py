"""What a command says on stdout, and nothing else there: plugins and libraries speak to stderr."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import TextIO

_stdout: TextIO | None = None  # the real one, while everybody else's is stderr


def stdout() -> TextIO:
    """The stream that a command writes its output to."""
    return _stdout or sys.stdout


def echo(text: str = "", *, end: str = "\n") -> None:
    """Write a line of output."""
    print(text, end=end, file=stdout(), flush=True)


def echo_json(document: object) -> None:
    """Write one JSON document, in ASCII: any terminal and any pipe takes it."""
    echo(json.dumps(document, indent=2))


def forgive(stream: TextIO) -> None:
    """Let ``stream`` write a ``?`` for a character that its encoding lacks, instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


@contextlib.contextmanager
def kept_for_output() -> Iterator[None]:
    """Keep stdout for :func:`echo`; what anybody else prints there goes to stderr."""
    global _stdout
    if _stdout is not None:  # one command calls another
        yield
        return
    with contextlib.ExitStack() as stack:
        _stdout = _duplicate(stack) if sys.stdout is sys.__stdout__ else sys.stdout
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        try:
            yield
        finally:
            _stdout = None


def _duplicate(stack: contextlib.ExitStack) -> TextIO:
    """A stream to where stdout leads; the descriptor itself leads to stderr until ``stack`` ends.

    So child processes and C libraries that print cannot spoil the output either.
    """
    real = sys.stdout
    try:
        real.flush()
        descriptor, errors = real.fileno(), sys.stderr.fileno()
    except (OSError, ValueError):  # no file, as in a notebook, or closed
        return real
    copy = os.dup(descriptor)
    stack.callback(os.close, copy)
    os.dup2(errors, descriptor)
    stack.callback(os.dup2, copy, descriptor)
    return stack.enter_context(
        open(copy, "w", encoding=real.encoding, errors=real.errors, closefd=False)
    )
