"""One generic, lazy registry for domains, methods, objectives, encoders and evaluations.

An :class:`Entry` is a name, a ``module:attribute`` target and a one-line summary; the target is
imported when somebody asks for it, never to list it. Built-in rooms hand in an index of entries
(entry-point group ``vmbench.index``; :mod:`vmbench.scan` reads it from their classes); strangers
name one object per entry point (``vmbench.domains``, ``vmbench.methods``, ``vmbench.objectives``,
``vmbench.encoders``, ``vmbench.evaluations``) or on the command line (:mod:`vmbench.plugins`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

from vmbench.errors import UserError, unknown_name

T = TypeVar("T")
BUILT_IN = "vmbench"  # the distribution that owns the index
# What an object of each kind derives from, imported only when one is loaded.
BASES = {
    "domain": "vmbench.data.domain:Domain",
    "method": "vmbench.views.method:Method",
    "objective": "vmbench.objectives.base:Objective",
    "encoder": "vmbench.networks.encoder:Encoder",
    "evaluation": "vmbench.evaluation.base:Evaluation",
}
KINDS = tuple(BASES)
MADE_BY_A_RUN = ("objective", "encoder")  # with arguments, so that an instance cannot be registered
PLUGIN_GROUPS = {f"vmbench.{kind}s": kind for kind in KINDS}


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
    owner: str = BUILT_IN

    def load(self) -> object:
        """Import the target. Raises :class:`UserError` that names the owner and the cause."""
        try:
            return import_target(self.target)
        except (Exception, SystemExit) as error:  # a plugin may fail in any way; the rest go on
            raise self.broken("cannot be imported", error) from error

    def broken(self, what: str, error: BaseException) -> UserError:
        """The error for an object that fails: its owner, its target and the cause."""
        cause = f"{type(error).__name__}: {error}"
        return UserError(
            f"{self.kind} '{self.name}' of {self.owner} {what} ({self.target}): {cause}"
        )


def import_target(target: str) -> object:
    """The object that ``module:attribute`` stands for; whatever its import raises goes through."""
    module, _, attribute = target.partition(":")
    value: object = import_module(module)
    for part in attribute.split("."):
        value = getattr(value, part)
    return value


def facts(kind: str, attribute: Callable[[str, Any], Any]) -> dict[str, str | tuple[str, ...]]:
    """What ``vmbench list`` shows of a class.

    Args:
        kind: one of :data:`KINDS`.
        attribute: the class attribute of a name, or the given default.
    """
    if kind == "domain":
        datasets = tuple(attribute("datasets", ()))
        return {"datasets": datasets, "default": str(attribute("default", ""))}
    found: dict[str, str | tuple[str, ...]] = {}
    if kind in ("method", "objective"):
        found["views" if kind == "method" else "kind"] = str(attribute("kind", ""))
    return found | {
        "specs": tuple(attribute("specs", ())),
        "paper": str(attribute("paper", "")),
    }


def derives(value: object, kind: str) -> bool:
    """Whether ``value``, a class or an instance, is what ``kind`` asks for."""
    base = cast(type, import_target(BASES[kind]))
    return issubclass(value if isinstance(value, type) else type(value), base)


def kind_of(value: object) -> str | None:
    """The kind of ``value``, a class or an instance; None: of none."""
    return next((kind for kind in KINDS if derives(value, kind)), None)


class Registry(Generic[T]):
    """The entries of one kind. A name that two owners claim is an error for whoever asks for it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, list[Entry]] = {}

    def add(self, entry: Entry) -> None:
        """Register ``entry``; raises :class:`UserError` naming both owners if the name is taken."""
        claims = self._entries.get(entry.name, [])
        if claims and (claims[0].target, claims[0].owner) == (entry.target, entry.owner):
            claims[0] = entry
        elif claims:
            raise self._taken([*claims, entry])
        else:
            self._entries[entry.name] = [entry]

    def claim(self, entry: Entry) -> None:
        """Register ``entry`` even if its name is taken: only asking for that name is an error."""
        claims = self._entries.setdefault(entry.name, [])
        if (entry.target, entry.owner) not in [(c.target, c.owner) for c in claims]:
            claims.append(entry)

    @contextmanager
    def lent(self, entry: Entry) -> Iterator[None]:
        """Have ``entry`` registered in this context, and not after it."""
        if self._entries.get(entry.name) == [entry]:
            yield
            return
        self.add(entry)
        try:
            yield
        finally:
            del self._entries[entry.name]

    def _taken(self, claims: list[Entry]) -> UserError:
        owners = " and ".join(f"{claim.target} of {claim.owner}" for claim in claims)
        return UserError(
            f"{len(claims) if len(claims) > 2 else 'two'} {self.kind}s are named "
            f"'{claims[0].name}': {owners}; uninstall or rename one"
        )

    def entry(self, name: str) -> Entry:
        """The entry called ``name``, unloaded.

        Raises:
            UserError: for an unknown name, with a near miss; for one that several owners claim,
                with the owners.
        """
        if name not in self._entries:
            raise unknown_name(self.kind, name, self._entries)
        claims = self._entries[name]
        if len(claims) > 1:
            raise self._taken(claims)
        return claims[0]

    def get(self, name: str) -> T:
        """Import and return what ``name`` stands for; a class is instantiated."""
        value: object = self.load_class(name)
        if not isinstance(value, type):  # an instance was registered
            return cast(T, value)
        try:
            return cast(T, value())
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            raise self.entry(name).broken("cannot be created without arguments", error) from error

    def load_class(self, name: str) -> type[T]:
        """Import and return the class that ``name`` stands for, for a caller with arguments.

        Raises:
            UserError: if it cannot be imported, derives from the wrong base or has another name.
        """
        entry = self.entry(name)
        value: Any = entry.load()
        named = f"{self.kind} '{name}' of {entry.owner} ({entry.target})"
        if not derives(value, self.kind):
            base = BASES[self.kind].replace(":", ".")
            raise UserError(f"{named} does not derive from {base}")
        if not isinstance(value, type) and self.kind in MADE_BY_A_RUN:
            raise UserError(f"{named} is an instance: name its class")
        if (called := getattr(value, "name", None)) != name:
            raise UserError(f"{named} has name = {called!r}: make both the same")
        return cast(type[T], value)

    def __iter__(self) -> Iterator[Entry]:
        """Entries in the order of registration; each claim of a name that several claim."""
        return (claim for claims in self._entries.values() for claim in claims)

    def __contains__(self, name: object) -> bool:
        """Whether something is registered under ``name``."""
        return name in self._entries

    def taken(self, name: str) -> bool:
        """Whether several owners claim ``name``, so that nobody gets it."""
        return len(self._entries.get(name, [])) > 1


