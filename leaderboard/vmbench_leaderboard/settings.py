"""Which settings tell two rows of one method apart.

A sweep over epsilon is several rows, not one row with a wide interval; and a row trained with
other settings than its neighbours says so in its name.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from vmbench.domain import Domain
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench.results import Result
from vmbench_leaderboard.views import registered_views

# The seed, and where and how a run was executed: not meant as another experiment.
NOT_SETTINGS = frozenset({"seed", "device", "threads", "checkpoint_minutes"})
PRETRAIN = "pretrain"


@dataclass(frozen=True)
class _Group:
    """Results that differ in nothing that could name them."""

    domain: str
    method: str
    objective: str | None
    pretrain: str
    config: str


def label_settings(results: Sequence[Result], yardsticks: frozenset[str]) -> list[str]:
    """A label for each result, ``""`` where its settings are the usual ones of its domain.

    The usual value of a setting is the most frequent one in the domain. A label names each
    setting that is unusual, and each that takes several values within the same method and
    objective. The pretraining dataset counts as a setting, except for ``yardsticks``. What the
    domain's preset sets for this kind of views is usual, whatever its neighbours have.
    """
    groups = [_group(result, yardsticks) for result in results]
    sizes = Counter(groups)
    settings = {group: _settings(group) for group in sizes}
    usual = _usual(sizes, settings)
    swept = _swept(settings)
    labels = {}
    for group, values in settings.items():
        named = {
            key
            for key, value in values.items()
            if value != usual[group.domain][key] or key in swept[group.method, group.objective]
        }
        labels[group] = ", ".join(f"{key}={values[key]}" for key in sorted(named))
    return [labels[group] for group in groups]


def _group(result: Result, yardsticks: frozenset[str]) -> _Group:
    pretrain = "" if result.method in yardsticks else result.pretrain.dataset
    preset = _view_preset(result.domain, result.preset, result.method)
    chosen = {k: v for k, v in result.config.items() if k not in preset or preset[k] != v}
    config = json.dumps(chosen, sort_keys=True)
    return _Group(result.domain, result.method, result.objective, pretrain, config)


@cache
def _view_preset(domain: str, preset: str, method: str) -> Mapping[str, Any]:
    """What ``preset`` sets for the method or its views; nothing for a domain not had here."""
    try:
        adapter = cast(type[Domain], registry("domain").load_class(domain))
    except UserError:
        return {}
    return adapter.view_settings(preset, method, registered_views(method))


def _settings(group: _Group) -> dict[str, str]:
    config: dict[str, object] = json.loads(group.config)
    found = {key: _text(value) for key, value in config.items() if key not in NOT_SETTINGS}
    if group.pretrain:
        found[PRETRAIN] = group.pretrain
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _usual(
    sizes: Mapping[_Group, int], settings: Mapping[_Group, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for group, values in settings.items():
        for key, value in values.items():
            counts[group.domain][key][value] += sizes[group]
    return {
        domain: {
            key: min(found, key=lambda value: (-found[value], value))
            for key, found in by_key.items()
        }
        for domain, by_key in counts.items()
    }


def _swept(
    settings: Mapping[_Group, Mapping[str, str]],
) -> dict[tuple[str, str | None], set[str]]:
    """For each method and objective, the settings with several values within one domain."""
    first: dict[tuple[str, str, str | None, str], str] = {}
    swept: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for group, values in settings.items():
        for key, value in values.items():
            identity = (group.domain, group.method, group.objective, key)
            if first.setdefault(identity, value) != value:
                swept[group.method, group.objective].add(key)
    return swept
