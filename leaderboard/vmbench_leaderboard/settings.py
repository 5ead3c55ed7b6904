"""Which settings tell two rows of one method apart: what the requests themselves set.

A sweep over epsilon is several rows, not one row with a wide interval; and a row trained with
other settings than its neighbours says so in its name. All of it is read from the results.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vmbench.results import Result

# The seed, and where and how a run was executed: not meant as another experiment.
NOT_SETTINGS = frozenset({"seed", "device", "threads", "checkpoint_minutes"})
PRETRAIN = "pretrain"

Identity = tuple[str, str, str | None]


def label_settings(results: Sequence[Result]) -> list[str]:
    """A label for each result, ``""`` where nothing sets it apart.

    A label names the settings that the request overrode. Runs that overrode the same and still
    differ in a setting that all of them have (another version's preset) are named by it, for one
    row may not average two configurations. The pretraining dataset is named where it is not the
    usual one of the domain, the most frequent, or where a method and objective have several.
    """
    named = [_overrides(result) for result in results]
    for group in _alike(results, named).values():
        configs = [flat(results[place].config) for place in group]
        for key in _differing(configs):
            for place, config in zip(group, configs, strict=True):
                named[place][key] = _text(config[key])
    usual = _usual_pretraining(results)
    for result, settings in zip(results, named, strict=True):
        data = usual.get(_identity(result))
        if data is not None and not result.yardstick and result.pretrain.dataset != data:
            settings[PRETRAIN] = result.pretrain.dataset
    return [", ".join(f"{key}={settings[key]}" for key in sorted(settings)) for settings in named]


def flat(settings: Mapping[str, Any], owner: str = "") -> dict[str, Any]:
    """Settings in sections as ``owner.name``.

    >>> flat({"lr": 0.1, "byol": {"momentum": 0.99}})
    {'lr': 0.1, 'byol.momentum': 0.99}
    """
    found = {}
    for key, value in settings.items():
        inside = flat(value, f"{owner}{key}.") if isinstance(value, dict) else None
        found.update({f"{owner}{key}": value} if inside is None else inside)
    return found


def _identity(result: Result) -> Identity:
    return result.domain, result.method, result.objective


def _overrides(result: Result) -> dict[str, str]:
    overrides = flat(result.overrides)
    return {key: _text(value) for key, value in overrides.items() if key not in NOT_SETTINGS}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _alike(
    results: Sequence[Result], named: Sequence[Mapping[str, str]]
) -> dict[tuple[Identity, str, str], list[int]]:
    """Places of the results that their overrides and pretraining dataset do not tell apart."""
    groups: dict[tuple[Identity, str, str], list[int]] = defaultdict(list)
    for place, (result, settings) in enumerate(zip(results, named, strict=True)):
        data = "" if result.yardstick else result.pretrain.dataset
        groups[_identity(result), data, json.dumps(settings, sort_keys=True)].append(place)
    return groups


def _differing(configs: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    shared = set.intersection(*(set(config) for config in configs)) - NOT_SETTINGS
    return [key for key in shared if any(config[key] != configs[0][key] for config in configs)]


def _usual_pretraining(results: Sequence[Result]) -> dict[Identity, str]:
    """The dataset that goes without saying, ``""`` for a method and objective with several."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    used: dict[Identity, set[str]] = defaultdict(set)
    for result in results:
        if not result.yardstick:
            counts[result.domain][result.pretrain.dataset] += 1
            used[_identity(result)].add(result.pretrain.dataset)
    usual = {
        domain: min(found, key=lambda name: (-found[name], name))
        for domain, found in counts.items()
    }
    return {
        identity: usual[identity[0]] if len(datasets) == 1 else ""
        for identity, datasets in used.items()
    }
