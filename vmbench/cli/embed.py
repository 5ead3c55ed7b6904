"""``vmbench embed``."""

from pathlib import Path

import typer

from vmbench.cli.halves import PRETRAINING
from vmbench.cli.output import echo


def embed(
    pretraining: str = PRETRAINING,
    data_dir: Path | None = typer.Option(
        None, help="Your files or the publisher's; default: the data that was pretrained on."
    ),
    out: Path = typer.Option(Path("features.parquet"), help="The file to write."),
    dataset: str | None = typer.Option(
        None, help="Read DIR as this dataset; default: as the pretraining's, or as your own."
    ),
    target: str | None = typer.Option(None, help="The label's column in your own table."),
    device: str = typer.Option("auto", help="auto, cpu, cuda, cuda:1, mps."),
    store: Path = typer.Option(Path("runs"), help="Where a pretraining named alone is looked for."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a file that is there."),
    quiet: bool = typer.Option(False, "--quiet", help="No progress on stderr."),
) -> None:
    """Write a row of features for every example in DIR; they need no labels."""
    from vmbench.runs.embedding import embed as write

    rows = write(
        pretraining,
        out,
        data_dir=data_dir,
        dataset=dataset,
        target=target,
        device=device,
        store=store,
        overwrite=overwrite,
        quiet=quiet,
    )
    echo(f"{out}: {rows:,} rows")
