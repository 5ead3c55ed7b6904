"""The kind of a method's views, from the registry and without importing the method."""

from functools import cache
from typing import cast, get_args

from vmbench.registry import registry
from vmbench_leaderboard.cells import ViewKind


@cache
def registered_views(method: str) -> ViewKind:
    """The ``views`` fact of a registered method; ``unknown`` for one that is not installed here.

    A supervised training augmented by views, ``supervised+NAME``, has theirs.
    """
    methods = registry("method")
    if method == "handcrafted":  # an alias of the domain's own family, not an entry
        return "handcrafted"
    trained, plus, augmentation = method.partition("+")
    if plus and method not in methods and trained in methods:
        return registered_views(augmentation)
    if method not in methods:
        return "unknown"
    fact = methods.entry(method).facts.get("views")
    return cast(ViewKind, fact) if fact in get_args(ViewKind) else "unknown"
