"""A run's picture of its views: drawn at its end, and again by ``vmbench views``."""

import json
from pathlib import Path
from typing import Any, cast

import pydantic
from safetensors import SafetensorError
from safetensors.torch import load_file

from vmbench.config import Config
from vmbench.data.dataset import Dataset
from vmbench.data.domain import Domain
from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.evaluation import limit
from vmbench.progress import Progress
from vmbench.registry import registry
from vmbench.runs.pictures import AROUND, check_picture, draw_gallery
from vmbench.runs.session import PRETRAIN, Session
from vmbench.training.device import place
from vmbench.views.method import ViewMethod


def draw_views(session: Session, path: Path, label: str) -> None:
    """Draw the first training example and eight views of it.

    Args:
        session: with the views built, and trained where they learn.
        path: ``.png`` or ``.svg``.
        label: what the method is called.

    Raises:
        UserError: if matplotlib is not installed or ``path`` cannot be written.
    """
    assert session.views_on is not None
    examples, indices = session.views_on
    example = examples.batch(indices[:1])[0]
    draw_gallery(
        examples.spec,
        example.numpy(),
        session.make_views(example, AROUND).numpy(),
        path,
        f"{label} on {examples.dataset.name}",
        normalised=examples.dataset.normalize != "none",
    )


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
    document = _read_config(run)
    try:
        domain = cast(Domain, registry("domain").get(document["domain"]))
        family, label = document["family"], document["label"]
        config = Config.model_validate(document["config"])
        trained_on = document["pretrain"]
        if document["views"] is not None:  # supervised: the views of the first task's training
            trained_on = document["transfer"][0]
        recorded_dir, seed = document["data_dir"], document["seed"]
        objective, target = document["objective"], document.get("target")
    except (KeyError, TypeError, pydantic.ValidationError) as error:
        raise UserError(
            f"{run / 'config.json'} was not written by this version of vmbench "
            f"({type(error).__name__}): repeat the run, or use the version that made it"
        ) from error
    method = registry("method").get(family)
    if not isinstance(method, ViewMethod):
        raise UserError(f"run {run.name} has no views: '{label}' trains on none; name another run")
    name, _, rest = trained_on.partition("@")
    revision, _, task_name = rest.partition("/")
    dataset = domain.dataset(name)
    where = data_dir or (Path(recorded_dir) if recorded_dir else None)
    if where is not None and not where.exists():
        raise UserError(
            f"{where} is no longer there: name the folder where the data of {run.name} lies now "
            f"with --data-dir"
        )
    with Progress(quiet=quiet).shared() as progress:
        pretrained = document["pretrain"].partition("@")[0]
        dataset.bind(where, target if name == pretrained else None)
        _check_revision(dataset, revision, run)
        progress.say(f"preparing {name}")
        examples = prepare(dataset, where)
    training = PRETRAIN
    indices = examples.training()
    if task_name:
        task = dataset.task(task_name)
        training, indices = Session.task_training(examples, task), examples.split(task, "train")
    session = Session(
        folder=run,
        examples=examples,
        indices=limit(indices, config.max_examples),
        objective=objective or "",
        config=config,
        placement=place(config, dataset.spec),
        seed=seed,
        progress=progress,
        handcrafted=document.get("handcrafted"),
    )
    views = session.build_views(method)
    if views.learned:
        weights = run / "checkpoints" / f"{training}.views.safetensors"
        try:
            views.load_state_dict(load_file(weights))
        except FileNotFoundError as error:
            raise UserError(
                f"{weights} is missing: the run's training is not finished; the command that "
                f"started it goes on from there"
            ) from error
        except (SafetensorError, RuntimeError, OSError) as error:
            raise UserError(
                f"{weights} does not hold this run's views ({type(error).__name__}): repeat the "
                f"run with --overwrite"
            ) from error
    views.to(session.placement.device)
    draw_views(session, out, label)
    return out


def _read_config(run: Path) -> dict[str, Any]:
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
    return document


def _check_revision(dataset: Dataset, revision: str, run: Path) -> None:
    if dataset.revision != revision:
        raise UserError(
            f"run {run.name} was made with revision {revision} of dataset '{dataset.name}', here "
            f"is {dataset.revision}: the data changed, or the vmbench version; repeat the run, or "
            f"name the data that it was made with (--data-dir)"
        )
