"""The halves of a run, each alone: ``vmbench pretrain`` and ``vmbench evaluate``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vmbench.errors import UserError
from vmbench.plugins import named_failures, register_plugin
from vmbench.pretrained.place import PRETRAININGS
from vmbench.progress import Progress
from vmbench.results import Result
from vmbench.runs.plan import make_plan
from vmbench.runs.pretraining import Pretraining
from vmbench.runs.pretraining import pretrain as train_or_read
from vmbench.runs.recorded import Recorded
from vmbench.runs.representations import recipe_of, trainer_of
from vmbench.runs.request import LINEAR, RunRequest
from vmbench.runs.runner import execute, prepare_said
from vmbench.training.trackers import require_trackers


def pretrain(
    domain: str,
    method: str = "viewmaker",
    *,
    out: str | Path = "runs",
    resume: bool = True,
    overwrite: bool = False,
    trackers: Sequence[str] = (),
    quiet: bool = True,
    **asked: Any,
) -> Path:
    """Pretrain once with one seed: the first half of :func:`run`, on data that needs no labels.

    Args, where they differ from those of :func:`run`:
        resume: go on from an interrupted training.
        overwrite: train again what is there.
        asked: ``transfer`` and ``evaluation`` are none of them.

    Returns:
        The folder, for :func:`vmbench.load` and :func:`vmbench.evaluate`.

    Raises:
        UserError: for anything in the request or the data that the caller can mend.
        RunError: if training fails.

    >>> folder = pretrain("tabular", preset="smoke")  # doctest: +SKIP
    """
    for name in ("transfer", "evaluation"):
        if name in asked:
            raise UserError(f"pretrain takes no {name}: vmbench.evaluate does")
    request = RunRequest(domain=domain, method=method, **asked)
    return execute_pretraining(
        request,
        Path(out),
        resume=resume,
        overwrite=overwrite,
        trackers=tuple(trackers),
        quiet=quiet,
    ).folder


def execute_pretraining(
    request: RunRequest,
    out: Path,
    *,
    resume: bool = True,
    overwrite: bool = False,
    trackers: tuple[str, ...] = (),
    quiet: bool = True,
) -> Pretraining:
    """Train what ``request`` asks for, or read it; arguments and errors as for :func:`pretrain`."""
    require_trackers(trackers)
    with Progress(quiet=quiet).shared() as progress, named_failures():
        for plugin in request.plugins:
            register_plugin(plugin)
        plan = make_plan(request, evaluates=False)
        if plan.method.trains != "once":
            raise UserError(
                f"method '{request.method}' leaves nothing that could be kept: "
                + (
                    "its encoder is of one task, whose labels teach it; 'vmbench run' trains it"
                    if plan.method.trains == "per task"
                    else "it trains nothing; 'vmbench run' evaluates it"
                )
            )
        trainer = trainer_of(plan, progress, trackers)
        examples = prepare_said(plan.pretrain, plan, progress)
        how = {"resume": resume, "again": overwrite}
        store = out / PRETRAININGS
        return train_or_read(recipe_of(plan), trainer, examples, store, request, **how)


def evaluate(
    pretraining: str | Path,
    *,
    transfer: Sequence[str] = (),
    evaluation: str = LINEAR,
    data_dir: str | Path | None = None,
    target: str | None = None,
    settings: Mapping[str, Any] | None = None,
    out: str | Path = "runs",
    resume: bool = True,
    overwrite: bool = False,
    quiet: bool = True,
) -> Result:
    """Evaluate a pretraining: the second half of :func:`run`, with the same result.

    Args:
        pretraining: its folder, or its name below ``out``.
        transfer: DATASET or DATASET/TASK; none: as for :func:`run`.
        evaluation: how the features are judged.
        data_dir: where files lie that are read; None: where they lay when it was trained.
        target: the label's column in one's own table.
        settings: of the evaluation, and ``device``.
        out: parent of the run's folder.
        resume: read a finished run of the same configuration.
        overwrite: repeat one.
        quiet: no progress on stderr.

    Returns:
        The result, also in ``OUT/RUN_ID/result.json``.

    Raises:
        UserError: what is wrong with the folder, the request or the data.

    >>> result = evaluate("runs/pretrainings/...", evaluation="fewshot")  # doctest: +SKIP
    """
    recorded = Recorded.read(pretraining, Path(out))
    request = recorded.asked(
        settings=dict(settings or {}),
        transfer=tuple(transfer),
        evaluation=evaluation,
        data_dir=None if data_dir is None else Path(data_dir),
        target=target,
    )
    return execute(
        request, Path(out), resume=resume, overwrite=overwrite, recorded=recorded, quiet=quiet
    )
