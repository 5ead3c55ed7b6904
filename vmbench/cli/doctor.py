"""``vmbench doctor``: what works, what is missing, and how to get it."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import cast

import typer

from vmbench.cli.output import echo, echo_json


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``mend`` says how to get what is missing."""

    what: str
    works: bool
    detail: str
    mend: str = ""


def doctor(
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> None:
    """Report devices, packages, plugins and embedded data; exit code 1 if the core is broken."""
    findings = list(examine())
    if as_json:
        echo_json([asdict(finding) for finding in findings])
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            mark = "ok     " if finding.works else "missing"
            mend = f"  -> {finding.mend}" if finding.mend else ""
            echo(f"{mark}  {finding.what:{width}}  {finding.detail}{mend}")
    if not all(finding.works for finding in findings if finding.what.startswith("core")):
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Every finding, core first."""
    yield from _core()
    yield from _plugins()
    yield from _embedded()
    for package, extra, purpose in (("matplotlib", "plots", "views.png"),):
        yield _package(f"optional {package}", package, extra, purpose)


def _core() -> Iterator[Finding]:
    import torch

    from vmbench.storage.cache import cache_folder
    from vmbench.training.device import cpu_has_bfloat16

    precision = "bfloat16 pays" if cpu_has_bfloat16() else "no fast bfloat16"
    yield Finding("core torch", True, torch.__version__)
    yield Finding("device cpu", True, f"{torch.get_num_threads()} threads, {precision}")
    cuda = torch.cuda.is_available()
    yield Finding(
        "device cuda",
        cuda,
        torch.cuda.get_device_name() if cuda else "none",
        "" if cuda else "not needed; a CUDA build of torch and a driver bring it",
    )
    cache = cache_folder()
    parent = next(p for p in (cache, *cache.parents) if p.exists())
    writable = os.access(parent, os.W_OK)
    yield Finding(
        "core cache",
        writable,
        str(cache),
        "" if writable else "set VMBENCH_CACHE to a folder that can be written",
    )


def _plugins() -> Iterator[Finding]:
    from vmbench.errors import UserError
    from vmbench.registry import BUILT_IN, KINDS, registry

    for kind in KINDS:
        owners = {entry.name: entry.owner for entry in registry(kind)}
        for name, owner in owners.items():
            try:
                registry(kind).load_class(name)
            except UserError as error:
                mend = "" if registry(kind).taken(name) else "mend, reinstall or remove it"
                yield Finding(f"{kind} {name}", False, str(error), mend)
            else:
                if owner != BUILT_IN:
                    yield Finding(f"{kind} {name}", True, f"plugin of {owner}")
    yield from _commands()


def _commands() -> Iterator[Finding]:
    from vmbench.cli.app import foreign_commands, load_command
    from vmbench.errors import UserError
    from vmbench.registry import BUILT_IN, owner_of

    for point, taken in foreign_commands():
        what, owner = f"command {point.name}", owner_of(point)
        if taken is not None:
            yield Finding(what, False, f"that of {owner} is not reached: {taken} has the name")
            continue
        try:
            load_command(point)
        except UserError as error:
            yield Finding(what, False, str(error), "mend, reinstall or remove it")
        else:
            if owner != BUILT_IN:
                yield Finding(what, True, f"plugin of {owner}")


def _embedded() -> Iterator[Finding]:
    from vmbench.data.domain import Domain
    from vmbench.errors import UserError
    from vmbench.registry import registry

    for domain_name in {entry.name: None for entry in registry("domain")}:
        try:
            domain = cast(Domain, registry("domain").get(domain_name))
        except UserError:
            continue  # reported with the plugins
        for name in domain.datasets:
            try:
                dataset = domain.dataset(name)
                if dataset.package is None:
                    continue  # its spec may follow from files that nobody named
                needed, spec = dataset.package, str(dataset.spec)
            except (Exception, SystemExit) as error:  # a plugin's fault; the report goes on
                yield Finding(f"data {domain_name}/{name}", False, f"cannot be loaded: {error}")
                continue
            yield _package(f"data {domain_name}/{name}", *needed, spec)


def _package(what: str, package: str, extra: str, purpose: str) -> Finding:
    if not _is_installed(package):
        source = f"'vmbench[{extra}]'" if extra else package
        return Finding(what, False, f"{purpose}: needs {package}", f"pip install {source}")
    return Finding(what, True, f"{purpose} ({package})")


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # of a package within one that is not there
        return False
