"""``vmbench.toml``, the optional file in a user's folder that says what cannot be guessed."""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vmbench.errors import UserError, unknown_name

SETTINGS_FILE = "vmbench.toml"
IN_WORDS = {int: "a whole number", float: "a number", str: "a text", list: "a list"}


def read_settings(
    root: Path,
    known: Mapping[str, type],
    *,
    least: Mapping[str, float] | None = None,
    most: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """The settings in ``root``, or none if it has no such file.

    Args:
        root: the user's folder.
        known: setting -> its type; a whole number serves as a float too.
        least: setting -> its smallest value; without one, a number must be greater than 0.
        most: setting -> its greatest value.

    Raises:
        UserError: the file is no TOML, or holds an unknown setting, one of another type, or a
            number out of its range.
    """
    path = root / SETTINGS_FILE
    if not path.is_file():
        return {}
    try:
        # Notepad starts a file of UTF-8 with a byte order mark, which TOML does not know.
        settings = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(f"{path} cannot be read: {error}; save it as UTF-8") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    for name, value in settings.items():
        if name not in known:
            raise unknown_name(f"setting in {path}", name, known)
        wanted = known[name]
        number = wanted is float and isinstance(value, int) and not isinstance(value, bool)
        if not number and (not isinstance(value, wanted) or isinstance(value, bool)):
            kind = IN_WORDS.get(wanted, wanted.__name__)
            raise UserError(f"{path}: {name} = {_shown(value)} must be {kind}")
        if wanted in (int, float):
            _within(f"{path}: {name} = {_shown(value)}", value, name, least or {}, most or {})
    return settings


def _within(
    what: str, value: float, name: str, least: Mapping[str, float], most: Mapping[str, float]
) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{what} must be a finite number")
    if name in least and value < least[name]:
        raise UserError(f"{what} must be at least {least[name]:g}")
    if value <= 0:
        raise UserError(f"{what} must be greater than 0")
    if name in most and value > most[name]:
        raise UserError(f"{what} must be at most {most[name]:g}")


def _shown(value: object) -> str:
    """A value on one line, in TOML's spelling of true and false, cut if it is long."""
    text = " ".join(str(value).lower().split() if isinstance(value, bool) else repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
