"""The command line. :func:`main` maps every failure to one line and an exit code."""

import os
import sys

from vmbench.errors import RunError, UserError

INTERRUPTED = 130


def main() -> None:
    """Entry point of ``vmbench`` and ``python -m vmbench``."""
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: list[str]) -> int:
    """Run one command; returns its exit code (0, 1, 2, 130, or a command's own)."""
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    from vmbench.cli.app import build_app

    try:
        code = build_app()(arguments, prog_name="vmbench", standalone_mode=False)
    except (BrokenPipeError, SystemExit):
        # The reader (head, less) has seen enough; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        return _explain(error)
    if code == INTERRUPTED:  # the parser turns a KeyboardInterrupt into its exit code
        return _fail("interrupted; the same command goes on from here", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _explain(error: Exception) -> int:
    if isinstance(error, UserError):
        return _fail(str(error), 2)
    if isinstance(error, RunError):
        return _fail(str(error), 1)
    show = getattr(error, "format_message", None)  # a usage error of the command-line parser
    if show is not None:
        return _fail(f"{show()} (see --help)", 2)
    return _fail(f"{type(error).__name__}: {error} (--debug shows where)", 1)


def _fail(message: str, code: int) -> int:
    print(f"vmbench: {' '.join(message.split())}", file=sys.stderr)
    return code
