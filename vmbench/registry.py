"""One generic, lazy registry for domains, methods, objectives, encoders and presets.

An :class:`Entry` is a name, a ``module:attribute`` target and a one-line summary; the target is
imported when somebody asks for it, never to list it. Built-in rooms hand in an index of entries
(entry-point group ``vmbench.index``); strangers name one object per entry point
(``vmbench.domains``, ``vmbench.methods``).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from vmbench.errors import UserError, unknown_name

T = TypeVar("T")
KINDS = ("domain", "method", "objective", "encoder", "evaluation")
PLUGIN_GROUPS = {"vmbench.domains": "domain", "vmbench.methods": "method"}


@dataclass(frozen=True)
class Entry:
    """What is known of a registered object without importing it.

    ``facts`` are shown by ``vmbench list`` (a method's kind of views, a domain's datasets); the
    contract tests compare the built-in ones with the loaded object.
    """

    kind: str
    name: str
    target: str
    summary: str = ""
    facts: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    owner: str = "vmbench"

    def load(self) -> object:
        """Import the target. Raises :class:`UserError` that names the owner and the cause."""
        module, _, attribute = self.target.partition(":")
        try:
            value: object = import_module(module)
            for part in attribute.split("."):
                value = getattr(value, part)
        except Exception as error:  # a plugin may fail in any way; the rest must go on
            cause = f"{type(error).__name__}: {error}"
            raise UserError(
                f"{self.kind} '{self.name}' of {self.owner} cannot be imported "
                f"({self.target}): {cause}"
            ) from error
        return value


class Registry(Generic[T]):
    """The entries of one kind. Loading checks the base class; a taken name is an error."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Register ``entry``; raises :class:`UserError` naming both owners if the name is taken."""
        taken = self._entries.get(entry.name)
        if taken and (taken.target, taken.owner) != (entry.target, entry.owner):
            raise UserError(
                f"two {self.kind}s are named '{entry.name}': {taken.target} of {taken.owner} and "
                f"{entry.target} of {entry.owner}; uninstall or rename one"
            )
        self._entries[entry.name] = entry

    def entry(self, name: str) -> Entry:
        """The entry called ``name``, unloaded; raises :class:`UserError` with a near miss."""
        if name not in self._entries:
            raise unknown_name(self.kind, name, self._entries)
        return self._entries[name]

    def get(self, name: str) -> T:
        """Import and return what ``name`` stands for; a class is instantiated."""
        value = self.entry(name).load()
        return cast(T, value() if isinstance(value, type) else value)

    def load_class(self, name: str) -> type[T]:
        """Import and return the class that ``name`` stands for, for a caller with arguments."""
        return cast(type[T], self.entry(name).load())

    def __iter__(self) -> Iterator[Entry]:
        """Entries in the order of registration."""
        return iter(self._entries.values())

    def __contains__(self, name: object) -> bool:
        """Whether something is registered under ``name``."""
        return name in self._entries


@cache
def _registries() -> dict[str, Registry[object]]:
    found: dict[str, Registry[object]] = {kind: Registry(kind) for kind in KINDS}
    for point in sorted(entry_points(group="vmbench.index"), key=lambda p: p.name):
        for entry in cast(Iterable[Entry], point.load()):
            found[entry.kind].add(entry)
    for group, kind in PLUGIN_GROUPS.items():
        for point in entry_points(group=group):
            found[kind].add(_plugin_entry(kind, point))
    return found


def _plugin_entry(kind: str, point: EntryPoint) -> Entry:
    owner, summary = "an unknown distribution", ""
    if point.dist is not None:
        owner = f"{point.dist.name} {point.dist.version}"
        summary = point.dist.metadata["Summary"] or ""
    return Entry(kind, point.name, point.value, summary, owner=owner)


def registry(kind: str) -> Registry[object]:
    """The registry of one of :data:`KINDS`.

    >>> "viewmaker" in registry("method")
    True
    """
    return _registries()[kind]
