"""The commands, and the sub-commands that other rooms bring (group ``vmbench.commands``)."""

from importlib.metadata import entry_points
from typing import Any

import typer

import vmbench
from vmbench.cli import check, data, doctor, listing, new, run, views
from vmbench.cli.plugins import with_plugins


def build_app() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="vmbench",
        help="A domain-agnostic benchmark of self-supervised views.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    app.command("run")(with_plugins(run.run))
    app.command("list")(with_plugins(listing.list_))
    app.command("info")(with_plugins(listing.info))
    app.command("new")(new.new)
    app.command("check")(with_plugins(check.check))
    app.command("views")(views.views)
    app.command("doctor")(with_plugins(doctor.doctor))
    app.add_typer(data.build_app(), name="data")
    for point in sorted(entry_points(group="vmbench.commands"), key=lambda p: p.name):
        try:
            group: Any = point.load()
        except Exception as error:  # a broken room must not take the other commands with it
            typer.echo(f"vmbench: command '{point.name}' cannot be loaded: {error}", err=True)
            continue
        app.add_typer(group, name=point.name)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vmbench {vmbench.__version__}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of a failure."),
) -> None:
    """A domain-agnostic benchmark of self-supervised views: viewmaker networks and their rivals."""
    del version, debug  # handled before the command is called
