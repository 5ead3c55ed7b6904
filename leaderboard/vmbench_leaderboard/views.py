"""The kind of a method's views, from the registry and without importing the method."""

from functools import cache
from typing import cast, get_args

from vmbench.registry import registry
from vmbench_leaderboard.cells import ViewKind


@cache
def registered_views(method: str) -> ViewKind:
    """The ``views`` fact of a registered method; ``unknown`` for one that is not installed here."""
    methods = registry("method")
    if method not in methods:
        return "unknown"
    fact = methods.entry(method).facts.get("views")
    return cast(ViewKind, fact) if fact in get_args(ViewKind) else "unknown"
