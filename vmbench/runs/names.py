"""What the names in a request stand for: methods, view families, tasks, a domain's settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from vmbench.data.dataset import BoundDataset, Task
from vmbench.data.domain import Domain
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench.runs.sections import FORMER, flat
from vmbench.views.method import Method, ViewMethod

HANDCRAFTED = "handcrafted"  # the domain's own family, under whatever name it has


def resolve_method(name: str, domain: Domain, dataset: BoundDataset) -> Method:
    """The method called ``name``; raises :class:`UserError` if it does not serve the dataset."""
    kind = dataset.spec.kind
    resolved = resolve_handcrafted(domain, kind) if name == HANDCRAFTED else name
    method = cast(Method, registry("method").get(resolved))
    if kind not in method.specs:
        raise UserError(
            f"method '{name}' serves {' and '.join(method.specs)} inputs, but dataset "
            f"'{dataset.name}' of domain {domain.name} is a {dataset.spec}: "
            f"choose another method (vmbench list methods)"
        )
    return method


def resolve_augmentation(
    views: str | None, method: Method, domain: Domain, dataset: BoundDataset
) -> ViewMethod | None:
    """The view family that ``--views`` names, if any; raises where ``method`` takes none."""
    if views is None:
        return None
    if not method.augmented:
        raise UserError(
            f"--views {views} is the augmentation of a supervised training, and method "
            f"'{method.name}' is none: use --method supervised, or --method {views} to pretrain "
            f"on these views"
        )
    family = resolve_method(views, domain, dataset)
    if not isinstance(family, ViewMethod):
        raise UserError(
            f"--views {views} makes no views: name a view family (vmbench list methods)"
        )
    return family


def resolve_handcrafted(domain: Domain, kind: str) -> str:
    """The domain's own view family for specs of ``kind``; raises where it has none."""
    if kind not in domain.handcrafted:
        raise UserError(
            f"domain {domain.name} has no handcrafted views for a {kind}: name a view "
            f"family with --method (vmbench list methods)"
        )
    return domain.handcrafted[kind]


def view_settings(
    domain: Domain, preset: str, method: Method, augmentation: Method | None
) -> dict[str, Any]:
    """What the domain sets for ``method``, or for its kind of views.

    What is a view family's own (its strength) is that of the views which act, and so of a named
    augmentation.
    """
    found = flat(domain.preset_for(preset, method.name, method.kind))
    if augmentation is not None:
        acting = flat(domain.preset_for(preset, augmentation.name, augmentation.kind))
        found = {name: value for name, value in found.items() if not _of_views(name)}
        found |= {name: value for name, value in acting.items() if _of_views(name)}
    return found


def _of_views(name: str) -> bool:
    """Whether a preset's setting is of a view family."""
    section, dot, _ = FORMER.get(name, name).partition(".")
    return bool(dot) and (section == "methods" or section in registry("method"))


def tasks_of(
    domain: Domain, pretrain: BoundDataset, transfer: Sequence[str], data_dir: Path | None
) -> tuple[tuple[BoundDataset, Task], ...]:
    """The tasks asked for; by default those of every embedded dataset that has the same spec.

    A task that is not its dataset's default is taken where it is named, and only there.
    """
    found: dict[tuple[str, str], tuple[BoundDataset, Task]] = {}
    if transfer:
        datasets = []
        for asked in transfer:
            name, _, task_name = asked.partition("/")
            same = name == pretrain.name
            datasets.append((pretrain if same else domain.dataset(name).bind(data_dir), task_name))
    else:
        # The spec of one's own files is known only where they are: look at embedded ones alone.
        others = [domain.dataset(name) for name in domain.datasets if name != pretrain.name]
        alike = [o for o in others if o.package and pretrain.package and o.spec == pretrain.spec]
        datasets = [(dataset, "") for dataset in [pretrain, *(other.bind() for other in alike)]]
    for dataset, wanted in datasets:
        if dataset.spec != pretrain.spec:
            raise UserError(
                f"cannot transfer from '{pretrain.name}', a {pretrain.spec}, to '{dataset.name}', "
                f"a {dataset.spec}: the encoder takes one spec; use --pretrain {dataset.name}"
            )
        default = [task for task in dataset.tasks if task.default]
        tasks = [dataset.task(wanted)] if wanted else default
        for task in tasks:
            found[dataset.name, task.name] = (dataset, task)
    return tuple(found.values())
