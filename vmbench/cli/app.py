"""The commands, and the sub-commands that other rooms bring (group ``vmbench.commands``)."""

from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points

import typer

import vmbench
from vmbench.cli import check, data, doctor, embed, halves, listing, new, run, sweep, views
from vmbench.cli.guard import guarded
from vmbench.cli.output import echo, kept_for_output
from vmbench.cli.plugins import with_plugins
from vmbench.errors import UserError
from vmbench.registry import BUILT_IN, owner_of

GROUP = "vmbench.commands"
COMMANDS: dict[str, Callable[..., None]] = {
    "run": with_plugins(run.run),
    "pretrain": with_plugins(halves.pretrain),
    "evaluate": with_plugins(halves.evaluate),
    "embed": with_plugins(embed.embed),
    "sweep": with_plugins(sweep.sweep),
    "list": with_plugins(listing.list_),
    "info": with_plugins(listing.info),
    "new": new.new,
    "check": with_plugins(check.check),
    "views": with_plugins(views.views),
    "doctor": with_plugins(doctor.doctor),
}
OWN = (*COMMANDS, "data")
ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}  # of a command not loaded


def build_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """The whole command line.

    Args:
        arguments: a command of another distribution is imported where they name it, else not.
    """
    app = typer.Typer(
        name="vmbench",
        help="A domain-agnostic benchmark of self-supervised views.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    for name, command in COMMANDS.items():
        app.command(name)(guarded(command))
    app.add_typer(data.build_app(), name="data")
    for point, taken in foreign_commands():
        if taken is not None:
            continue
        owner = owner_of(point)
        if owner == BUILT_IN or point.name in arguments:
            try:
                app.add_typer(load_command(point), name=point.name)
                continue
            except UserError as error:
                command = _failing(error)
        else:
            command = _failing(UserError(f"command '{point.name}' was not loaded"))
        app.command(
            point.name,
            help=f"A command of {owner}.",
            context_settings=ANYTHING,
            add_help_option=False,
        )(command)
    return app


def foreign_commands() -> list[tuple[EntryPoint, str | None]]:
    """The commands of other rooms and distributions, each with whoever has its name already."""
    owners = dict.fromkeys(OWN, BUILT_IN)
    found: list[tuple[EntryPoint, str | None]] = []
    for point in sorted(entry_points(group=GROUP), key=lambda p: (owner_of(p) != BUILT_IN, p.name)):
        found.append((point, owners.get(point.name)))
        owners.setdefault(point.name, owner_of(point))
    return found


def load_command(point: EntryPoint) -> typer.Typer:
    """Import a command; raises :class:`UserError` that names its distribution and the cause."""
    named = f"command '{point.name}' of {owner_of(point)} cannot be loaded ({point.value})"
    try:
        with kept_for_output():
            group = point.load()
    except (Exception, SystemExit) as error:  # it may fail in any way; the others go on
        raise UserError(f"{named}: {type(error).__name__}: {error}") from error
    if not isinstance(group, typer.Typer):
        raise UserError(f"{named}: it is no typer.Typer")
    return group


def _failing(error: UserError) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def _version(wanted: bool) -> None:
    if wanted:
        echo(f"vmbench {vmbench.__version__}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of a failure."),
) -> None:
    """A domain-agnostic benchmark of self-supervised views: viewmaker networks and their rivals."""
    del version, debug  # handled before the command is called
