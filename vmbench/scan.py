"""The registry's entries, read from the source of the classes and not written down beside them.

A class with a ``name`` of its own that derives from the base of a kind is registered. Importing
every module to find them would load torch for a mere listing, so the sources are read: headers of
classes by a pattern, and what is asked of a class by parsing its body up to its first method.
What a listing shows (``name``, ``summary``, ``specs``, ...) must therefore be stated as a literal;
a test compares it with the loaded class.
"""

import ast
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from typing import Any

from vmbench.data.specs import ALL_KINDS
from vmbench.registry import BASES, Entry, facts

# A line's start is sought as the text "\n...", which is several times faster than "^".
CLASS = re.compile(r"\nclass (\w+)(?:\(([^)]*)\))?:")
END = re.compile(r"\n(?=[^\s)#])")  # of what is indented
METHOD = re.compile(r"^    (?:@|def |async def )", re.MULTILINE)
ROOTS = {target.partition(":")[2]: kind for kind, target in BASES.items()}


@dataclass(frozen=True)
class Source:
    """A class as it is written: its module, its name, the names of its bases and its text."""

    module: str
    name: str
    bases: tuple[str, ...]
    text: str

    @cached_property
    def stated(self) -> Mapping[str, Any]:
        """Its class attributes that are literals, and the first line of its docstring."""
        method = METHOD.search(self.text)
        head = self.text if method is None else f"{self.text[: method.start()]}    pass\n"
        try:
            (body,) = ast.parse(head).body
        except SyntaxError:  # what looked like a method was a line of a text
            (body,) = ast.parse(self.text).body
        assert isinstance(body, ast.ClassDef)
        found: dict[str, Any] = {"__doc__": (ast.get_docstring(body) or "").partition("\n")[0]}
        for line in body.body:
            target = line.targets[0] if isinstance(line, ast.Assign) else None
            target = line.target if isinstance(line, ast.AnnAssign) else target
            value = getattr(line, "value", None)
            if isinstance(target, ast.Name) and value is not None:
                try:
                    found[target.id] = ast.literal_eval(value)
                except ValueError:
                    continue
        return found


@cache
def sources(package: str) -> Mapping[str, Source]:
    """The top-level classes in the files of ``package``, as ``module:name``; none is imported."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    root, found = os.path.dirname(spec.origin), {}
    files = [os.path.join(at, name) for at, _, names in os.walk(root) for name in names]
    for file in sorted(file for file in files if file.endswith(".py")):
        parts = file.removeprefix(root).removesuffix(".py").removesuffix("__init__").split(os.sep)
        module = ".".join([package, *filter(None, parts)])
        with open(file, encoding="utf-8") as source:
            text = f"\n{source.read()}"
        for header in CLASS.finditer(text):
            name, bases = header.groups(default="")
            end = END.search(text, header.end())
            names = tuple(base.strip().rpartition(".")[2] for base in bases.split(","))
            body = text[header.start() + 1 : end.start() + 1 if end else len(text)]
            found[f"{module}:{name}"] = Source(module, name, names, body)
    return found


def entries(package: str, *others: str) -> list[Entry]:
    """An entry for each component that a file of ``package`` defines, by name.

    Args:
        package: imported, if at all, without its modules.
        others: packages whose classes those of ``package`` may derive from.
    """
    written = Written(package, *others)
    found = [
        Entry(kind, name, target, written.summary(source), _facts(kind, source, written))
        for target, source in sources(package).items()
        if (kind := written.kind(source)) and (name := source.stated.get("name"))
    ]
    return sorted(found, key=lambda entry: (entry.kind, entry.name))


def _facts(kind: str, source: Source, written: "Written") -> dict[str, str | tuple[str, ...]]:
    usual = {"specs": ALL_KINDS, "kind": "pretext"}  # that of the bases, which state no literals
    found = facts(kind, lambda name, none: written.attribute(source, name, usual.get(name, none)))
    if kind == "domain":
        stated: Mapping[str, str] = source.stated.get("datasets", {})
        known = {name: sources(source.module.partition(".")[0]).get(target)
                 for name, target in stated.items()}  # fmt: skip
        found["embedded"] = tuple(
            name for name, dataset in known.items()
            if dataset is not None and written.attribute(dataset, "package", None)
        )  # fmt: skip
    return found


class Written:
    """The classes of some packages, and what follows from their bases."""

    def __init__(self, *packages: str) -> None:
        self.all = {target: each for name in packages for target, each in sources(name).items()}
        self.by_name = {source.name: source for source in reversed(self.all.values())}

    def bases(self, source: Source) -> Iterator[Source]:
        """Those that are written in the packages, nearest first, and theirs."""
        for name in source.bases:
            base = self.all.get(f"{source.module}:{name}") or self.by_name.get(name)
            if base is not None:
                yield base
                yield from self.bases(base)

    def kind(self, source: Source) -> str | None:
        """What it is a component of: a key of :data:`~vmbench.registry.BASES`, or None."""
        return next((ROOTS[base.name] for base in self.bases(source) if base.name in ROOTS), None)

    def attribute(self, source: Source, name: str, default: Any) -> Any:
        """The class attribute, its own or inherited."""
        for each in (source, *self.bases(source)):
            if f"    {name}" in each.text and name in each.stated:
                return each.stated[name]
        return default

    def summary(self, source: Source) -> str:
        """What it says of itself in one line."""
        return str(source.stated.get("summary") or source.stated["__doc__"])
