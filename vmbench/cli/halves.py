"""``vmbench pretrain`` and ``vmbench evaluate``: the halves of ``vmbench run``."""

from pathlib import Path

import typer

from vmbench.cli.output import echo, echo_json
from vmbench.cli.run import asked_settings, print_results

PRETRAINING = typer.Argument(
    ..., help="A folder that pretrain or run wrote, or its name below OUT/pretrainings."
)


def pretrain(
    domain: str = typer.Option(..., help="image, audio, sensor, tabular, medical or a plugin's."),
    method: str = typer.Option("viewmaker", help="Where the views come from (list methods)."),
    objective: str = typer.Option("simclr", help="What the encoder minimises (list objectives)."),
    preset: str = typer.Option("small", help="smoke (seconds), small (minutes) or paper (a GPU)."),
    seed: int = typer.Option(0, help="Of weights, batches and views."),
    epochs: int | None = typer.Option(None, help="Override the preset's epochs."),
    epsilon: float | None = typer.Option(None, help="Override the viewmaker's budget."),
    pretrain: str | None = typer.Option(
        None, metavar="DATASET", help="Pretrain on this dataset instead of the domain's default."
    ),
    data_dir: Path | None = typer.Option(None, help="Folder of the publisher's files or yours."),
    target: str | None = typer.Option(None, help="The label's column in your own table."),
    device: str = typer.Option("auto", help="auto, cpu, cuda, cuda:1, mps."),
    precision: str = typer.Option("auto", help="auto, float32 or bfloat16."),
    out: Path = typer.Option(Path("runs"), help="The folder is made in OUT/pretrainings."),
    resume: bool = typer.Option(True, help="Go on from an interrupted training."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Train again what is there."),
    set_: list[str] = typer.Option(
        [],
        "--set",
        metavar="KEY=VALUE",
        help="Override a setting, as lr=0.001 or byol.momentum=0.99; repeatable (info config).",
    ),
    config: Path | None = typer.Option(None, help="Settings from a .toml or .json file."),
    tracker: list[str] = typer.Option(
        [], metavar="NAME", help="Follow live in tensorboard or trackio; repeatable."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the folder and its spec.json."),
    quiet: bool = typer.Option(False, "--quiet", help="No progress on stderr."),
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
    evaluations: list[str] = typer.Option(
        ["linear"], "--eval", help="How the features are judged; repeatable (list evaluations)."
    ),
    transfer: list[str] = typer.Option(
        [], metavar="DATASET[/TASK]", help="Evaluate on this; repeatable. Default: as for run."
    ),
    data_dir: Path | None = typer.Option(
        None, help="Folder of the files; default: where they lay when it was trained."
    ),
    target: str | None = typer.Option(None, help="The label's column in your own table."),
    device: str = typer.Option("auto", help="auto, cpu, cuda, cuda:1, mps."),
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
    quiet: bool = typer.Option(False, "--quiet", help="No progress on stderr."),
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
