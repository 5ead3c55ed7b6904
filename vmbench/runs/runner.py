"""``vmbench run``: pretrain once, probe every task, write ``result.json``."""

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import torch

import vmbench
from vmbench.data.dataset import SPLITS, BoundDataset, Task
from vmbench.data.examples import Examples
from vmbench.evaluation import Problem, evaluate, limit
from vmbench.plugins import named_failures
from vmbench.pretrained.document import ENCODER, LOG, PICTURE, VIEWS
from vmbench.pretrained.place import PRETRAININGS
from vmbench.progress import Progress
from vmbench.results import Environment, Parameters, Pretrain, Result, TaskResult, read_result
from vmbench.runs.folder import claim_folder
from vmbench.runs.plan import Plan, prepare_for
from vmbench.runs.pretraining import Pretraining
from vmbench.runs.recorded import Recorded
from vmbench.runs.representations import PRETRAIN, Representations, trainer_of
from vmbench.runs.request import RunRequest
from vmbench.training.device import Placement
from vmbench.training.trackers import require_trackers
from vmbench.training.trainer import Trainer, forget

CHECKPOINTS = "checkpoints"


def run(
    domain: str,
    method: str = "viewmaker",
    *,
    out: str | Path = "runs",
    resume: bool = True,
    overwrite: bool = False,
    trackers: Sequence[str] = (),
    quiet: bool = True,
    **asked: Any,
) -> Result:
    """Pretrain once with one seed, probe every task asked for, and write the run's folder.

    Args:
        domain: a registered domain.
        method: a registered method, or ``handcrafted`` for the domain's own views.
        out: parent of the run's folder.
        resume: go on from an interrupted run of the same configuration.
        overwrite: start over, also where a finished run lies.
        trackers: ``tensorboard`` or ``trackio``, to follow the training live; changes no result.
        quiet: no progress on stderr.
        asked: the other fields of :class:`~vmbench.runs.request.RunRequest`: ``objective``,
            ``preset``, ``seed``, ``pretrain``, ``transfer``, ``data_dir``, ``target``,
            ``settings``, ``evaluation``, ``views``.

    Returns:
        The result; also in ``OUT/RUN_ID/result.json``. A finished run is read, not repeated.

    Raises:
        UserError: for anything in the request or the data that the caller can mend.
        RunError: if training fails (a loss that becomes NaN).

    >>> result = run("tabular", "random-init", preset="smoke")  # doctest: +SKIP
    """
    request = RunRequest(domain=domain, method=method, **asked)
    return execute(
        request,
        Path(out),
        resume=resume,
        overwrite=overwrite,
        trackers=tuple(trackers),
        quiet=quiet,
    )


def execute(
    request: RunRequest,
    out: Path,
    *,
    resume: bool = True,
    overwrite: bool = False,
    again: bool | None = None,
    recorded: Recorded | None = None,
    trackers: tuple[str, ...] = (),
    quiet: bool = True,
) -> Result:
    """Carry out a request; arguments, result and errors as for :func:`run`.

    ``again`` trains anew what is trained already; by default where ``overwrite`` is asked for.
    Nothing is trained where ``recorded`` is.
    """
    require_trackers(trackers)
    with Progress(quiet=quiet).shared() as progress, named_failures():
        plan = recorded.plan(request) if recorded else request.resolve()
        trainer = trainer_of(plan, progress, trackers)
        with claim_folder(out, plan, resume=resume, overwrite=overwrite) as folder:
            trainer = replace(trainer, tracked_in=folder)
            again = overwrite if again is None else again
            source = recorded.folder if recorded else None
            return _carry_out(plan, folder, trainer, source, resume=resume, again=again)


