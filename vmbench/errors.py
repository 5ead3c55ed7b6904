"""What can go wrong, sorted by who can mend it. The command line maps each to an exit code."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """Bad usage or bad input: one line that says what, where, and the mend. Exit code 2."""


class AbsentError(UserError):
    """Nothing that a dataset reads is there: no fault in the data, it may be another dataset's."""


class BusyError(UserError):
    """Another process is at it: the same may be asked again later."""


class MissingPackageError(UserError):
    """An optional package is not installed; the line names the extra that brings it."""


class RunError(RuntimeError):
    """The run failed, through no fault in the input (a loss that became NaN). Exit code 1."""


class Interrupted(KeyboardInterrupt):
    """The user stopped the run; what was done is kept. Exit code 130."""


def missing_package(package: str, extra: str, purpose: str) -> MissingPackageError:
    """The error for an optional package that is not installed; names the extra that brings it."""
    return MissingPackageError(
        f"{purpose} needs the package '{package}', which is not installed: "
        f"pip install 'vmbench[{extra}]'"
    )


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a name that nothing is registered under, with the nearest known one.

    >>> print(unknown_name("domain", "audoi", ["audio", "image"]))
    unknown domain 'audoi': did you mean 'audio'? (known: audio, image)
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return UserError(f"unknown {kind} '{name}': {hint}(known: {', '.join(names)})")
