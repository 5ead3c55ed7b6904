"""What a run will do, decided and checked before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from vmbench.config import Config, digest, make_config
from vmbench.data.dataset import BoundDataset, Task
from vmbench.data.domain import Domain
from vmbench.errors import UserError
from vmbench.evaluation import Evaluation
from vmbench.objectives.base import Objective
from vmbench.registry import registry
from vmbench.results import ViewKind
from vmbench.runs.presets import preset as preset_settings
from vmbench.runs.request import LINEAR, RunRequest
from vmbench.views.method import Method, ViewMethod

EXECUTION_SETTINGS = ("device", "threads", "checkpoint_minutes")  # where and how a run runs
HANDCRAFTED = "handcrafted"  # the domain's own family, under whatever name it has


@dataclass(frozen=True)
class Plan:
    """A request with every name resolved.

    Attributes:
        request: what was asked for.
        method: what ``request.method`` stands for (``handcrafted``: the domain's own family).
        views: the augmentation of a supervised training, from ``request.views`` or from the
            settings (``augmentation``); None: none.
        objective: None for a yardstick and for a method that brings its own.
        overrides: those of the request's settings that differ from what they would be unasked.
    """

    request: RunRequest
    domain: Domain
    method: Method
    objective: str | None
    config: Config
    pretrain: BoundDataset
    tasks: tuple[tuple[BoundDataset, Task], ...]
    evaluation: Evaluation
    views: ViewMethod | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """Of the weights, the batches' order and the views."""
        return self.request.seed

    @property
    def label(self) -> str:
        """The method's name in results: ``supervised+viewmaker`` where it is augmented."""
        augmentation = [] if self.request.views is None else [self.request.views]
        return "+".join([self.request.method, *augmentation])

    @property
    def view_kind(self) -> ViewKind:
        """The kind of the views that the encoder is trained on."""
        return (self.views or self.method).kind

    @property
    def view_method(self) -> ViewMethod | None:
        """The method, where it pretrains on views."""
        return self.method if isinstance(self.method, ViewMethod) else None

    @property
    def uses_handcrafted(self) -> bool:
        """Whether the method or the augmentation builds on the domain's own family."""
        return any(each.uses_handcrafted for each in (self.method, self.views) if each)

    @property
    def handcrafted(self) -> str | None:
        """The domain's own view family for the spec, if it has one."""
        return self.domain.handcrafted.get(self.pretrain.spec.kind)

    @property
    def document(self) -> dict[str, Any]:
        """``config.json``: the request, everything else that can change the result, the files."""
        request, files = (
            self.request,
            {d.name: d.fingerprint for d in self._datasets if _is_dated(d)},
        )
        return {
            "request": request.model_dump(mode="json"),
            "domain": request.domain,
            "method": request.method,
            "label": self.label,
            "views": request.views or (self.config.augmentation if self.views else None),
            "family": (self.views or self.method).name,
            **({"handcrafted": self.handcrafted} if self.uses_handcrafted else {}),
            "objective": self.objective,
            "preset": request.preset,
            "seed": request.seed,
            "pretrain": f"{self.pretrain.name}@{self.pretrain.revision}",
            "transfer": [f"{d.name}@{d.revision}/{t.name}" for d, t in self.tasks],
            "data_dir": None if request.data_dir is None else str(request.data_dir.resolve()),
            "eval": self.evaluation.name,
            "config": self.config.hashed(),
            **({"target": request.target} if request.target is not None else {}),
            **({"files": files} if files else {}),
        }

    @property
    def data_dir(self) -> Path | None:
        """Where the files lie that the run reads; None where all of its datasets are embedded."""
        return next((d.data_dir for d in self._datasets if d.data_dir is not None), None)

    @property
    def _datasets(self) -> list[BoundDataset]:
        return [self.pretrain, *(dataset for dataset, _ in self.tasks)]

    def _identity(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """``document`` less what may differ between equal runs.

        Where the data lies is no part of it, unless nothing else tells one folder from another:
        a dataset that neither is embedded nor looks at its files.
        """
        place = None if all(d.package or d.fingerprint for d in self._datasets) else "data_dir"
        kept = {key: value for key, value in document.items() if key not in ("request", "files")}
        return kept | ({} if place else {"data_dir": None})

    def is_of(self, recorded: Mapping[str, Any]) -> bool:
        """Whether ``recorded``, a run's ``config.json``, asks for the same run as this plan."""
        return self._identity(recorded) == self._identity(self.document)

    @property
    def hash(self) -> str:
        """Eight hex digits over the request less its seed: equal for the runs of a cell."""
        return digest({k: v for k, v in self._identity(self.document).items() if k != "seed"})

    @property
    def run_id(self) -> str:
        """Readable, and unique for (domain, method, objective, evaluation, configuration, seed).

        A ``+`` is spelt out: in the query of a URL it stands for a space.
        """
        parts = [self.domain.name, self.label.replace("+", "-and-")]
        parts += [self.objective] if self.objective else []
        parts += [] if self.evaluation.name == LINEAR else [self.evaluation.name]
        return "-".join([*parts, self.request.preset, f"s{self.seed}", self.hash])


def make_plan(request: RunRequest) -> Plan:
    """Resolve a request; every unknown name or impossible pair is a :class:`UserError`."""
    method, objective, views = request.method, request.objective, request.views
    preset, settings, data_dir = request.preset, request.settings, request.data_dir
    if data_dir is not None and not data_dir.exists():
        raise UserError(f"--data-dir {data_dir} does not exist")
    base = preset_settings(preset)
    registry("objective").entry(objective)
    registry("evaluation").entry(request.evaluation)
    for name in (method, views):
        if name not in (None, HANDCRAFTED):
            registry("method").entry(name)
    adapter = cast(Domain, registry("domain").get(request.domain))
    declared = adapter.dataset(request.pretrain or adapter.default)
    layers = [base, *(owner.presets.get(preset, {}) for owner in (adapter, declared))]
    # What is wrong with the settings is said before any file is looked at.
    named = make_config(*layers, settings).encoder
    encoder = declared.encoder if named == "auto" else named
    if encoder != "auto":
        registry("encoder").entry(encoder)
    pretrained_on = declared.bind(data_dir, request.target)
    resolved = _resolve_method(method, adapter, pretrained_on)
    augmentation = _resolve_augmentation(views, resolved, adapter, pretrained_on)
    # After the domain's own settings and before its dataset's.
    layers.insert(2, _view_settings(adapter, preset, resolved, augmentation))
    if resolved.takes_objective:
        loss = cast(type[Objective], registry("objective").load_class(objective))
        layers.append(loss.preset(preset, pretrained_on.spec))
    config = make_config(*layers, settings).model_copy(update={"encoder": encoder})
    if resolved.takes_objective:
        loss.check(config, pretrained_on.spec)
    if config.normalize_after_view and pretrained_on.normalize != "none":
        raise UserError(
            f"normalize_after_view=true, but dataset '{pretrained_on.name}' is normalised before "
            f"the view: use --set normalize_after_view=false"
        )
    unasked = make_config(*layers)
    if unasked.encoder == "auto":
        unasked = unasked.model_copy(update={"encoder": pretrained_on.encoder})
    asked = {name: getattr(config, name) for name in settings}
    overrides = {
        name: value
        for name, value in asked.items()
        if value != getattr(unasked, name) and name not in EXECUTION_SETTINGS
    }
    judge = cast(Evaluation, registry("evaluation").get(request.evaluation))
    if judge.trains_encoder and not resolved.encodes:
        raise UserError(
            f"method '{method}' has no encoder that --eval {judge.name} could train: choose "
            f"another --eval (vmbench list evaluations)"
        )
    if views is None and resolved.augmented and config.augmentation is not None:
        augmentation = cast(ViewMethod, _resolve_method(HANDCRAFTED, adapter, pretrained_on))
    if any(each.uses_handcrafted for each in (resolved, augmentation) if each):
        _resolve_handcrafted(adapter, pretrained_on.spec.kind)
    if request.seed < 0:
        raise UserError(f"--seed {request.seed} must not be negative")
    tasks = _tasks(adapter, pretrained_on, request.transfer, data_dir)
    _require_tasks(tasks, pretrained_on)
    if data_dir is not None and all(d.package for d in (pretrained_on, *(d for d, _ in tasks))):
        raise UserError(
            f"--data-dir {data_dir} would not be read: '{pretrained_on.name}' is embedded; name "
            f"the dataset that is in it with --pretrain (vmbench data check {data_dir} --domain "
            f"{request.domain} finds out which)"
        )
    return Plan(
        request=request,
        domain=adapter,
        method=resolved,
        objective=objective if resolved.takes_objective else None,
        config=config,
        pretrain=pretrained_on,
        tasks=tasks,
        evaluation=judge,
        views=augmentation,
        overrides=overrides,
    )


def _require_tasks(tasks: Sequence[tuple[BoundDataset, Task]], pretrained_on: BoundDataset) -> None:
    if not tasks and pretrained_on.tasks:
        raise UserError(
            f"nothing to evaluate: name a task of '{pretrained_on.name}' with --transfer "
            f"{pretrained_on.name}/TASK ({', '.join(task.name for task in pretrained_on.tasks)})"
        )
    if not tasks:
        why = f" ({pretrained_on.no_task})" if pretrained_on.no_task else ""
        raise UserError(
            f"nothing to evaluate: dataset '{pretrained_on.name}' has no task{why}; pretrain on "
            f"it alone with 'vmbench pretrain', or name a task with --transfer DATASET[/TASK]"
        )


def _is_dated(dataset: BoundDataset) -> bool:
    """Whether its files are told apart by sizes and times, which its revision does not show."""
    return bool(dataset.fingerprint) and not dataset.named_by_contents


def _resolve_method(name: str, domain: Domain, dataset: BoundDataset) -> Method:
    """The method called ``name``; raises :class:`UserError` if it does not serve the dataset."""
    kind = dataset.spec.kind
    resolved = _resolve_handcrafted(domain, kind) if name == HANDCRAFTED else name
    method = cast(Method, registry("method").get(resolved))
    if kind not in method.specs:
        raise UserError(
            f"method '{name}' serves {' and '.join(method.specs)} inputs, but dataset "
            f"'{dataset.name}' of domain {domain.name} is a {dataset.spec}: "
            f"choose another method (vmbench list methods)"
        )
    return method


def _resolve_augmentation(
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
    family = _resolve_method(views, domain, dataset)
    if not isinstance(family, ViewMethod):
        raise UserError(
            f"--views {views} makes no views: name a view family (vmbench list methods)"
        )
    return family


def _view_settings(
    domain: Domain, preset: str, method: Method, augmentation: Method | None
) -> dict[str, Any]:
    """What the domain sets for ``method``, or for its kind of views.

    The strength is that of the views which act, and so of a named augmentation.
    """
    found = dict(domain.view_settings(preset, method.name, method.kind))
    if augmentation is not None:
        acting = domain.view_settings(preset, augmentation.name, augmentation.kind)
        found.pop("strength", None)
        found |= {key: value for key, value in acting.items() if key == "strength"}
    return found


def _resolve_handcrafted(domain: Domain, kind: str) -> str:
    if kind not in domain.handcrafted:
        raise UserError(
            f"domain {domain.name} has no handcrafted views for a {kind}: name a view "
            f"family with --method (vmbench list methods)"
        )
    return domain.handcrafted[kind]


def _tasks(
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
