"""What a run will do, decided and checked before anything is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from vmbench.config import EXECUTION_SETTINGS, Config, checked, digest
from vmbench.data.dataset import BoundDataset, Dataset, Task
from vmbench.data.domain import Domain
from vmbench.data.examples import Examples, prepare
from vmbench.errors import UserError
from vmbench.evaluation import Evaluation
from vmbench.networks.encoder import Architecture, HeadSettings, encoder_class
from vmbench.networks.readout import parse_readout
from vmbench.objectives.base import Objective
from vmbench.progress import say
from vmbench.registry import registry
from vmbench.results import ViewKind
from vmbench.runs.names import (
    HANDCRAFTED,
    resolve_augmentation,
    resolve_handcrafted,
    resolve_method,
    tasks_of,
    view_settings,
)
from vmbench.runs.presets import preset as preset_settings
from vmbench.runs.request import LINEAR, RunRequest
from vmbench.runs.sections import (
    Part,
    RunSettings,
    assign,
    changed,
    common_settings,
    settle,
)
from vmbench.settings import Component, Settings
from vmbench.views.method import Method, ViewMethod


@dataclass(frozen=True)
class Plan:
    """A request with every name resolved.

    Attributes:
        request: what was asked for, its settings by the names of those that they set here.
        method: what ``request.method`` stands for (``handcrafted``: the domain's own family), with
            its settings, as the rest.
        objective: None for a yardstick and for a method that brings its own.
        settings: the common ones, and those of every component that the run uses.
        augmentation: the views of a supervised training, from ``request.views`` or from its
            settings (``augmentation``); None: none.
        handcrafted: the domain's own family for the spec, where the run builds on it.
        overrides: those of the request's settings that differ from what they would be unasked.
    """

    request: RunRequest
    domain: Domain
    method: Method
    objective: str | None
    settings: RunSettings
    pretrain: BoundDataset
    tasks: tuple[tuple[BoundDataset, Task], ...]
    evaluation: Evaluation
    augmentation: ViewMethod | None = None
    handcrafted: ViewMethod | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> Config:
        """The common settings."""
        return self.settings.common

    @property
    def teaching(self) -> str:
        """The section of what the encoder is trained by, or would be: an objective, a method."""
        return self.objective or self.method.name

    @property
    def training_settings(self) -> Mapping[str, Settings]:
        """The sections that can change a training."""
        sections = self.settings.sections
        return {name: own for name, own in sections.items() if name != self.evaluation.name}

    @property
    def architecture(self) -> Architecture:
        """Of the encoder."""
        sections, name = self.settings.sections, self.config.encoder
        head = sections.get(self.teaching)
        embedding = head.embedding_dim if isinstance(head, HeadSettings) else None
        return Architecture(name, sections.get(name), embedding)

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
        return (self.augmentation or self.method).kind

    @property
    def view_method(self) -> ViewMethod | None:
        """The method, where it pretrains on views."""
        return self.method if isinstance(self.method, ViewMethod) else None

    @property
    def document(self) -> dict[str, Any]:
        """``config.json``: the request, everything else that can change the result, the files."""
        request, files = (
            self.request,
            {d.name: d.fingerprint for d in self.datasets if _is_dated(d)},
        )
        return {
            "request": request.model_dump(mode="json"),
            "domain": request.domain,
            "method": request.method,
            "label": self.label,
            "views": request.views or (HANDCRAFTED if self.augmentation else None),
            "family": (self.augmentation or self.method).name,
            **({"handcrafted": self.handcrafted.name} if self.handcrafted else {}),
            "objective": self.objective,
            "preset": request.preset,
            "seed": request.seed,
            "pretrain": f"{self.pretrain.name}@{self.pretrain.revision}",
            "transfer": [f"{d.name}@{d.revision}/{t.name}" for d, t in self.tasks],
            "data_dir": None if request.data_dir is None else str(request.data_dir.resolve()),
            "eval": self.evaluation.name,
            "config": self.config.hashed() | changed(self.settings.sections),
            **({"target": request.target} if request.target is not None else {}),
            **({"files": files} if files else {}),
        }

    @property
    def data_dir(self) -> Path | None:
        """Where the files lie that the run reads; None where all of its datasets are embedded."""
        return next((d.data_dir for d in self.datasets if d.data_dir is not None), None)

    @property
    def datasets(self) -> list[BoundDataset]:
        """What is read: that of the pretraining, then those of the tasks."""
        return [self.pretrain, *(dataset for dataset, _ in self.tasks)]

    def _identity(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """``document`` less what may differ between equal runs.

        Where the data lies is no part of it, unless nothing else tells one folder from another:
        a dataset that neither is embedded nor looks at its files.
        """
        place = None if all(d.package or d.fingerprint for d in self.datasets) else "data_dir"
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


def make_plan(
    request: RunRequest,
    *,
    evaluates: bool = True,
    recorded: Callable[[Dataset], BoundDataset] | None = None,
) -> Plan:
    """Resolve a request; every unknown name or impossible pair is a :class:`UserError`.

    Args:
        request: what is asked for.
        evaluates: False where it is trained alone, and no task is looked for.
        recorded: what was pretrained on as it was then, where that is done already; its files are
            then looked at only where a task is theirs.
    """
    data_dir = request.data_dir
    if data_dir is not None and not data_dir.exists():
        raise UserError(f"--data-dir {data_dir} does not exist")
    base = preset_settings(request.preset)
    registry("objective").entry(request.objective)
    registry("evaluation").entry(request.evaluation)
    for name in (request.method, request.views):
        if name not in (None, HANDCRAFTED):
            registry("method").entry(name)
    adapter = cast(Domain, registry("domain").get(request.domain))
    declared = adapter.dataset(request.pretrain or adapter.default)
    # What is wrong with the settings is said before any file is looked at.
    _encoder([base, adapter.preset(request.preset)], declared, request)

    def at_hand() -> BoundDataset:
        return declared.bind(data_dir, request.target)

    pretrained_on = recorded(declared) if recorded else at_hand()
    method = resolve_method(request.method, adapter, pretrained_on)
    own = at_hand if recorded else lambda: pretrained_on
    tasks = tasks_of(adapter, pretrained_on, own, request.transfer, data_dir) if evaluates else ()
    plan = plan_on(request, adapter, method, pretrained_on, tasks)
    if request.seed < 0:
        raise UserError(f"--seed {request.seed} must not be negative")
    if evaluates:
        _require_tasks(plan.tasks, pretrained_on)
    if data_dir is not None and all(dataset.package for dataset in plan.datasets):
        raise UserError(
            f"--data-dir {data_dir} would not be read: '{pretrained_on.name}' is embedded; name "
            f"the dataset that is in it with --pretrain (vmbench data check {data_dir} --domain "
            f"{request.domain} finds out which)"
        )
    return plan


def plan_on(
    request: RunRequest,
    domain: Domain,
    method: Method,
    pretrain: BoundDataset,
    tasks: tuple[tuple[BoundDataset, Task], ...] = (),
) -> Plan:
    """Resolve the rest of a request, of which the domain, the method and the data are at hand.

    Raises:
        UserError: for an impossible pair, or a setting that is none or out of range.
    """
    preset, spec = request.preset, pretrain.spec
    augmentation = resolve_augmentation(request.views, method, domain, pretrain)
    judge = cast(Evaluation, registry("evaluation").get(request.evaluation))
    if judge.trains_encoder and not method.encodes:
        raise UserError(
            f"method '{request.method}' has no encoder that --eval {judge.name} could train: "
            f"choose another --eval (vmbench list evaluations)"
        )
    layers = [
        preset_settings(preset),
        domain.preset(preset),
        view_settings(domain, preset, method, augmentation),
        pretrain.presets.get(preset, {}),
    ]
    own = [method_part(method)]
    asked, _ = assign(request.settings, own)
    settings = settle(layers, asked, own, preset, spec).sections[method.name]
    chosen = getattr(settings, "augmentation", None)
    if request.views is None and method.augmented and chosen is not None:
        augmentation = cast(ViewMethod, resolve_method(HANDCRAFTED, domain, pretrain))
    handcrafted = None
    if any(each.uses_handcrafted for each in (method, augmentation) if each):
        family = resolve_handcrafted(domain, spec.kind)
        handcrafted = cast(ViewMethod, registry("method").get(family))
    encoder = _encoder(layers, pretrain, request)
    encoder = spec.encoder if encoder == "auto" and method.encodes else encoder
    parts = parts_of(method, judge, augmentation, handcrafted)
    if method.takes_objective:
        parts.append(objective_part(request.objective))
    if method.encodes:
        parts.append(Part(encoder, encoder_class(encoder, spec), frozenset({"encoders"})))
    _require_distinct(parts)
    draft = Plan(
        request=request,
        domain=domain,
        method=method,
        objective=request.objective if method.takes_objective else None,
        settings=RunSettings(checked(Config, {}), {}),
        pretrain=pretrain,
        tasks=tasks,
        evaluation=judge,
        augmentation=augmentation,
        handcrafted=handcrafted,
    )
    usual = _encoder(layers, pretrain, request.model_copy(update={"settings": {}}))
    usual = spec.encoder if usual == "auto" and method.encodes else usual
    plan = _with_settings(draft, layers, parts, encoder, usual)
    for part in parts:
        if spec.kind not in part.component.specs:
            raise UserError(
                f"{part.name} serves {' and '.join(part.component.specs)} inputs, but dataset "
                f"'{pretrain.name}' of domain {domain.name} is a {spec}: choose another"
            )
    if plan.objective is not None:
        loss = cast(type[Objective], registry("objective").load_class(plan.objective))
        trained = plan.settings.sections[plan.objective]
        loss.complete(trained, plan.config, spec, plan.architecture)
    if plan.config.normalize_after_view and pretrain.normalize != "none":
        raise UserError(
            f"normalize_after_view=true, but dataset '{pretrain.name}' is normalised before the "
            f"view: use --set normalize_after_view=false"
        )
    return plan


def prepare_for(plan: Plan, dataset: BoundDataset) -> Examples:
    """The examples of ``dataset``, one of the plan's, as far as it needs them.

    Raises:
        UserError: what is wrong with the data or the cache folder, and where.
    """
    return prepare(
        dataset,
        unlabelled=plan.config.unlabelled,
        most=plan.config.max_examples,
        tasks=[task for judged, task in plan.tasks if judged.name == dataset.name],
    )


def _encoder(
    layers: Sequence[Mapping[str, Any]], dataset: Dataset | BoundDataset, request: RunRequest
) -> str:
    """The encoder that settings or dataset name; ``auto`` where neither does.

    Raises:
        UserError: for one that is unknown, or a readout that is none.
    """
    named = common_settings([*layers, dataset.presets.get(request.preset, {})], request.settings)
    parse_readout(named.readout)
    encoder = dataset.encoder if named.encoder == "auto" else named.encoder
    if encoder != "auto":
        registry("encoder").entry(encoder)
    return encoder


def method_part(method: Method) -> Part:
    """A method; one without an objective of the run's is what trains the encoder, too."""
    teaches = () if method.takes_objective else ("objectives",)
    return Part(method.name, type(method), frozenset({"methods", *teaches}))


def objective_part(name: str) -> Part:
    """The registered objective called ``name``."""
    loss = cast(type[Component], registry("objective").load_class(name))
    return Part(name, loss, frozenset({"objectives"}))


def parts_of(method: Method, evaluation: Evaluation, *families: ViewMethod | None) -> list[Part]:
    """What has settings: the method, the view families that it builds on, the evaluation."""
    own = method_part(method)
    others = {each.name: Part(each.name, type(each), frozenset({"methods"}))
              for each in families if each and each.name != method.name}  # fmt: skip
    judge = Part(evaluation.name, type(evaluation), frozenset({"evaluations"}))
    return [own, *others.values(), judge]


def _require_distinct(parts: Sequence[Part]) -> None:
    """Raise where two components share a name, which is also that of their settings."""
    names = [part.name for part in parts]
    for name in names:
        if names.count(name) > 1:
            kinds = " and ".join(kind for part in parts if part.name == name for kind in part.kinds)
            raise UserError(
                f"the run uses two components named '{name}' ({kinds}), whose settings could not "
                f"be told apart: rename one (vmbench info {name})"
            )


def _with_settings(
    plan: Plan,
    layers: Sequence[Mapping[str, Any]],
    parts: Sequence[Part],
    encoder: str,
    usual: str,
) -> Plan:
    """``plan`` with the settings of ``parts``, and every component with its own.

    ``encoder`` is its encoder, ``usual`` the one that it would have unasked.
    """
    preset, spec = plan.request.preset, plan.pretrain.spec
    asked, notes = assign(plan.request.settings, parts)
    settings = settle(layers, asked | {"encoder": encoder}, parts, preset, spec)
    for note in notes:
        say(note)
    unasked = settle(layers, {"encoder": usual}, parts, preset, spec)
    values = {name: settings.get(name) for name in sorted(asked)}
    sections = settings.sections

    def own(method: ViewMethod | None) -> ViewMethod | None:
        return None if method is None else method.configured(sections[method.name])

    return replace(
        plan,
        request=plan.request.model_copy(update={"settings": values}),
        method=plan.method.configured(sections[plan.method.name]),
        evaluation=plan.evaluation.configured(sections[plan.evaluation.name]),
        augmentation=own(plan.augmentation),
        handcrafted=own(plan.handcrafted),
        settings=settings,
        overrides={
            name: value
            for name, value in values.items()
            if value != unasked.get(name) and name not in EXECUTION_SETTINGS
        },
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
