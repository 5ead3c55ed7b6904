"""Where a pretraining lies: a folder, or a name below ``--out``."""

from difflib import get_close_matches
from pathlib import Path

from vmbench.errors import UserError

PRETRAININGS = "pretrainings"


def find_pretraining(pretraining: str | Path, out: Path) -> Path:
    """The folder that is meant.

    Args:
        pretraining: a folder; or the name of one in ``OUT/pretrainings``, or the sixteen hex digits
            at its end.
        out: as ``--out``.

    Raises:
        UserError: there is none.
    """
    if Path(pretraining).is_dir():
        return Path(pretraining)
    store, name = out / PRETRAININGS, str(pretraining)
    known = sorted(path.name for path in store.iterdir()) if store.is_dir() else []
    found = [each for each in known if name in (each, each.rpartition("-")[2])]
    if found:
        return store / found[0]
    close = get_close_matches(Path(name).name, known, n=1)
    hint = f"did you mean {store / close[0]}?" if close else f"{store} has {len(known)} others"
    raise UserError(
        f"there is no pretraining {name}, as a folder or by its name in {store}: {hint}"
    )