@cache
def _registries() -> dict[str, Registry[object]]:
    found: dict[str, Registry[object]] = {kind: Registry(kind) for kind in KINDS}
    for point in sorted(entry_points(group="vmbench.index"), key=lambda p: p.name):
        if point.dist is not None and point.dist.name != BUILT_IN:
            continue  # listing never imports a plugin, not even for an index of its own
        for entry in cast(Iterable[Entry], point.load()):
            found[entry.kind].add(entry)
    for group, kind in PLUGIN_GROUPS.items():
        for point in entry_points(group=group):
            found[kind].claim(_plugin_entry(kind, point))
    return found


def owner_of(point: EntryPoint) -> str:
    """Whose ``point`` is: a distribution and its version, or ``"vmbench"``."""
    if point.dist is None:
        return "an unknown distribution"
    fields = point.dist.metadata.json  # where a missing field is no error
    name = str(fields.get("name", "a distribution without a name"))
    return BUILT_IN if name == BUILT_IN else f"{name} {fields.get('version', '')}".rstrip()


def _plugin_entry(kind: str, point: EntryPoint) -> Entry:
    summary = "" if point.dist is None else str(point.dist.metadata.json.get("summary", ""))
    return Entry(kind, point.name, point.value, summary, owner=owner_of(point))


def registry(kind: str) -> Registry[object]:
    """The registry of one of :data:`KINDS`.

    >>> "viewmaker" in registry("method")
    True
    """
    return _registries()[kind]
