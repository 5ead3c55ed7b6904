"""The option ``--plugin``, given to every command that looks names up."""

import inspect
from collections.abc import Callable
from functools import wraps

import typer

PLUGIN = typer.Option(
    [],
    "--plugin",
    metavar="MODULE:OBJECT",
    help="Register a component by its class, for this command; repeatable.",
)


def with_plugins(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with an option ``--plugin``; what it names is registered before it starts."""

    @wraps(command)
    def wrapped(*, plugin: list[str], **arguments: object) -> None:
        if plugin:  # else not even an import: --help and list must stay fast
            from vmbench.plugins import register_plugin

            for target in plugin:
                register_plugin(target)
        command(**arguments)

    # The parser builds the options from the signature.
    signature = inspect.signature(command)
    option = inspect.Parameter(
        "plugin", inspect.Parameter.KEYWORD_ONLY, default=PLUGIN, annotation=list[str]
    )
    parameters = [*signature.parameters.values(), option]
    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return wrapped
