"""Plugins: named on the command line (``--plugin module:Object``), and named when they fail."""

import contextlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vmbench.errors import RunError, UserError
from vmbench.registry import (
    BASES,
    BUILT_IN,
    KINDS,
    Entry,
    facts,
    import_target,
    kind_of,
    registry,
)

BY_OPTION = "--plugin "  # the owner of what the option brings, before its target


def register_plugin(target: str) -> Entry:
    """Register a component for this process by ``module:Object``, under its own name.

    Modules of the working directory are found too.

    Raises:
        UserError: for a target that cannot be imported, derives from the base of no kind, or whose
            name is taken.
    """
    if not all(target.partition(":")):
        raise UserError(
            f"plugin {target!r} is not module:Object, as in my_package.my_module:MyDomain"
        )
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        value: Any = import_target(target)
    except (Exception, SystemExit) as error:
        raise UserError(
            f"plugin {target} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    kind = kind_of(value)
    if kind is None:
        bases = ", ".join(base.replace(":", ".") for base in BASES.values())
        raise UserError(f"plugin {target} derives from none of {bases}")
    name = getattr(value, "name", None)
    if not isinstance(name, str):
        raise UserError(f"plugin {target} has no name: set the class attribute name")
    for known in registry(kind):
        if (known.name, known.target) == (name, target):  # installed as well: it is the same
            return known
    summary = getattr(value, "summary", "") or (value.__doc__ or "").partition("\n")[0]
    shown = facts(kind, lambda attribute, default: getattr(value, attribute, default))
    entry = Entry(kind, name, target, summary, shown, owner=BY_OPTION + target)
    registry(kind).add(entry)
    return entry


@contextlib.contextmanager
def named_failures() -> Iterator[None]:
    """Raise what a plugin's code fails with as a :class:`RunError` that names the plugin.

    So its ``sys.exit`` does not end the caller, and what it raises is not taken for a fault of
    vmbench. What is one line already (:class:`UserError`, :class:`RunError`) goes through.
    """
    try:
        yield
    except (UserError, RunError):
        raise
    except (Exception, SystemExit) as error:
        failure = failure_of(error)
        if failure is None:
            raise
        raise failure from error


def failure_of(error: BaseException) -> RunError | None:
    """``error`` in one line, if it came through a plugin's code or is anybody's ``sys.exit``."""
    found = _culprit(error, raised=isinstance(error, KeyboardInterrupt))
    if isinstance(error, SystemExit):
        who, where = found or ("a library", "--debug shows where")
        said = "" if error.code is None else f": {error.code}"
        return RunError(f"{who} ended the program with sys.exit ({where}){said}")
    if found is None:
        return None
    who, where = found
    cause = f"{type(error).__name__}: {error}".removesuffix(": ")
    return RunError(f"{who} failed ({where}): {cause} (--debug shows where)")


def _culprit(error: BaseException, *, raised: bool = False) -> tuple[str, str] | None:
    """The plugin whose code ``error`` came through last, with file and line; None: no plugin's.

    ``raised``: only a plugin that raised it itself counts.
    """
    owners = {
        entry.target.partition(":")[0].partition(".")[0]: entry.owner
        for kind in KINDS
        for entry in registry(kind)
        if entry.owner != BUILT_IN
    }
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        top = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if top in owners:
            return owners[top], f"{Path(frame.f_code.co_filename).name}, line {line}"
        if raised:
            return None
    return None
