"""What every command is wrapped in: its own stdout, and names for plugins that fail."""

import signal
from collections.abc import Callable
from functools import wraps
from typing import Any

from vmbench.cli import signals
from vmbench.cli.output import kept_for_output
from vmbench.errors import Interrupted, RunError, UserError


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """``command``, whose output nobody else writes to and whose exit code no plugin decides."""

    @wraps(command)
    def wrapped(*positional: Any, **named: Any) -> None:
        signals.working(True)
        try:
            with kept_for_output():
                command(*positional, **named)
        except (UserError, RunError, BrokenPipeError, Interrupted):
            raise
        except KeyboardInterrupt as error:
            # Where Ctrl-C is caught, one that a plugin's own line raised is no Ctrl-C.
            if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
                raise
            _raise_named(error)
        except (Exception, SystemExit) as error:
            _raise_named(error)
        finally:
            signals.working(False)

    return wrapped


def _raise_named(error: BaseException) -> None:
    """Raise ``error`` as the failure of a plugin, or as it is."""
    from vmbench.plugins import failure_of

    if (failure := failure_of(error)) is None:
        raise error
    raise failure from error
