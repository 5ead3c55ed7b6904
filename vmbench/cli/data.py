"""``vmbench data``: a folder of data in plain words, before a run; getting published data."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from vmbench.cli.guard import guarded
from vmbench.cli.output import echo, echo_json
from vmbench.cli.plugins import with_plugins
from vmbench.errors import UserError, unknown_name

if TYPE_CHECKING:
    from vmbench.data.check import Report, TaskReport

SHOWN_CLASSES = 20
WORDS = {
    "none": "take the values as they are",
    "channel": "normalise each channel by the training examples",
    "global": "normalise all values by the training examples",
}


def build_app() -> typer.Typer:
    """The sub-commands."""
    app = typer.Typer(help="Get data, and look at it, before a run.", no_args_is_help=True)
    app.command("check")(guarded(with_plugins(check)))
    app.command("fetch")(guarded(with_plugins(fetch)))
    return app


def fetch(
    dataset: str = typer.Argument(..., help="A published dataset (list datasets)."),
    folder: Path | None = typer.Option(
        None, "--dir", metavar="DIR", help="Where to; default: the folder 'data' of the cache."
    ),
) -> None:
    """Download a dataset's published files, for --data-dir; an interrupted download goes on."""
    from vmbench.cli.listing import domain_of, known_datasets
    from vmbench.data.domain import Domain
    from vmbench.registry import registry
    from vmbench.runs.request import command_line
    from vmbench.storage.cache import cache_folder

    domain = domain_of(dataset)
    if domain is None:
        raise unknown_name("dataset", dataset, known_datasets())
    folder = folder or cache_folder() / "data"
    cast(Domain, registry("domain").get(domain)).dataset(dataset).fetch(folder)
    command = ["run", "--domain", domain, "--pretrain", dataset, "--data-dir", str(folder)]
    echo(f"{folder} holds {dataset}:\n  {command_line(command)}")


def check(
    folder: Path = typer.Argument(..., metavar="DIR", help="What --data-dir would name."),
    domain: str = typer.Option(..., help="image, audio, sensor, tabular, medical or a plugin's."),
    dataset: str | None = typer.Option(None, help="Check it as this dataset; default: find out."),
    target: str | None = typer.Option(None, help="The label's column in your own table."),
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> None:
    """Tell what DIR holds, what is wrong with it, and what a run would do."""
    from vmbench.data.check import check_data, recognise
    from vmbench.data.domain import Domain
    from vmbench.registry import registry

    adapter = cast(Domain, registry("domain").get(domain))
    others: list[str] = []
    if dataset is not None:
        declared = adapter.dataset(dataset)
        if declared.package is not None:
            raise UserError(f"'{dataset}' is embedded: its data is in no folder of yours")
        found = declared.bind(folder, target)
    else:
        found, *rest = recognise(adapter, folder, target)
        others = [other.name for other in rest]
    report = check_data(found)
    if as_json:
        echo_json({**asdict(report), "usable": report.usable})
    else:
        _print(report, domain, folder, others, target)
    if not report.usable:
        raise typer.Exit(2)


def _print(
    report: "Report", domain: str, folder: Path, others: list[str], target: str | None
) -> None:
    from vmbench.data.labels import said_of_unlabelled
    from vmbench.runs.request import command_line

    echo(f"{folder} holds {report.dataset}: {report.examples} examples, {report.spec}")
    if others:
        echo(f"  also found: {', '.join(others)} (--dataset NAME checks it)")
    echo(f"  subjects, speakers or sources named: {report.groups or 'none'}")
    for remark in report.remarks:
        echo(f"  {remark}")
    for task in report.tasks:
        _print_task(task)
    for said in said_of_unlabelled(report.unlabelled, report.unlabelled_held_out):
        echo(f"  {said}")
    if report.unlabelled and report.groups_held_out and report.usable:
        echo(
            f"  compared one by one: none of them is of the {report.groups_held_out} subjects, "
            f"speakers or sources of whom a task holds out examples"
        )
    if report.no_task:
        echo(f"no task: {report.no_task}")
    for problem in report.problems:
        echo(f"  PROBLEM: {problem}")
    if report.usable:
        train = report.pretraining - report.unlabelled
        sides = [f"{train} train in every task"] if report.tasks else []
        sides += [f"{report.unlabelled} without a label"] if report.unlabelled else []
        would = "a run would pretrain on" if report.tasks else "a pretraining would take"
        echo(
            f"{would} {report.pretraining} examples ({', '.join(sides)}), "
            f"{WORDS[report.normalize]} and keep {report.megabytes:g} MB in its cache:"
        )
        verb = "run" if report.tasks else "pretrain"
        command = [verb, "--domain", domain, "--pretrain", report.dataset]
        command += ["--data-dir", str(folder), *(["--target", target] if target else [])]
        echo(f"  {command_line(command)}")
    else:
        echo("a run would refuse this data")


def _print_task(task: "TaskReport") -> None:
    from vmbench.data.balance import Balance
    from vmbench.data.dataset import SPLITS
    from vmbench.data.kinds import KINDS

    sides = ", ".join(f"{task.examples[split]} {split}" for split in SPLITS)
    rules = KINDS[task.kind](task.name, list(task.classes))
    echo(f"task {task.name}: {rules.summary}; {sides}")
    echo(f"  split: {task.split_rule}")
    totals = {name: sum(counts.values()) for name, counts in task.classes.items()}
    training = {name: counts["train"] for name, counts in task.classes.items()}
    if rules.exclusive and any(training.values()):
        balance = Balance.of(training)
        echo(f"  train: {balance}")
        if balance.unequal:
            echo("  unequal classes: read the balanced accuracy")
    width = max((len(name) for name in totals), default=0)
    for name, counts in list(task.classes.items())[:SHOWN_CLASSES]:
        numbers = "  ".join(f"{counts[split]:6} {split}" for split in SPLITS)
        echo(f"    {name:{width}}  {numbers}")
    if len(totals) > SHOWN_CLASSES:
        echo(f"    ... and {len(totals) - SHOWN_CLASSES} classes more")
    for split, (least, mean, greatest) in task.targets.items():
        echo(f"    {split}: {least:g} to {greatest:g}, mean {mean:g}")
    for problem in task.problems:
        echo(f"  PROBLEM: {problem}")
    for leak in task.leaks:
        echo(f"  LEAK: {leak}")
