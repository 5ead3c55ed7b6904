"""``vmbench new``: an installable plugin with green tests."""

from pathlib import Path

import typer

from vmbench.cli.check import PluginKind
from vmbench.cli.output import echo


def new(
    kind: PluginKind = typer.Argument(..., help="What the plugin brings."),
    name: str = typer.Argument(..., help="As it will be asked for by."),
    directory: Path = typer.Option(Path("."), "--dir", help="Parent of the package's folder."),
) -> None:
    """Write a package that brings one component, with its contract test."""
    from vmbench.scaffold import article, write_package

    folder = write_package(kind.value, name, directory)
    what = f"{article(kind)} {kind.value}"
    echo(f"{folder}: {what} that works; its README.md says what to change. Next:")
    echo(f"  pip install -e {folder}")
    echo(f"  pytest {folder}")
    echo(f"  vmbench check {kind.value} {name}")
