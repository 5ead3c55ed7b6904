"""The domains' tuned values, read from ``presets.toml`` beside this module."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files(__package__).joinpath("presets.toml").read_text(encoding="utf-8"))


def presets_of(domain: str) -> Mapping[str, Mapping[str, Any]]:
    """Preset -> what ``domain`` changes in it."""
    chosen = {preset: dict(domains.get(domain, {})) for preset, domains in _table().items()}
    for settings in chosen.values():
        settings.pop("datasets", None)
    return {preset: settings for preset, settings in chosen.items() if settings}


def presets_on(domain: str, dataset: str) -> Mapping[str, Mapping[str, Any]]:
    """Preset -> what pretraining on ``dataset`` changes in that."""
    return {
        preset: domains[domain]["datasets"][dataset]
        for preset, domains in _table().items()
        if dataset in domains.get(domain, {}).get("datasets", {})
    }
