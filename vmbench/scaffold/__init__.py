"""Writing a new plugin: a package of one module, one entry point and one contract test."""

import re
from pathlib import Path
from string import Template

from vmbench.errors import UserError
from vmbench.registry import KINDS, registry
from vmbench.runs.sections import KINDS as SECTIONS

TEMPLATES = Path(__file__).parent / "templates"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Names whose package would shadow one of vmbench's own, the alias for a domain's own views, and
# the sections of settings that belong to a kind.
RESERVED = ("domains", "baselines", "leaderboard", "handcrafted", *SECTIONS)


def write_package(kind: str, name: str, parent: Path) -> Path:
    """Write ``parent/vmbench-NAME``, an installable plugin whose tests pass.

    Args:
        kind: of the component, one of :data:`~vmbench.registry.KINDS`.
        name: of the component: lower-case words joined by hyphens.
        parent: where the package's folder is made; made too if it is missing.

    Returns:
        The package's folder.

    Raises:
        UserError: for an unfit or taken name, a folder that exists, or one that cannot be written.
    """
    check_name(kind, name)
    folder = parent / f"vmbench-{name}"
    words = name.split("-")
    values = {
        "kind": kind,
        "name": name,
        "package": f"vmbench-{name}",
        "module": f"vmbench_{'_'.join(words)}",
        "class_name": "".join(map(str.capitalize, [*words, kind])),
    }
    try:
        folder.mkdir(parents=True)
        for source, target in _files(kind, values["module"]).items():
            text = Template((TEMPLATES / source).read_text(encoding="utf-8")).substitute(values)
            (folder / target).parent.mkdir(exist_ok=True)
            (folder / target).write_text(text, encoding="utf-8")
    except FileExistsError as error:
        raise UserError(f"{folder} exists: name another --dir, or move it away") from error
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written ({error.strerror}): name another --dir"
        ) from error
    return folder


def check_name(kind: str, name: str) -> None:
    """Raise :class:`UserError` unless a new component may be called ``name``."""
    if not NAME.fullmatch(name):
        raise UserError(
            f"'{name}' is no name for {article(kind)} {kind}: use lower-case words and digits "
            f"joined by hyphens, a letter first, as in 'ocean-noise'"
        )
    if name in RESERVED:
        raise UserError(f"'{name}' is vmbench's own: choose another name for the {kind}")
    # Whatever has settings shares its names with all that have: they are those of its section.
    for other in (kind,) if kind == "domain" else KINDS[1:]:
        if name in registry(other):
            entry = next(entry for entry in registry(other) if entry.name == name)
            raise UserError(
                f"{article(other)} {other} is already named '{name}': {entry.target} of "
                f"{entry.owner}; choose another name"
            )


def article(word: str) -> str:
    """``a`` or ``an``."""
    return "an" if word[0] in "aeiou" else "a"


def _files(kind: str, module: str) -> dict[str, str]:
    """Template -> file of the package."""
    return {
        "pyproject.toml.tmpl": "pyproject.toml",
        f"{kind}/README.md.tmpl": "README.md",
        f"{kind}/module.py.tmpl": f"{module}.py",
        f"{kind}/test_contract.py.tmpl": "tests/test_contract.py",
    }
