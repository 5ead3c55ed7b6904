"""The command line of a run: what is recorded in its result, so that it can be repeated."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vmbench.plugins import BY_OPTION
from vmbench.registry import registry

LINEAR = "linear"  # the default evaluation


@dataclass(frozen=True)
class Asked:
    """What a run was asked for and its plan does not say as it was asked.

    Attributes:
        pretrain: the dataset, where one was named.
        transfer: ``DATASET`` or ``DATASET/TASK``, as they were named.
        target: the label's column in one's own table.
        settings: those that the request itself set (by ``--set``, a file or a flag), checked.
    """

    pretrain: str | None = None
    transfer: tuple[str, ...] = ()
    target: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def spell(
    domain: str,
    method: str,
    objective: str | None,
    preset: str,
    seed: int,
    evaluation: str,
    views: str | None,
    data_dir: Path | None,
    asked: Asked,
) -> str:
    """The ``vmbench run`` that asks for the same.

    It names no output folder and nothing that changes no result (how to show progress, what to do
    with a finished run), and no path but ``data_dir``: the settings of a file are spelt out.
    """
    words = ["run", "--domain", domain, "--method", method]
    words += ["--objective", objective] if objective else []
    words += [] if views is None else ["--views", views]
    words += ["--preset", preset, "--seed", str(seed)]
    words += [] if evaluation == LINEAR else ["--eval", evaluation]
    words += [] if asked.pretrain is None else ["--pretrain", asked.pretrain]
    for wanted in asked.transfer:
        words += ["--transfer", wanted]
    words += [] if data_dir is None else ["--data-dir", str(data_dir)]
    words += [] if asked.target is None else ["--target", asked.target]
    for key, value in sorted(asked.settings.items()):
        words += ["--set", f"{key}={'none' if value is None else value}"]
    for plugin in _plugins(("domain", domain), ("method", method), ("method", views)):
        words += ["--plugin", plugin]
    return command_line(words)


def _plugins(*names: tuple[str, str | None]) -> list[str]:
    """Targets of those components that ``--plugin`` brought into this process."""
    found = []
    for kind, name in names:
        known = registry(kind)
        if name is None or name not in known:
            continue
        owner = known.entry(name).owner
        if owner.startswith(BY_OPTION):
            found.append(owner.removeprefix(BY_OPTION))
    return list(dict.fromkeys(found))


def command_line(arguments: Sequence[str]) -> str:
    """The command of a run as one would type it.

    >>> command_line(["run", "--domain", "audio", "--set", "lr=0.1"])
    'vmbench run --domain audio --set lr=0.1'
    """
    return shlex.join(["vmbench", *arguments])
