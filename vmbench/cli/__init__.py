"""The command line. :func:`main` maps every failure to one line and an exit code."""

import os
import sys

from vmbench.cli import signals


def main() -> None:
    """Entry point of ``vmbench`` and ``python -m vmbench``."""
    signals.catch()  # before anything else is imported
    code = invoke(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the reader has gone
            _silence()
    sys.exit(code)


def invoke(arguments: list[str]) -> int:
    """Run one command; returns its exit code (0, 1, 2, 130, or a command's own)."""
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    from vmbench.cli.app import build_app
    from vmbench.cli.output import forgive

    forgive(sys.stdout)
    try:
        code = build_app(arguments)(arguments, prog_name="vmbench", standalone_mode=False)
    except BrokenPipeError:
        _silence()
        return 0
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # what the parser makes of one
            _silence()
            return 0
        return _exit_code(error)
    except Exception as error:
        if debug:
            raise
        if signals.asked():  # a library made something else of the Ctrl-C
            return _fail(signals.MESSAGE, signals.INTERRUPTED)
        return _explain(error)
    if code == signals.INTERRUPTED:  # the parser turns a KeyboardInterrupt into its exit code
        return _fail(signals.MESSAGE, signals.INTERRUPTED)
    return code if isinstance(code, int) else 0


def _silence() -> None:
    """The reader (head, less) has seen enough; keep Python from complaining at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)


def _exit_code(error: SystemExit) -> int:
    """Of a command that another distribution brings; those of vmbench never end like this."""
    if isinstance(error.code, str):
        return _fail(error.code, 1)
    return error.code if isinstance(error.code, int) else 0


def _explain(error: Exception) -> int:
    from vmbench.errors import RunError, UserError
    from vmbench.storage.disk import is_full

    if isinstance(error, UserError):
        return _fail(str(error), 2)
    if isinstance(error, RunError):
        return _fail(str(error), 1)
    show = getattr(error, "format_message", None)  # a usage error of the command-line parser
    if show is not None:
        return _fail(f"{show()} (see --help)", 2)
    if is_full(error):
        where = getattr(error, "filename", None) or "a disk that is written to"
        return _fail(f"{where}: {error}: free some space, or write to another disk", 2)
    return _fail(f"{type(error).__name__}: {error} (--debug shows where)", 1)


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split()).removeprefix("vmbench: ")
    print(f"vmbench: {line}", file=sys.stderr)
    return code
