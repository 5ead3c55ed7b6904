"""A run's picture of its views: drawn at its end, and again by ``vmbench views``."""

import json
from pathlib import Path
from typing import Any

from vmbench.errors import UserError
from vmbench.pretrained.document import VIEWS
from vmbench.progress import Progress
from vmbench.runs.artifact import draw_views
from vmbench.runs.pictures import check_picture
from vmbench.runs.plan import Plan, prepare_for
from vmbench.runs.representations import PRETRAIN, recipe_of, task_training, trainer_of
from vmbench.runs.request import RunRequest
from vmbench.training.checkpoint import DamagedError, load_weights
from vmbench.views.base import ViewFamily


def redraw_views(run: Path, out: Path, *, data_dir: Path | None = None, quiet: bool = True) -> Path:
    """Rebuild the views of the run in the folder ``run`` and draw them to ``out``.

    Args:
        run: a run's folder, finished or with its training done.
        out: ``.png`` or ``.svg``.
        data_dir: where the dataset's files lie now, if it is not embedded and they were moved.
        quiet: no progress on stderr.

    Raises:
        UserError: if ``run`` is no run's folder, its method has no views or they are not trained
            yet, its dataset has another revision by now, or the picture cannot be written.
    """
    check_picture(out)
    request, recorded = _read_config(run)
    if data_dir is not None:
        request = request.model_copy(update={"data_dir": data_dir})
    elif request.data_dir is not None and not request.data_dir.exists():
        raise UserError(
            f"{request.data_dir} is no longer there: name the folder where the data of {run.name} "
            f"lies now with --data-dir"
        )
    with Progress(quiet=quiet).shared() as progress:
        plan = request.resolve()
        if plan.augmentation is None and plan.view_method is None:
            raise UserError(
                f"run {run.name} has no views: '{plan.label}' trains on none; name another run"
            )
        _check_revision(plan, recorded, run)
        # Supervised: the views of the first task's training.
        dataset, task = plan.tasks[0] if plan.augmentation else (plan.pretrain, None)
        progress.say(f"preparing {dataset.name}")
        examples = prepare_for(plan, dataset)
    trainer = trainer_of(plan, progress)
    recipe = recipe_of(plan, task, examples)
    views = recipe.views(trainer, examples)
    if views.role != "fixed":
        name = task_training(examples, task) if task else PRETRAIN
        _load_views(views, run / "checkpoints" / f"{name}.{VIEWS}")
    draw_views(recipe, views, trainer, examples, out)
    return out


def _load_views(views: ViewFamily, weights: Path) -> None:
    try:
        views.load_state_dict(load_weights(weights))
    except FileNotFoundError as error:
        raise UserError(
            f"{weights} is missing: the run's training is not finished; the command that "
            f"started it goes on from there"
        ) from error
    except (DamagedError, RuntimeError) as error:
        raise UserError(
            f"{weights} does not hold this run's views ({type(error).__name__}): repeat the "
            f"run with --overwrite"
        ) from error


def _read_config(run: Path) -> tuple[RunRequest, dict[str, Any]]:
    """The request of a run, and what it was resolved to then."""
    path = run / "config.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{run} is no run's folder (config.json: {error.strerror}): name one that "
            f"'vmbench run' wrote, as in runs/RUN_ID"
        ) from error
    except ValueError as error:
        raise UserError(f"{path} is no valid JSON: repeat the run with --overwrite") from error
    if not isinstance(document, dict):
        raise UserError(f"{path} is no run's configuration: name a folder that 'vmbench run' wrote")
    try:
        return RunRequest(**document["request"]), document
    except (KeyError, TypeError, UserError) as error:
        raise UserError(
            f"{path} was not written by this version of vmbench ({error}): repeat the run, or use "
            f"the version that made it"
        ) from error


def _check_revision(plan: Plan, recorded: dict[str, Any], run: Path) -> None:
    now = {plan.document["pretrain"], *plan.document["transfer"]}
    then = {str(recorded.get("pretrain")), *recorded.get("transfer", [])}
    for made_with in sorted(then - now):
        name, _, revision = made_with.partition("@")
        raise UserError(
            f"run {run.name} was made with revision {revision.partition('/')[0]} of dataset "
            f"'{name}', here is another: the data changed, or the vmbench version; repeat the run, "
            f"or name the data that it was made with (--data-dir)"
        )
