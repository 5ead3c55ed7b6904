"""``vmbench.toml``, the optional file in a user's folder that says what cannot be guessed."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vmbench.errors import UserError, unknown_name

SETTINGS_FILE = "vmbench.toml"


def read_settings(root: Path, known: Mapping[str, type]) -> dict[str, Any]:
    """The settings in ``root``, or none if it has no such file.

    Args:
        root: the user's folder.
        known: setting -> its type; a whole number serves as a float too.

    Raises:
        UserError: the file is no TOML, or holds an unknown setting or one of another type.
    """
    path = root / SETTINGS_FILE
    if not path.is_file():
        return {}
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    for name, value in settings.items():
        if name not in known:
            raise unknown_name(f"setting in {path}", name, known)
        wanted = known[name]
        number = wanted is float and isinstance(value, int) and not isinstance(value, bool)
        if not number and (not isinstance(value, wanted) or isinstance(value, bool)):
            raise UserError(f"{path}: {name} = {value!r} must be a {wanted.__name__}")
        if wanted in (int, float) and value <= 0:
            raise UserError(f"{path}: {name} = {value!r} must be greater than 0")
    return settings
