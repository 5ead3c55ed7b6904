"""``vmbench views``."""

from pathlib import Path

import typer

from vmbench.cli.output import echo


def views(
    run: Path = typer.Argument(..., metavar="RUN", help="A run's folder, as in runs/RUN_ID."),
    out: Path = typer.Option(Path("views.png"), help="The picture to write: .png or .svg."),
    data_dir: Path | None = typer.Option(
        None, help="Folder of the publisher's files, if they were moved since the run."
    ),
    quiet: bool = typer.Option(False, "--quiet", help="No progress on stderr."),
) -> None:
    """Draw a run's views: an example in the centre, its scaled perturbations around it."""
    from vmbench.runs.gallery import redraw_views

    echo(str(redraw_views(run, out, data_dir=data_dir, quiet=quiet)))
