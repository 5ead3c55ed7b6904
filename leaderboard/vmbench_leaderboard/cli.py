"""``vmbench leaderboard show|export|diff|check``. Heavy imports wait until a command runs."""

import codecs
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from vmbench_leaderboard.board import Board
    from vmbench_leaderboard.check import Judged
    from vmbench_leaderboard.load import Loaded

app = typer.Typer(
    help="Boards from result files: show, export, diff, check.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

REGRESSION, MISSING, SCHEMA = 3, 4, 5
PLAIN = {"±": "+-", "\N{EN DASH}": "-"}
DEFAULT_PATHS = [Path("runs")]

PATHS = typer.Argument(None, help="Result files, or folders of them.  [default: runs]")
DOMAIN = typer.Option([], "--domain", help="Only this domain (repeatable).")
OBJECTIVE = typer.Option([], "--objective", help="Only this objective (repeatable).")
PRESET = typer.Option([], "--preset", help="Only runs of this preset.")
TOLERANCE = typer.Option(
    0.01, "--tolerance", min=0, help="A drop of at most this never counts, in the metric's unit."
)
K = typer.Option(3.0, "--k", min=0, help="Standard errors that a drop must exceed.")
JSON = typer.Option(False, "--json", help="Print one JSON document instead.")


class Format(StrEnum):
    """What ``export`` writes."""

    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    HTML = "html"
    GITHUB = "github"
    BADGE = "badge"
    FIGURES = "figures"


class FigureFormat(StrEnum):
    """Of the files that ``export --format figures`` writes."""

    SVG = "svg"
    PNG = "png"


@app.command()
def show(
    paths: list[Path] | None = PATHS,
    domain: list[str] = DOMAIN,
    objective: list[str] = OBJECTIVE,
    preset: list[str] = PRESET,
    json: bool = JSON,
) -> None:
    """Print the board: a table per domain, and one over all domains."""
    with _schema_exit():
        boards = _boards(paths, domain, objective, preset)
        if json:
            from vmbench_leaderboard.render.json import render as render_json

            _emit(render_json(boards))
        else:
            from vmbench_leaderboard.render.table import render

            _console().print(render(boards))


@app.command()
def export(
    paths: list[Path] | None = PATHS,
    format: Format = typer.Option(..., "--format", help="What to write."),
    out: Path | None = typer.Option(
        None, "--out", help="File to write, or the folder of figures.  [default: stdout]"
    ),
    figure_format: FigureFormat | None = typer.Option(
        None, "--figure-format", help="With --format figures: svg or png.  [default: svg]"
    ),
    baseline: Path | None = typer.Option(
        None, "--baseline", help="With --format github: compare with these results, verdict first."
    ),
    domain: list[str] = DOMAIN,
    objective: list[str] = OBJECTIVE,
    preset: list[str] = PRESET,
) -> None:
    """Write the board as Markdown, CSV, JSON, a web page, a GitHub job summary, a badge or figures.

    Figures are training curves, score against time and epsilon sweeps, in the folder --out.
    """
    from vmbench.errors import UserError

    with _schema_exit():
        if baseline is not None and format is not Format.GITHUB:
            raise UserError(f"--baseline has no place in --format {format.value}: use 'diff'")
        if format is Format.FIGURES:
            _write_figures(paths, domain, objective, preset, out, figure_format)
            return
        if figure_format is not None:
            raise UserError(f"--figure-format has no place in --format {format.value}")
        render = import_module(f"vmbench_leaderboard.render.{format.value}").render
        boards = _boards(paths, domain, objective, preset)
        if baseline is None:
            text = render(boards)
        else:
            judged, notes = _judge([baseline], paths, domain, objective, preset)
            text = render(boards, judged, notes)
        if out is None:
            _emit(text)
        else:
            _write(out, text)


@app.command()
def diff(
    base: Path = typer.Argument(..., help="Results to start from: a file or a folder."),
    head: Path = typer.Argument(..., help="Results to compare with them."),
    tolerance: float = TOLERANCE,
    k: float = K,
    domain: list[str] = DOMAIN,
    objective: list[str] = OBJECTIVE,
    preset: list[str] = PRESET,
    json: bool = JSON,
) -> None:
    """Compare two sets of results cell by cell, over the seeds that both have."""
    with _schema_exit():
        judged, notes = _judge([base], [head], domain, objective, preset, tolerance, k)
        _show_changes(judged, notes, tolerance, k, json, all_cells=True)


@app.command()
def check(
    head: list[Path] | None = typer.Argument(
        None, help="Results to check: files or folders.  [default: runs]"
    ),
    baseline: Path = typer.Option(..., "--baseline", help="Results to hold them against."),
    tolerance: float = TOLERANCE,
    k: float = K,
    domain: list[str] = DOMAIN,
    objective: list[str] = OBJECTIVE,
    preset: list[str] = PRESET,
    json: bool = JSON,
) -> None:
    """Fail on a regression (exit code 3), on missing cells (4) or on a broken result file (5).

    A regression is a drop beyond max(tolerance, k standard errors) over the seeds that both have.
    """
    with _schema_exit():
        judged, notes = _judge([baseline], head, domain, objective, preset, tolerance, k)
        _show_changes(judged, notes, tolerance, k, json, all_cells=False)
    worse = [one for one in judged if one.outcome == "worse"]
    missing = [one for one in judged if one.outcome == "missing"]
    if worse:
        _say(f"regression in {_first_of(worse)}")
        raise typer.Exit(REGRESSION)
    if missing:
        _say(f"missing {_first_of(missing)}")
        raise typer.Exit(MISSING)


def _first_of(judged: "Sequence[Judged]") -> str:
    from vmbench_leaderboard.wording import counted

    return f"{counted(len(judged), 'cell')}, the first {judged[0].text}"


def _judge(
    base: list[Path],
    head: list[Path] | None,
    domain: list[str],
    objective: list[str],
    preset: list[str],
    tolerance: float | None = None,
    k: float | None = None,
) -> "tuple[tuple[Judged, ...], tuple[str, ...]]":
    from vmbench_leaderboard import check as rule
    from vmbench_leaderboard.compare import compare
    from vmbench_leaderboard.filters import Filters
    from vmbench_leaderboard.load import load

    found = compare(
        load(base).results,
        load(head or DEFAULT_PATHS).results,
        Filters(tuple(domain), tuple(objective), tuple(preset)),
    )
    judged = rule.judge(
        found.changes,
        rule.TOLERANCE if tolerance is None else tolerance,
        rule.K if k is None else k,
    )
    return judged, found.notes


def _show_changes(
    judged: "Sequence[Judged]",
    notes: "Sequence[str]",
    tolerance: float,
    k: float,
    json: bool,
    *,
    all_cells: bool,
) -> None:
    from vmbench_leaderboard.render import changes

    if json:
        _emit(changes.document(judged, notes, tolerance, k))
    else:
        _console().print(changes.table(judged, notes, all_cells=all_cells))


def _console() -> "Console":
    from rich.console import Console

    _degrade()
    # A pipe has no width of its own: give it room enough that no cell is folded.
    return Console(width=None if sys.stdout.isatty() else 500, highlight=False)


def _emit(text: str) -> None:
    _degrade()
    sys.stdout.write(text)


def _degrade() -> None:
    """Let an output of few characters (ASCII) show others as well as it can, and never fail."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error("vmbench.degrade", _degraded)
        sys.stdout.reconfigure(errors="vmbench.degrade")


def _degraded(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in text), error.end


def _boards(
    paths: list[Path] | None, domain: list[str], objective: list[str], preset: list[str]
) -> "tuple[Board, ...]":
    from vmbench_leaderboard.board import build_boards
    from vmbench_leaderboard.filters import Filters

    loaded = _load(paths)
    filters = Filters(tuple(domain), tuple(objective), tuple(preset))
    return build_boards(loaded.results, filters, loaded.failures)


def _load(paths: list[Path] | None) -> "Loaded":
    from vmbench_leaderboard.load import load
    from vmbench_leaderboard.wording import counted

    loaded = load(paths or DEFAULT_PATHS)
    if loaded.unfinished:
        count = counted(len(loaded.unfinished), "unfinished run")
        _say(f"{count} left out, the first in {loaded.unfinished[0]}")
    return loaded


def _write_figures(
    paths: list[Path] | None,
    domain: list[str],
    objective: list[str],
    preset: list[str],
    out: Path | None,
    figure_format: FigureFormat | None,
) -> None:
    from vmbench.errors import UserError
    from vmbench_leaderboard.board import build_boards
    from vmbench_leaderboard.filters import Filters
    from vmbench_leaderboard.render.figures import draw
    from vmbench_leaderboard.series import read_losses, runs_of
    from vmbench_leaderboard.wording import counted

    if out is None:
        raise UserError("--format figures writes several files: name their folder with --out DIR")
    loaded = _load(paths)
    boards = build_boards(loaded.results, Filters(tuple(domain), tuple(objective), tuple(preset)))
    files = {id(result): file for result, file in zip(loaded.results, loaded.files, strict=True)}
    losses, bare = {}, []
    for result in (result for row in boards[0].rows for result in runs_of(row)):
        found = read_losses(files[id(result)])
        if found is not None:
            losses[id(result)] = found
        elif result.objective is not None and result.pretrain.steps:
            bare.append(files[id(result)])
    if bare:
        _say(
            f"no metrics.jsonl beside {counted(len(bare), 'result')}, the first {bare[0]}: "
            "left out of the training curves"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        written = draw(boards, losses, out, (figure_format or FigureFormat.SVG).value)
    except OSError as error:
        raise UserError(f"cannot write figures to {out}: {error.strerror}") from error
    for path in written:
        typer.echo(path)


@contextmanager
def _schema_exit() -> Iterator[None]:
    """A result file that breaks the schema is exit code 5, and one line on stderr."""
    from vmbench.results import SchemaError

    try:
        yield
    except SchemaError as error:
        _say(str(error))
        raise typer.Exit(SCHEMA) from error


def _say(line: str) -> None:
    typer.echo(f"vmbench: {' '.join(line.split())}", err=True)


def _write(path: Path, text: str) -> None:
    from vmbench.errors import UserError
    from vmbench.storage.atomic import write_atomically

    try:
        write_atomically(path, text)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}; give --out a file in a folder that exists"
        ) from error
