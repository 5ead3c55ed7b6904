"""The folder of one run: one process has it at a time, and it is of one configuration."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vmbench.errors import BusyError, UserError
from vmbench.progress import say
from vmbench.runs.plan import Plan
from vmbench.storage.atomic import write_atomically
from vmbench.storage.disk import is_full, space_in
from vmbench.storage.locking import exclusive

LOCK = ".lock"
OWN_FILES = (LOCK, f"{LOCK}.pid")  # what claiming itself writes


@contextlib.contextmanager
def claim_folder(out: Path, plan: Plan, *, resume: bool, overwrite: bool) -> Iterator[Path]:
    """The run's folder, made or found to be of this very configuration, for this process alone.

    What a killed run was in the middle of writing is removed.

    Raises:
        UserError: if it cannot be written, is being run by another process, holds another
            configuration's run, or a finished one that ``resume=False`` would have to repeat; and
            if the disk is full, now or later.
    """
    folder = out / plan.run_id
    if (out / "config.json").exists() or (out / "result.json").exists():
        raise UserError(f"--out {out} is itself a run's folder: name its parent, or another folder")
    with contextlib.ExitStack() as stack:
        stack.enter_context(space_in(folder, "the run", "name another folder with --out"))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(exclusive(folder / LOCK, lambda holder: _refuse(folder, holder)))
            _inspect(folder, plan, resume=resume, overwrite=overwrite)
            (folder / "checkpoints").mkdir(exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError
            _remove_unfinished(folder)
            config = folder / "config.json"
            if _read(config) != plan.document:
                write_atomically(config, json.dumps(plan.document, indent=2) + "\n")
        except OSError as error:
            if is_full(error):
                raise
            raise UserError(
                f"--out {out} cannot be written ({error.strerror or 'no permission'}): "
                f"name a folder that can"
            ) from error
        yield folder


def _refuse(folder: Path, holder: str) -> None:
    raise BusyError(
        f"{folder} is being run by {holder}: wait for it, or name another folder with --out"
    )


def _inspect(folder: Path, plan: Plan, *, resume: bool, overwrite: bool) -> None:
    config, finished = folder / "config.json", (folder / "result.json").exists()
    there = [path for path in folder.iterdir() if path.name not in OWN_FILES]
    recorded = _read(config)
    ours = recorded is not None and plan.is_of(recorded)
    if overwrite and (config.exists() or not there):
        _empty(folder)
    elif not ours and _holds_files(there):
        if config.exists() and recorded is None:
            raise UserError(f"{config} is damaged: start the run over with --overwrite")
        raise UserError(
            f"{folder} holds another configuration's run: move it away, name another "
            f"--out, or replace it with --overwrite"
        )
    elif not resume and finished:
        raise UserError(f"{folder} holds a finished run: --overwrite repeats it, --resume reads it")
    elif not resume:
        _empty(folder)
    elif recorded is not None:
        before, now = recorded.get("files", {}), plan.document.get("files", {})
        changed = sorted(name for name in now if before.get(name, now[name]) != now[name])
        if changed:
            said = "its result is of the old ones" if finished else "it was begun with the old ones"
            say(
                f"warning: the files of {', '.join(changed)} changed since this run (sizes or times"
                f" of change): {said}; --overwrite repeats it"
            )


def _holds_files(there: list[Path]) -> bool:
    """Whether more is there than the empty folders of a run that was killed as it began."""
    return any(path.is_file() or any(path.rglob("*")) for path in there)


def _read(config: Path) -> dict[str, Any] | None:
    """The recorded request; None where there is none, or none that can be read."""
    try:
        document = json.loads(config.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _empty(folder: Path) -> None:
    """Remove all that a run left; the lock stays, being held."""
    for path in folder.iterdir():
        if path.name in OWN_FILES:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _remove_unfinished(folder: Path) -> None:
    for pattern in (".*.tmp", "checkpoints/.*.tmp"):
        for path in folder.glob(pattern):
            path.unlink()
