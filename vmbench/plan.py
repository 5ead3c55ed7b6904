"""What a run will do, decided and checked before anything is written."""

import json
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from vmbench.config import Config, digest, make_config
from vmbench.dataset import Dataset, Task
from vmbench.domain import Domain
from vmbench.errors import UserError
from vmbench.method import Method
from vmbench.presets import preset as preset_settings
from vmbench.registry import registry
from vmbench.results import write_atomically

HANDCRAFTED = "handcrafted"  # the domain's own family, under whatever name it has


@dataclass(frozen=True)
class Plan:
    """A request with every name resolved.

    ``method_name`` is what was asked for (``handcrafted``), ``method`` what it stands for.
    """

    domain: Domain
    method_name: str
    method: Method
    objective: str
    preset: str
    seed: int
    config: Config
    pretrain: Dataset
    tasks: tuple[tuple[Dataset, Task], ...]
    data_dir: Path | None

    @property
    def document(self) -> dict[str, Any]:
        """``config.json``: everything that can change the result."""
        return {
            "domain": self.domain.name,
            "method": self.method_name,
            "views": self.method.name,
            "objective": None if self.method.yardstick else self.objective,
            "preset": self.preset,
            "seed": self.seed,
            "pretrain": f"{self.pretrain.name}@{self.pretrain.revision}",
            "transfer": [f"{d.name}@{d.revision}/{t.name}" for d, t in self.tasks],
            "data_dir": None if self.data_dir is None else str(self.data_dir.resolve()),
            "config": self.config.hashed(),
        }

    @property
    def hash(self) -> str:
        """Eight hex digits over :attr:`document`, less the seed: equal for the runs of a cell."""
        return digest({k: v for k, v in self.document.items() if k != "seed"})

    @property
    def run_id(self) -> str:
        """Readable, and unique for (domain, method, objective, configuration, seed)."""
        parts = [self.domain.name, self.method_name]
        parts += [] if self.method.yardstick else [self.objective]
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
    target: str | None = None,
) -> Plan:
    """Resolve a request; every unknown name or impossible pair is a :class:`UserError`."""
    base = preset_settings(preset)
    registry("objective").entry(objective)
    if method != HANDCRAFTED:
        registry("method").entry(method)
    adapter = cast(Domain, registry("domain").get(domain))
    config = make_config(base, adapter.presets.get(preset, {}), settings)
    if config.encoder != "auto":
        registry("encoder").entry(config.encoder)
    pretrained_on = adapter.dataset(pretrain or adapter.default)
    pretrained_on.bind(data_dir, target)
    kind = pretrained_on.spec.kind
    name = _resolve_handcrafted(adapter, kind) if method == HANDCRAFTED else method
    resolved = cast(Method, registry("method").get(name))
    if kind not in resolved.specs:
        raise UserError(
            f"method '{method}' serves {' and '.join(resolved.specs)} inputs, but dataset "
            f"'{pretrained_on.name}' of domain {domain} is a {pretrained_on.spec}: "
            f"choose another method (vmbench list methods)"
        )
    if seed < 0:
        raise UserError(f"--seed {seed} must not be negative")
    return Plan(
        domain=adapter,
        method_name=method,
        method=resolved,
        objective=objective,
        preset=preset,
        seed=seed,
        config=config,
        pretrain=pretrained_on,
        tasks=_tasks(adapter, pretrained_on, transfer, data_dir),
        data_dir=data_dir,
    )


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
    """The tasks asked for; by default those of every embedded dataset that has the same spec."""
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
        tasks = [dataset.task(wanted)] if wanted else dataset.tasks
        for task in tasks:
            found[dataset.name, task.name] = (dataset, task)
    return tuple(found.values())


def claim_folder(out: Path, plan: Plan, *, resume: bool, overwrite: bool) -> Path:
    """The run's folder, made or found to be of this very configuration.

    Raises:
        UserError: if it cannot be written, or holds another configuration's run, or a finished
            one that ``resume=False`` would have to repeat.
    """
    folder = out / plan.run_id
    if (out / "config.json").exists() or (out / "result.json").exists():
        raise UserError(f"--out {out} is itself a run's folder: name its parent, or another folder")
    try:
        if folder.exists():
            _inspect(folder, plan, resume=resume, overwrite=overwrite)
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError
        config = folder / "config.json"
        if not config.exists():
            write_atomically(config, json.dumps(plan.document, indent=2) + "\n")
    except (PermissionError, NotADirectoryError, FileExistsError, OSError) as error:
        raise UserError(
            f"--out {out} cannot be written ({error.strerror or 'no permission'}): "
            f"name a folder that can"
        ) from error
    return folder


def _inspect(folder: Path, plan: Plan, *, resume: bool, overwrite: bool) -> None:
    config = folder / "config.json"
    ours = config.exists() and json.loads(config.read_text()) == plan.document
    if overwrite and (config.exists() or not any(folder.iterdir())):
        shutil.rmtree(folder)
    elif not ours and any(folder.iterdir()):
        raise UserError(
            f"{folder} holds another configuration's run: move it away, name another "
            f"--out, or replace it with --overwrite"
        )
    elif not resume and (folder / "result.json").exists():
        raise UserError(f"{folder} holds a finished run: --overwrite repeats it, --resume reads it")
    elif not resume:
        shutil.rmtree(folder)


def command_line(arguments: Sequence[str]) -> str:
    """The command of a run as one would type it.

    >>> command_line(["run", "--domain", "audio", "--set", "lr=0.1"])
    'vmbench run --domain audio --set lr=0.1'
    """
    return shlex.join(["vmbench", *arguments])
