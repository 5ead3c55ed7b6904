"""What every component with settings promises, whatever its kind."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from vmbench.config import checked
from vmbench.data.specs import ALL_KINDS
from vmbench.errors import unknown_name
from vmbench.registry import KINDS, registry
from vmbench.runs.presets import PRESETS
from vmbench.settings import Component, Settings
from vmbench.testing.report import Check, violated

NAME = re.compile(r"[a-z0-9]+([-+][a-z0-9]+)*")
C = TypeVar("C")
Clauses = Mapping[str, tuple[str, Callable[[C], None]]]


def check_name(name: object) -> None:
    """Raise unless ``name`` is of the form that all names have."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        violated(f"name = {name!r}: use lower-case letters, digits, single hyphens or plus signs")


def check_component(component: Component | type[Component]) -> None:
    """Raise unless name, specs, settings and presets are stated as they must be."""
    check_name(getattr(component, "name", None))
    specs = component.specs
    if not isinstance(specs, tuple) or not specs or set(specs) - {*ALL_KINDS}:
        violated(f"specs = {specs!r}; state some of {', '.join(ALL_KINDS)} as a tuple")
    check_unshared(component)
    own = component.declared()
    if not (isinstance(own, type) and issubclass(own, Settings)):
        violated(f"settings_class = {own!r} is no class of vmbench.settings.Settings")
    for name, field in own.model_fields.items():
        if field.is_required() or not field.description:
            violated(f"setting {name} lacks a default or a description")
    for preset, chosen in component.presets.items():
        if preset not in PRESETS:
            raise unknown_name("preset", preset, PRESETS)
        checked(own, chosen, component.name)


def check_unshared(component: Component | type[Component]) -> None:
    """Raise where a component of another kind has the name, and so the section of settings."""
    made = component if isinstance(component, type) else type(component)
    for kind in KINDS[1:]:
        if component.name in registry(kind):
            entry = registry(kind).entry(component.name)
            if entry.target.rpartition(":")[2] != made.__qualname__:
                violated(f"{kind} '{entry.name}' of {entry.owner} has the name: choose another")


def clauses_on(case: C, subject: str, clauses: Clauses[C]) -> list[Check]:
    """A check of ``case`` for each of the ``clauses``."""

    def body(check: Callable[[C], None]) -> Callable[[], None]:
        return lambda: check(case)

    return [
        Check(clause, subject, promise, body(check)) for clause, (promise, check) in clauses.items()
    ]


def stated(component: Any) -> tuple[str, ...]:
    """The kinds of spec that it states, as far as there are such."""
    return tuple(kind for kind in getattr(component, "specs", ()) if kind in ALL_KINDS)
