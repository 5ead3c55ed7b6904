"""``vmbench run``: pretrain once, probe every task, write ``result.json``."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

import vmbench
from vmbench.data.balance import notable
from vmbench.data.dataset import SPLITS, Dataset, Task
from vmbench.data.examples import Examples, prepare
from vmbench.evaluation import evaluate, limit
from vmbench.plugins import named_failures
from vmbench.progress import Progress
from vmbench.results import Environment, Parameters, Pretrain, Result, TaskResult, read_result
from vmbench.runs.command import LINEAR
from vmbench.runs.folder import claim_folder
from vmbench.runs.gallery import draw_views
from vmbench.runs.plan import Plan, make_plan
from vmbench.runs.session import PRETRAIN, Session
from vmbench.training.device import Placement, place
from vmbench.training.trackers import require_trackers


def run(
    domain: str,
    method: str = "viewmaker",
    *,
    objective: str = "simclr",
    preset: str = "small",
    seed: int = 0,
    pretrain: str | None = None,
    transfer: Sequence[str] = (),
    data_dir: str | Path | None = None,
    target: str | None = None,
    settings: Mapping[str, Any] | None = None,
    out: str | Path = "runs",
    resume: bool = True,
    overwrite: bool = False,
    trackers: Sequence[str] = (),
    quiet: bool = True,
    evaluation: str = LINEAR,
    views: str | None = None,
) -> Result:
    """Pretrain once with one seed, probe every task asked for, and write the run's folder.

    Args:
        domain: a registered domain.
        method: a registered method, or ``handcrafted`` for the domain's own views.
        objective: what the encoder minimises; yardsticks ignore it, and so do methods that
            bring their own.
        preset: ``smoke``, ``small`` or ``paper``.
        seed: of the weights, the batches' order and the views.
        pretrain: dataset to pretrain on; default: the domain's.
        transfer: ``DATASET`` or ``DATASET/TASK``; default: every task of the pretraining dataset
            and of the domain's other embedded datasets of the same spec.
        data_dir: folder of the publisher's files or of your own, for datasets that no package
            carries.
        target: the column of your own table that holds the label.
        settings: hyperparameters that override the preset's (see :class:`~vmbench.config.Config`).
        out: parent of the run's folder.
        resume: go on from an interrupted run of the same configuration.
        overwrite: start over, also where a finished run lies.
        trackers: ``tensorboard`` or ``trackio``, to follow the training live; changes no result.
        quiet: no progress on stderr.
        evaluation: how the features are judged: ``linear``, ``knn``, ``finetune``, ``fewshot`` or
            ``robustness``.
        views: for ``supervised``: the view family that augments its training.

    Returns:
        The result; also in ``OUT/RUN_ID/result.json``. A finished run is read, not repeated.

    Raises:
        UserError: for anything in the request or the data that the caller can mend.
        RunError: if training fails (a loss that becomes NaN).

    >>> result = run("tabular", "random-init", preset="smoke")  # doctest: +SKIP
    """
    require_trackers(trackers)
    with Progress(quiet=quiet).shared() as progress, named_failures():
        plan = make_plan(
            domain,
            method,
            objective,
            preset,
            seed,
            pretrain,
            transfer,
            settings or {},
            None if data_dir is None else Path(data_dir),
            evaluation,
            views,
            target,
        )
        placement = place(plan.config, plan.pretrain.spec)
        with claim_folder(Path(out), plan, resume=resume, overwrite=overwrite) as folder:
            return _carry_out(plan, folder, placement, progress, tuple(trackers))


def _carry_out(
    plan: Plan,
    folder: Path,
    placement: Placement,
    progress: Progress,
    trackers: tuple[str, ...],
) -> Result:
    """The run of ``plan`` in its ``folder``; a finished one is read."""
    finished = folder / "result.json"
    if finished.exists():
        progress.say(f"already done: {finished} (--overwrite repeats it)")
        return read_result(finished)

    examples = _prepare(plan.pretrain, plan, progress)
    session = Session(
        folder=folder,
        examples=examples,
        indices=limit(examples.training(), plan.config.max_examples),
        objective=plan.objective,
        config=plan.config,
        placement=placement,
        seed=plan.seed,
        progress=progress,
        handcrafted=plan.handcrafted,
        trackers=trackers,
        augment_by=plan.views,
    )
    encoder_parameters, tasks = 0, []
    for dataset, task in plan.tasks:
        same = dataset.name == plan.pretrain.name
        evaluated = examples if same else _prepare(dataset, plan, progress)
        _describe_labels(evaluated, task, plan, progress)
        representation = plan.method.represent(session, evaluated, task)
        encoder_parameters = representation.parameters
        tasks.append(evaluate(plan.evaluation, session, evaluated, task, representation))
        found = f"{tasks[-1].metric} {tasks[-1].value:.4f}"
        progress.say(f"  {dataset.name}/{task.name}: {found}")

    result = Result(
        schema_version=2,
        run_id=plan.run_id,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=_legible(plan.command),
        domain=plan.domain.name,
        method=plan.label,
        views=plan.view_kind,
        yardstick=plan.method.yardstick,
        objective=plan.objective,
        preset=plan.preset,
        seed=plan.seed,
        pretrain=_pretrain_record(plan, session),
        tasks=[_with_training_time(task, session) for task in tasks],
        parameters=Parameters(encoder=encoder_parameters, viewmaker=session.viewmaker_parameters),
        overrides=dict(plan.overrides),
        config=plan.config.model_dump(),
        config_hash=plan.hash,
        environment=_environment(placement),
    )
    if session.views is not None and find_spec("matplotlib") is not None:
        draw_views(session, folder / "views.png", plan.label)
    result.write(finished)
    session.forget_training_states()
    return result


def _prepare(dataset: Dataset, plan: Plan, progress: Progress) -> Examples:
    progress.say(f"preparing {dataset.name}")
    examples = prepare(dataset, plan.data_dir)
    for remark in examples.remarks:
        progress.say(f"  {dataset.name}: {remark}")
    return examples


def _describe_labels(examples: Examples, task: Task, plan: Plan, progress: Progress) -> None:
    indices = {split: examples.split(task, split) for split in SPLITS}
    indices["train"] = limit(indices["train"], plan.config.max_examples)
    labels = {split: examples.labels(task, indices[split]) for split in SPLITS}
    for remark in notable(task, labels):
        progress.say(f"  {examples.dataset.name}/{task.name}: {remark}")


def _legible(command: str) -> str:
    """``command`` as Unicode: a name that the locale cannot tell is kept as bytes in a text."""
    return os.fsencode(command).decode(errors="replace")


def _pretrain_record(plan: Plan, session: Session) -> Pretrain:
    fit, health = session.fits.get(PRETRAIN), session.health
    return Pretrain(
        dataset=plan.pretrain.name,
        revision=plan.pretrain.revision,
        n_examples=len(session.indices) if fit else 0,
        epochs=fit.epochs if fit else 0,
        steps=fit.steps if fit else 0,
        seconds=fit.seconds if fit else 0.0,
        final_loss=fit.final_loss if fit else None,
        name=plan.pretraining if fit else None,
        collapsed=health.collapsed if health else None,
        feature_std=fit.feature_std if fit else None,
        effective_rank=health.effective_rank if health else None,
        feature_dim=health.dim if health else None,
    )


def _with_training_time(task: TaskResult, session: Session) -> TaskResult:
    """A task that trained an encoder of its own (supervised) counts that time as its own."""
    fit = session.fits.get(f"{task.dataset}-{task.task}")
    return task if fit is None else task.model_copy(update={"seconds": task.seconds + fit.seconds})


def _environment(placement: Placement) -> Environment:
    return Environment(
        vmbench=vmbench.__version__,
        git=_git_commit(),
        python=platform.python_version(),
        torch=torch.__version__,
        device=_device_name(placement.device),
        threads=torch.get_num_threads(),
        precision=placement.precision,
    )


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


@cache
def _git_commit() -> str | None:
    """The commit of this checkout, with ``+`` where files differ from it; None outside one."""
    here = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip()
