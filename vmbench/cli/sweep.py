"""``vmbench sweep``."""

import contextlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from vmbench.cli import options
from vmbench.cli.output import echo, echo_json, stdout
from vmbench.cli.run import asked_settings
from vmbench.errors import UserError

if TYPE_CHECKING:
    from vmbench.sweeps.estimate import Estimate
    from vmbench.sweeps.grid import Grid
    from vmbench.sweeps.launchers import Launcher
    from vmbench.sweeps.plan import SweepPlan
    from vmbench.sweeps.schedule import State


class LauncherName(StrEnum):
    """Where the jobs of a sweep run."""

    local = "local"
    ray = "ray"


def sweep(
    domain: list[str] = typer.Option([], help="all, or a domain; repeatable."),
    method: list[str] = typer.Option([], help="Repeatable (list methods).  [default: viewmaker]"),
    objective: list[str] = typer.Option(
        [], help="Repeatable (list objectives).  [default: simclr]"
    ),
    evaluations: list[str] = typer.Option(
        [], "--eval", help="Repeatable (list evaluations).  [default: linear]"
    ),
    seeds: int | None = typer.Option(None, min=1, help="How many, from 0 on.  [default: 1]"),
    preset: str | None = typer.Option(None, help="smoke, small or paper.  [default: small]"),
    views: str | None = options.VIEWS,
    pretrain: str | None = options.PRETRAIN,
    transfer: list[str] = options.TRANSFER,
    data_dir: Path | None = options.DATA_DIR,
    target: str | None = options.TARGET,
    set_: list[str] = typer.Option([], "--set", metavar="KEY=VALUE", help="As for run."),
    config: Path | None = options.CONFIG,
    file: Path | None = typer.Option(
        None, metavar="GRID.TOML", help="All of the above from a file, instead of options."
    ),
    launcher: LauncherName = typer.Option(LauncherName.local, help="Where the jobs run."),
    processes: int | None = typer.Option(
        None, min=1, help="With local: jobs at once.  [default: as many as pay]"
    ),
    address: str | None = typer.Option(
        None, help="With ray: of a cluster; without it, one is started on this machine."
    ),
    cpus: int = typer.Option(1, min=1, help="With ray: processors of each job."),
    gpus: float = typer.Option(0.0, min=0.0, help="With ray: of each job; 0.5: two share one."),
    out: Path = typer.Option(Path("runs"), help="Parent of the runs' folders."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show the plan and end."),
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
    quiet: bool = options.QUIET,
) -> None:
    """Run a grid: what is done is kept, what is shared is trained once; ends in the board."""
    from vmbench.sweeps.estimate import Times, estimate
    from vmbench.sweeps.grid import Grid, read_grids
    from vmbench.sweeps.plan import plan_sweep
    from vmbench.sweeps.schedule import carry_out, forget_failures
    from vmbench.sweeps.watching import watching

    asked = {
        "domain": domain,
        "method": method,
        "objective": objective,
        "eval": evaluations,
        "seeds": seeds,
        "preset": preset,
        "views": views,
        "pretrain": pretrain,
        "transfer": transfer,
        "data-dir": data_dir,
        "target": target,
        "settings": asked_settings(config, set_),
    }
    asked = {name: value for name, value in asked.items() if value not in (None, [], {})}
    if file is not None and asked:
        raise UserError(f"--file {file} says the whole grid: write --{next(iter(asked))} into it")
    if file is None and not domain:
        raise UserError(
            "name the domains with --domain NAME or --domain all, or a grid with --file"
        )
    grids = read_grids(file) if file else [Grid(**asked)]
    plan = plan_sweep(grids, out)
    start = _launcher(launcher, out, processes, address, cpus, gpus, grids, dry_run=dry_run)
    time = estimate(plan.jobs, Times(out), start.processes)
    if not quiet:
        _say_plan(plan, time, start)
    if dry_run:
        if as_json:
            echo_json(_document(plan, time, []))
        start.close()
        return
    forget_failures(plan.done, out)
    with watching(out, quiet=quiet) as watch:
        states = carry_out(plan.jobs, out, start, watch)
    failed = [state for state in states if state.status == "failed"]
    if as_json:
        echo_json(_document(plan, time, states))
    else:
        for state in failed:
            echo(f"failed: {state.job.title}: {state.reason}")
        _show_boards(plan, out)
    if failed:
        raise typer.Exit(1)


def _launcher(
    name: LauncherName,
    out: Path,
    processes: int | None,
    address: str | None,
    cpus: int,
    gpus: float,
    grids: "Sequence[Grid]",
    *,
    dry_run: bool,
) -> "Launcher":
    from vmbench.sweeps.local import LocalLauncher

    if name is LauncherName.local or dry_run:
        import torch

        devices = {grid.settings.get("device", "auto") for grid in grids}
        return LocalLauncher(
            out, processes, on_gpu=devices != {"cpu"} and torch.cuda.is_available()
        )
    from vmbench.sweeps.ray_launcher import RayLauncher

    return RayLauncher(out, address, cpus, gpus)


def _say_plan(plan: "SweepPlan", time: "Estimate", launcher: "Launcher") -> None:
    from vmbench.progress import Progress
    from vmbench.sweeps.plan import PRETRAINING

    say = Progress().say
    for pair in plan.left_out:
        say(f"left out: {pair}")
    trainings = sum(job.kind == PRETRAINING for job in plan.jobs)
    for job in plan.jobs:
        say(f"  {job.kind}: {job.name}")
    say(
        f"{len(plan.runs)} runs: {len(plan.done)} done before; left: {trainings} pretrainings "
        f"and {len(plan.jobs) - trainings} evaluations"
    )
    if plan.jobs:
        where = f" in {launcher.processes} processes at once" if launcher.processes else ""
        say(f"{time}{where}")


def _document(plan: "SweepPlan", time: "Estimate", states: "Sequence[State]") -> dict[str, object]:
    ended = {state.job.name: state for state in states}
    return {
        "done_before": list(plan.done),
        "left_out": list(plan.left_out),
        "estimate_seconds": time.seconds,
        "jobs": [
            {
                "kind": job.kind,
                "name": job.name,
                "needs": job.needs,
                "command": job.request.command(),
                "status": ended[job.name].status if job.name in ended else "planned",
                "reason": (ended[job.name].reason or None) if job.name in ended else None,
            }
            for job in plan.jobs
        ],
    }


def _show_boards(plan: "SweepPlan", out: Path) -> None:
    """A board for each evaluation, by the command that brings boards, if it is installed."""
    from vmbench.cli.app import foreign_commands, load_command
    from vmbench.failures import failure_file

    board = next((point for point, _ in foreign_commands() if point.name == "leaderboard"), None)
    if board is None:
        return
    show = load_command(board)
    for evaluation in dict.fromkeys(plan.runs.values()):
        runs = [run_id for run_id, name in plan.runs.items() if name == evaluation]
        paths = [out / run_id / "result.json" for run_id in runs]
        finished = [path for path in paths if path.exists()]
        if not finished:
            continue
        failures = [failure_file(out, run_id) for run_id in runs]
        paths = [*finished, *(path for path in failures if path.exists())]
        with contextlib.redirect_stdout(stdout()):
            show(["show", *map(str, paths)], prog_name="vmbench leaderboard", standalone_mode=False)
