"""``vmbench run``."""

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from vmbench.cli import options
from vmbench.cli.output import echo, echo_json, stdout
from vmbench.errors import UserError

if TYPE_CHECKING:
    from vmbench.results import Result, TaskResult


def run(
    domain: str = options.DOMAIN,
    method: str = options.METHOD,
    objective: str = options.OBJECTIVE,
    evaluations: list[str] = options.EVALUATIONS,
    views: str | None = options.VIEWS,
    preset: str = options.PRESET,
    seed: int = options.SEED,
    epochs: int | None = options.EPOCHS,
    epsilon: float | None = options.EPSILON,
    pretrain: str | None = options.PRETRAIN,
    transfer: list[str] = options.TRANSFER,
    data_dir: Path | None = options.DATA_DIR,
    target: str | None = options.TARGET,
    device: str = options.DEVICE,
    precision: str = options.PRECISION,
    out: Path = typer.Option(Path("runs"), help="Parent of the run's folder."),
    resume: bool = typer.Option(True, help="Go on from an interrupted run."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a finished run."),
    set_: list[str] = options.SET,
    config: Path | None = options.CONFIG,
    tracker: list[str] = options.TRACKER,
    as_json: bool = typer.Option(False, "--json", help="Print result.json on stdout."),
    quiet: bool = options.QUIET,
) -> None:
    """Pretrain, probe every task, write a result and print it."""
    from vmbench.runs.request import RunRequest
    from vmbench.runs.runner import execute

    settings = asked_settings(
        config,
        set_,
        epochs=epochs,
        epsilon=epsilon,
        device=device,
        precision=precision,
    )
    requests = [
        RunRequest(
            domain=domain,
            method=method,
            objective=objective,
            views=views,
            evaluation=evaluation,
            preset=preset,
            seed=seed,
            pretrain=pretrain,
            transfer=transfer,
            data_dir=data_dir,
            target=target,
            settings=settings,
        )
        for evaluation in dict.fromkeys(evaluations)
    ]
    if len(requests) > 1:  # what is wrong with the last is said before the first is trained
        for request in requests:
            request.resolve()
    results = [
        execute(
            request,
            out,
            resume=resume,
            overwrite=overwrite,
            again=overwrite and request is requests[0],  # the others read what that one trained
            trackers=tuple(tracker),
            quiet=quiet,
        )
        for request in requests
    ]
    print_results(results, out, as_json=as_json)


def asked_settings(
    config: Path | None,
    assignments: list[str],
    *,
    epochs: int | None = None,
    epsilon: float | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> dict[str, Any]:
    """What ``--config``, ``--set`` and the options that are settings ask for, later ones first."""
    from vmbench.config import parse_assignments

    settings = (read_settings(config) if config else {}) | parse_assignments(assignments)
    flags = {"epochs": epochs, "methods.epsilon": epsilon}
    settings |= {key: value for key, value in flags.items() if value is not None}
    settings |= {"device": device} if device != "auto" else {}
    return settings | ({"precision": precision} if precision != "auto" else {})


def print_results(results: list["Result"], out: Path, *, as_json: bool) -> None:
    """Several results of one command, as tables or as one JSON document."""
    if as_json:
        documents = [result.model_dump(mode="json") for result in results]
        echo_json(documents[0] if len(documents) == 1 else documents)
        return
    for result in results:
        print_result(result, out / result.run_id)


def read_settings(path: Path) -> dict[str, Any]:
    """Settings of a TOML or JSON file; raises :class:`UserError` naming the file."""
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise UserError(f"--config {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"--config {path} is no valid {path.suffix or '.toml'}: {error}") from error
    if not isinstance(data, dict):
        raise UserError(f"--config {path} must hold a table of settings")
    return data


def print_result(result: "Result", folder: Path) -> None:
    """The result as a table for people."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    title = (
        f"{result.domain}: {result.method}, {result.preset}, seed {result.seed}, "
        f"{', '.join(sorted({task.probe.kind for task in result.tasks}))}"
    )
    table = Table(title=Text(title), title_justify="left")
    known = {
        "balanced_accuracy": "balanced",
        "macro_f1": "macro-F1",
        "micro_auroc": "micro",
        "mean_average_precision": "mAP",
        "spearman": "Spearman",
        "mae": "MAE",
    }
    titles = {k: v for k, v in known.items() if any(k in task.metrics for task in result.tasks)}
    headline = " / ".join(sorted({task.metric.replace("_", " ") for task in result.tasks}))
    columns = ("task", headline, *titles.values(), "val", "train/val/test")
    for column in columns:
        table.add_column(column, justify="left" if column == "task" else "right", no_wrap=True)
    rows = [_row(task, list(titles)) for task in result.tasks]
    for row in rows:
        table.add_row(*map(Text, row))  # not markup, whatever brackets a name has
    console = Console(file=stdout())
    unlimited = console.options.update(max_width=10_000)
    if console.measure(table, options=unlimited).minimum <= console.width:
        console.print(table)
    else:  # a line for each number: none is cut off, no name broken
        echo(title)
        for row in rows:
            for column, value in zip(columns, row, strict=True):
                echo(value if column == "task" else f"  {column} {value}")
    seconds = result.pretrain.seconds + sum(task.seconds for task in result.tasks)
    echo(f"{seconds:.0f} s; {folder / 'result.json'}")


def _row(task: "TaskResult", metrics: list[str]) -> tuple[str, ...]:
    return (
        f"{task.dataset}/{task.task}",
        f"{task.value:.4f}",
        *(f"{task.metrics[m]:.4f}" if m in task.metrics else "-" for m in metrics),
        f"{task.probe.val_value:.4f}",
        f"{task.n_train}/{task.n_val}/{task.n_test}",
    )
