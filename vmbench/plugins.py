"""Plugins that are named on the command line (``--plugin module:Object``), for a quick try."""

import sys
from pathlib import Path
from typing import Any

from vmbench.errors import UserError
from vmbench.registry import BASES, Entry, derives, import_target, registry

BY_OPTION = "--plugin "  # the owner of what the option brings, before its target


def register_plugin(target: str) -> Entry:
    """Register a domain or method of this process by ``module:Object``, under its own name.

    Modules of the working directory are found too.

    Raises:
        UserError: for a target that cannot be imported, is neither a Domain nor a Method, or whose
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
    for kind in BASES:
        if derives(value, kind):
            break
    else:
        raise UserError(
            f"plugin {target} derives neither from vmbench.domain.Domain nor from "
            f"vmbench.method.Method"
        )
    name = getattr(value, "name", None)
    if not isinstance(name, str):
        raise UserError(f"plugin {target} has no name: set the class attribute name")
    for known in registry(kind):
        if (known.name, known.target) == (name, target):  # installed as well: it is the same
            return known
    entry = Entry(kind, name, target, *_says(kind, value), owner=BY_OPTION + target)
    registry(kind).add(entry)
    return entry


def _says(kind: str, value: Any) -> tuple[str, dict[str, str | tuple[str, ...]]]:
    """Summary and facts of an imported domain or method, as an index would state them."""
    summary = getattr(value, "summary", "") or (value.__doc__ or "").partition("\n")[0]
    if kind == "domain":
        return summary, {
            "datasets": tuple(getattr(value, "datasets", ())),
            "default": str(getattr(value, "default", "")),
        }
    kind_of_views = str(getattr(value, "kind", ""))
    return summary, {"views": kind_of_views, "specs": tuple(value.specs), "paper": value.paper}
