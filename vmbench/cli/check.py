"""``vmbench check``: the contract of a component, check by check."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from vmbench.cli.output import echo, echo_json
from vmbench.errors import UserError

if TYPE_CHECKING:
    from vmbench.testing import Outcome


class PluginKind(StrEnum):
    """What a plugin can bring."""

    domain = "domain"
    method = "method"
    objective = "objective"
    encoder = "encoder"
    evaluation = "evaluation"


def check(
    kind: PluginKind = typer.Argument(..., help="What is checked."),
    name: str = typer.Argument(
        ..., metavar="NAME|MODULE:OBJECT", help="A registered name or a class."
    ),
    data_dir: Path | None = typer.Option(
        None, help="Folder of the publisher's files; without it, the datasets' synthetic samples."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> None:
    """Hold a component to the contract of its kind; exit code 1 if a check fails."""
    from vmbench.registry import MADE_BY_A_RUN, registry

    if data_dir is not None and not data_dir.exists():
        raise UserError(f"--data-dir {data_dir} does not exist")
    if ":" in name:
        from vmbench.plugins import register_plugin

        entry = register_plugin(name)
        if entry.kind != kind:
            raise UserError(f"{name} is a {entry.kind}: vmbench check {entry.kind} {name}")
        name = entry.name
    known = registry(kind.value)
    subject = known.load_class(name) if kind.value in MADE_BY_A_RUN else known.get(name)
    if not as_json:
        echo(f"{kind.value} {name} of {known.entry(name).owner}")
    from vmbench.testing.contract import check_any

    report = check_any(subject, data_dir=data_dir, watch=None if as_json else _print)
    if as_json:
        echo_json(report.document)
    else:
        echo(report.verdict)
    if not report.passed:
        raise typer.Exit(1)


def _print(outcome: "Outcome") -> None:
    """Each outcome as it comes: a large dataset takes a while."""
    from vmbench.testing.report import line_of

    echo(f"  {line_of(outcome)}")
