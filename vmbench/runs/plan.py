"""What a run will do, decided and checked before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from vmbench.config import Config, digest, make_config
from vmbench.data.dataset import Dataset, Task
from vmbench.data.domain import Domain
from vmbench.data.examples import named_by_contents
from vmbench.errors import UserError
from vmbench.evaluation import Evaluation
from vmbench.objectives.base import Objective
from vmbench.registry import registry
from vmbench.results import ViewKind
from vmbench.runs.command import LINEAR, Asked, spell
from vmbench.runs.presets import preset as preset_settings
from vmbench.views.method import Method, ViewMethod

EXECUTION_SETTINGS = ("device", "threads", "checkpoint_minutes")  # where and how a run runs
# Settings that are read after pretraining.
EVALUATION_SETTINGS = ("feature_bins", "probe_penalties", "probe_max_iter", "finetune_epochs")
HANDCRAFTED = "handcrafted"  # the domain's own family, under whatever name it has


@dataclass(frozen=True)
class Plan:
    """A request with every name resolved.

    ``method_name`` is what was asked for (``handcrafted``), ``method`` what it stands for; and so
    ``views_name`` and ``views``, the augmentation of a supervised training, or None. ``views``
    without a ``views_name`` is what the settings say (``augmentation``).
    ``objective`` is None for a yardstick and for a method that brings its own. ``overrides`` are
    those of the settings asked for that differ from what they would be unasked.
    """

    domain: Domain
    method_name: str
    method: Method
    objective: str | None
    preset: str
    seed: int
    config: Config
    pretrain: Dataset
    tasks: tuple[tuple[Dataset, Task], ...]
    data_dir: Path | None
    evaluation: Evaluation
    views_name: str | None = None
    views: ViewMethod | None = None
    asked: Asked = field(default_factory=Asked)
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The method's name in results: ``supervised+viewmaker`` where it is augmented."""
        augmentation = [] if self.views_name is None else [self.views_name]
        return "+".join([self.method_name, *augmentation])

    @property
    def view_kind(self) -> ViewKind:
        """The kind of the views that the encoder is trained on."""
        return (self.views or self.method).kind

    @property
    def command(self) -> str:
        """The command line that asks for this plan."""
        return spell(
            self.domain.name,
            self.method_name,
            self.objective,
            self.preset,
            self.seed,
            self.evaluation.name,
            self.views_name,
            self.data_dir,
            self.asked,
        )

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
        """``config.json``: everything that can change the result, and where the data was found."""
        files = {d.name: d.fingerprint for d in self._datasets if _is_dated(d)}
        return {
            "domain": self.domain.name,
            "method": self.method_name,
            "label": self.label,
            "views": self.views_name or (self.config.augmentation if self.views else None),
            "family": (self.views or self.method).name,
            **({"handcrafted": self.handcrafted} if self.uses_handcrafted else {}),
            "objective": self.objective,
            "preset": self.preset,
            "seed": self.seed,
            "pretrain": f"{self.pretrain.name}@{self.pretrain.revision}",
            "transfer": [f"{d.name}@{d.revision}/{t.name}" for d, t in self.tasks],
            "data_dir": None if self.data_dir is None else str(self.data_dir.resolve()),
            "eval": self.evaluation.name,
            "config": self.config.hashed(),
            **({"target": self.asked.target} if self.asked.target is not None else {}),
            **({"files": files} if files else {}),
        }

    @property
    def _datasets(self) -> list[Dataset]:
        return [self.pretrain, *(dataset for dataset, _ in self.tasks)]

    def _identity(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """``document`` less what may differ between equal runs.

        Where the data lies is no part of it, unless nothing else tells one folder from another:
        a dataset that neither is embedded nor looks at its files.
        """
        place = None if all(d.package or d.fingerprint for d in self._datasets) else "data_dir"
        kept = {key: value for key, value in document.items() if key != "files"}
        return kept | ({} if place else {"data_dir": None})

    def is_of(self, recorded: Mapping[str, Any]) -> bool:
        """Whether ``recorded``, a run's ``config.json``, asks for the same run as this plan."""
        return self._identity(recorded) == self._identity(self.document)

    @property
    def hash(self) -> str:
        """Eight hex digits over the request less its seed: equal for the runs of a cell."""
        return digest({k: v for k, v in self._identity(self.document).items() if k != "seed"})

    @property
    def pretraining(self) -> str:
        """Sixteen hex digits over all that can change a pretraining, and nothing else.

        Neither what it is called (method, preset) nor how it is judged; two runs that differ in
        these alone pretrain the same encoder.
        """
        settings = self.config.hashed()
        return digest(
            {
                "views": self.method.name,
                "handcrafted": self.handcrafted if self.method.uses_handcrafted else None,
                "objective": self.objective,
                "seed": self.seed,
                "dataset": f"{self.pretrain.name}@{self.pretrain.revision}",
                "files": self.pretrain.fingerprint,
                "config": {k: v for k, v in settings.items() if k not in EVALUATION_SETTINGS},
            },
            digits=16,
        )

    @property
    def run_id(self) -> str:
        """Readable, and unique for (domain, method, objective, evaluation, configuration, seed).

        A ``+`` is spelt out: in the query of a URL it stands for a space.
        """
        parts = [self.domain.name, self.label.replace("+", "-and-")]
        parts += [self.objective] if self.objective else []
        parts += [] if self.evaluation.name == LINEAR else [self.evaluation.name]
        return "-".join([*parts, self.preset, f"s{self.seed}", self.hash])


def make_plan(
    domain: str,
    method: str,
    objective: str,
    preset: str,
    seed: int,
    pretrain: str | None,
    transfer: Sequence[str],
    settings: Mapping[str, Any],
    data_dir: Path | None = None,
    evaluation: str = LINEAR,
    views: str | None = None,
    target: str | None = None,
) -> Plan:
    """Resolve a request; every unknown name or impossible pair is a :class:`UserError`."""
    if data_dir is not None and not data_dir.exists():
        raise UserError(f"--data-dir {data_dir} does not exist")
    base = preset_settings(preset)
    registry("objective").entry(objective)
    registry("evaluation").entry(evaluation)
    for name in (method, views):
        if name not in (None, HANDCRAFTED):
            registry("method").entry(name)
    adapter = cast(Domain, registry("domain").get(domain))
    pretrained_on = adapter.dataset(pretrain or adapter.default)
    layers = [base, *(owner.presets.get(preset, {}) for owner in (adapter, pretrained_on))]
    # What is wrong with the settings is said before any file is looked at.
    named = make_config(*layers, settings).encoder
    encoder = pretrained_on.encoder if named == "auto" else named
    if encoder != "auto":
        registry("encoder").entry(encoder)
    pretrained_on.bind(data_dir, target)
    resolved = _resolve_method(method, adapter, pretrained_on)
    augmentation = _resolve_augmentation(views, resolved, adapter, pretrained_on)
    # After the domain's own settings and before its dataset's.
    layers.insert(2, _view_settings(adapter, preset, resolved, augmentation))
    if resolved.takes_objective:
        loss = cast(type[Objective], registry("objective").load_class(objective))
        layers.append(loss.presets.get(preset, {}))
    config = make_config(*layers, settings).model_copy(update={"encoder": encoder})
    if resolved.takes_objective:
        loss.check(config)
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
    judge = cast(Evaluation, registry("evaluation").get(evaluation))
    if judge.trains_encoder and not resolved.encodes:
        raise UserError(
            f"method '{method}' has no encoder that --eval {evaluation} could train: choose "
            f"another --eval (vmbench list evaluations)"
        )
    if views is None and resolved.augmented and config.augmentation is not None:
        augmentation = cast(ViewMethod, _resolve_method(HANDCRAFTED, adapter, pretrained_on))
    if any(each.uses_handcrafted for each in (resolved, augmentation) if each):
        _resolve_handcrafted(adapter, pretrained_on.spec.kind)
    if seed < 0:
        raise UserError(f"--seed {seed} must not be negative")
    tasks = _tasks(adapter, pretrained_on, transfer, data_dir)
    if data_dir is not None and all(d.package for d in (pretrained_on, *(d for d, _ in tasks))):
        raise UserError(
            f"--data-dir {data_dir} would not be read: '{pretrained_on.name}' is embedded; name "
            f"the dataset that is in it with --pretrain (vmbench data check {data_dir} --domain "
            f"{domain} finds out which)"
        )
    return Plan(
        domain=adapter,
        method_name=method,
        method=resolved,
        objective=objective if resolved.takes_objective else None,
        preset=preset,
        seed=seed,
        config=config,
        pretrain=pretrained_on,
        tasks=tasks,
        data_dir=data_dir,
        evaluation=judge,
        views_name=views,
        views=augmentation,
        asked=Asked(pretrain, tuple(transfer), target, asked),
        overrides=overrides,
    )


def _is_dated(dataset: Dataset) -> bool:
    """Whether its files are told apart by sizes and times, which its revision does not show."""
    return bool(dataset.fingerprint) and not named_by_contents(dataset)


def _resolve_method(name: str, domain: Domain, dataset: Dataset) -> Method:
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
    views: str | None, method: Method, domain: Domain, dataset: Dataset
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
    domain: Domain, pretrain: Dataset, transfer: Sequence[str], data_dir: Path | None
) -> tuple[tuple[Dataset, Task], ...]:
    """The tasks asked for; by default those of every embedded dataset that has the same spec.

    A task that is not its dataset's default is taken where it is named, and only there.
    """
    found: dict[tuple[str, str], tuple[Dataset, Task]] = {}
    if transfer:
        datasets = []
        for wanted in transfer:
            name, _, task_name = wanted.partition("/")
            dataset = pretrain if name == pretrain.name else domain.dataset(name)
            if dataset is not pretrain:
                dataset.bind(data_dir)
            datasets.append((dataset, task_name))
    else:
        # The spec of one's own files is known only where they are: look at embedded ones alone.
        others = [domain.dataset(name) for name in domain.datasets if name != pretrain.name]
        alike = [o for o in others if o.package and pretrain.package and o.spec == pretrain.spec]
        datasets = [(dataset, "") for dataset in [pretrain, *alike]]
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
