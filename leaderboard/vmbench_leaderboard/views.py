"""The kind of a method's views, from the registry and without importing the method."""

from functools import cache
from typing import cast, get_args

from vmbench.registry import registry
from vmbench_leaderboard.cells import ViewKind

# A run of the domain's own family is filed under this name, whatever the family is called.
OWN = "handcrafted"
# Of two kinds in one method (``viewmaker+handcrafted``) the earlier one is what sets it apart.
STRONGEST: tuple[ViewKind, ...] = ("learned", "handcrafted", "fixed", "none", "unknown")


@cache
def registered_views(method: str) -> ViewKind:
    """The ``views`` fact of a registered method; ``unknown`` for one that is not installed here."""
    methods = registry("method")
    if method in methods:
        fact = methods.entry(method).facts.get("views")
        return cast(ViewKind, fact) if fact in get_args(ViewKind) else "unknown"
    if method == OWN:
        return "handcrafted"
    if "+" in method:
        kinds = {registered_views(part) for part in method.split("+")}
        return "unknown" if "unknown" in kinds else min(kinds, key=STRONGEST.index)
    return "unknown"
