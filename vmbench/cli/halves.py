"""``vmbench pretrain`` and ``vmbench evaluate``: the halves of ``vmbench run``."""

from pathlib import Path

import typer

from vmbench.cli import options
from vmbench.cli.output import echo, echo_json
from vmbench.cli.run import asked_settings, print_results

PRETRAINING = typer.Argument(
    ..., help="A folder that pretrain or run wrote, or its name below OUT/pretrainings."
)


def pretrain(
    domain: str = options.DOMAIN,
    method: str = options.METHOD,
    objective: str = options.OBJECTIVE,
    preset: str = options.PRESET,
    seed: int = options.SEED,
    epochs: int | None = options.EPOCHS,
    epsilon: float | None = options.EPSILON,
    pretrain: str | None = options.PRETRAIN,
    data_dir: Path | None = options.DATA_DIR,
    target: str | None = options.TARGET,
    device: str = options.DEVICE,
    precision: str = options.PRECISION,
    out: Path = typer.Option(Path("runs"), help="The folder is made in OUT/pretrainings."),
    resume: bool = typer.Option(True, help="Go on from an interrupted training."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Train again what is there."),
    set_: list[str] = options.SET,
    config: Path | None = options.CONFIG,
    tracker: list[str] = options.TRACKER,
    as_json: bool = typer.Option(False, "--json", help="Print the folder and its spec.json."),
    quiet: bool = options.QUIET,
) -> None:
    """Pretrain alone and print the folder, for evaluate, embed and vmbench.load."""
    from vmbench.runs.halves import execute_pretraining
    from vmbench.runs.request import RunRequest

    settings = asked_settings(
        config, set_, epochs=epochs, epsilon=epsilon, device=device, precision=precision
    )
    request = RunRequest(
        domain=domain,
        method=method,
        objective=objective,
        preset=preset,
        seed=seed,
        pretrain=pretrain,
        data_dir=data_dir,
        target=target,
        settings=settings,
    )
    made = execute_pretraining(
        request,
        out,
        resume=resume,
        overwrite=overwrite,
        trackers=tuple(tracker),
        quiet=quiet,
    )
    if as_json:
        echo_json({"folder": str(made.folder), **made.document.model_dump(mode="json")})
    else:
        echo(str(made.folder))


def evaluate(
    pretraining: str = PRETRAINING,
    evaluations: list[str] = options.EVALUATIONS,
    transfer: list[str] = typer.Option(
        [], metavar="DATASET[/TASK]", help="Evaluate on this; repeatable. Default: as for run."
    ),
    data_dir: Path | None = typer.Option(
        None, help="Folder of the files; default: where they lay when it was trained."
    ),
    target: str | None = options.TARGET,
    device: str = options.DEVICE,
    out: Path = typer.Option(Path("runs"), help="Parent of the run's folder."),
    resume: bool = typer.Option(True, help="Read a finished evaluation."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a finished one."),
    set_: list[str] = typer.Option(
        [],
        "--set",
        metavar="KEY=VALUE",
        help="Override a setting of the readout or an evaluation; repeatable.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print result.json on stdout."),
    quiet: bool = options.QUIET,
) -> None:
    """Evaluate a pretraining without training again; the results are those of run."""
    from vmbench.runs.halves import evaluate as judge

    settings = asked_settings(None, set_, device=device)
    results = [
        judge(
            pretraining,
            transfer=transfer,
            evaluation=evaluation,
            data_dir=data_dir,
            target=target,
            settings=settings,
            out=out,
            resume=resume,
            overwrite=overwrite,
            quiet=quiet,
        )
        for evaluation in dict.fromkeys(evaluations)
    ]
    print_results(results, out, as_json=as_json)