def _carry_out(
    plan: Plan, folder: Path, trainer: Trainer, source: Path | None, *, resume: bool, again: bool
) -> Result:
    """The run of ``plan`` in its ``folder``, a finished one is read; ``source``: a pretraining."""
    progress, finished = trainer.progress, folder / "result.json"
    if finished.exists():
        progress.say(f"already done: {finished} (--overwrite repeats it)")
        return read_result(finished)

    prepared: dict[BoundDataset, Examples] = {}
    if source is None:
        prepared[plan.pretrain] = prepare_said(plan.pretrain, plan, progress)
    read = Representations(
        plan,
        trainer,
        prepared.get(plan.pretrain),
        folder.parent / PRETRAININGS,
        pretrained=source,
        resume=resume,
        again=again,
    )
    read.check_readout()
    encoder_parameters, tasks = 0, []
    for dataset, task in plan.tasks:
        if dataset not in prepared:
            prepared[dataset] = prepare_said(dataset, plan, progress)
        evaluated = prepared[dataset]
        _describe_labels(evaluated, task, plan, progress)
        representation = read.of(evaluated, task)
        encoder_parameters = representation.parameters
        problem = Problem.of(trainer, evaluated, task, representation, folder)
        tasks.append(evaluate(plan.evaluation, problem))
        found = f"{tasks[-1].metric} {tasks[-1].value:.4f}"
        progress.say(f"  {dataset.name}/{task.name}: {found}")
    _take(read.trained, folder)
    first = next(iter(read.trained.values()), None)

    result = Result(
        schema_version=2,
        run_id=plan.run_id,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=_legible(plan.request.command()),
        domain=plan.domain.name,
        method=plan.label,
        views=plan.view_kind,
        yardstick=plan.method.yardstick,
        objective=plan.objective,
        preset=plan.request.preset,
        seed=plan.seed,
        pretrain=_pretrain_record(plan, read.trained.get(PRETRAIN)),
        tasks=[_with_training_time(task, read.trained) for task in tasks],
        parameters=Parameters(
            encoder=encoder_parameters,
            viewmaker=first.document.views.parameters if first else 0,
        ),
        overrides=dict(plan.overrides),
        config=plan.settings.everything(),
        config_hash=plan.hash,
        environment=_environment(trainer.placement),
    )
    result.write(finished)
    forget(folder / CHECKPOINTS)
    return result


def _take(trained: Mapping[str, Pretraining], folder: Path) -> None:
    """Show in the run's folder what its pretrainings hold, without a second copy on disk."""
    for name, pretraining in trained.items():
        log = LOG if name == PRETRAIN else f"metrics-{name}.jsonl"
        places = {
            LOG: folder / log,
            ENCODER: folder / CHECKPOINTS / f"{name}.{ENCODER}",
            VIEWS: folder / CHECKPOINTS / f"{name}.{VIEWS}",
        }
        if pretraining is next(iter(trained.values())):
            places[PICTURE] = folder / PICTURE
        for source, place_ in places.items():
            if (pretraining.folder / source).exists():
                place_.unlink(missing_ok=True)
                _link(pretraining.folder / source, place_)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)


def prepare_said(dataset: BoundDataset, plan: Plan, progress: Progress) -> Examples:
    """The examples of ``dataset``, and what there is to say of them."""
    progress.say(f"preparing {dataset.name}")
    examples = prepare_for(plan, dataset)
    for remark in examples.remarks:
        progress.say(f"  {dataset.name}: {remark}")
    return examples


def _describe_labels(examples: Examples, task: Task, plan: Plan, progress: Progress) -> None:
    indices = {split: examples.split(task, split) for split in SPLITS}
    indices["train"] = limit(indices["train"], plan.config.max_examples)
    labels = {split: examples.labels(task, indices[split]) for split in SPLITS}
    for remark in task.rules.notable(labels):
        progress.say(f"  {examples.dataset.name}/{task.name}: {remark}")


def _legible(command: str) -> str:
    """``command`` as Unicode: a name that the locale cannot tell is kept as bytes in a text."""
    return os.fsencode(command).decode(errors="replace")


def _pretrain_record(plan: Plan, pretraining: Pretraining | None) -> Pretrain:
    fit = pretraining.fit if pretraining else None
    health = pretraining.health if pretraining else None
    return Pretrain(
        dataset=plan.pretrain.name,
        revision=plan.pretrain.revision,
        n_examples=pretraining.document.n_examples if pretraining else 0,
        epochs=fit.epochs if fit else 0,
        steps=fit.steps if fit else 0,
        seconds=fit.seconds if fit else 0.0,
        final_loss=fit.final_loss if fit else None,
        name=pretraining.document.name if pretraining else None,
        collapsed=health.collapsed if health else None,
        feature_std=fit.feature_std if fit else None,
        effective_rank=health.effective_rank if health else None,
        feature_dim=health.dim if health else None,
    )


def _with_training_time(task: TaskResult, trained: Mapping[str, Pretraining]) -> TaskResult:
    """A task that trained an encoder of its own (supervised) counts that time as its own."""
    own = trained.get(f"{task.dataset}-{task.task}")
    seconds = task.seconds + own.fit.seconds if own else task.seconds
    return task.model_copy(update={"seconds": seconds})


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
