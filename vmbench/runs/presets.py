"""Presets: full sets of settings, in ``vmbench/presets.toml``. A domain may adapt one."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from vmbench.errors import unknown_name

SUMMARIES: Mapping[str, str] = {
    "smoke": "proves the pipeline, in seconds; its numbers mean nothing",
    "small": "a meaningful board on a 2-core CPU, minutes a run (the default)",
    "paper": "the published setting, a GPU's work",
}
PRESETS: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    files("vmbench").joinpath("presets.toml").read_text(encoding="utf-8")
)


def preset(name: str) -> Mapping[str, Any]:
    """The settings of a preset; raises :class:`~vmbench.errors.UserError` for an unknown name."""
    if name not in PRESETS:
        raise unknown_name("preset", name, PRESETS)
    return PRESETS[name]
