"""From paths to checked results.

What counts as a result file, so that a folder of runs can be given as it is:

- a file given by name, whatever its name;
- ``result.json`` at any depth of a folder;
- any other ``*.json`` with a top-level ``schema_version``, at any depth (a folder of collected
  results), unless it lies in a run's folder: one that holds ``result.json`` or ``config.json``.

Hidden files and folders are skipped, and links to folders are not followed.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydantic_core

from vmbench.errors import UserError
from vmbench.results import SCHEMA_VERSION, Result, SchemaError, read_result
from vmbench_leaderboard.wording import counted

RESULT_NAME = "result.json"
CONFIG_NAME = "config.json"


@dataclass(frozen=True)
class Loaded:
    """The results under some paths.

    Attributes:
        results: in the order of the files' paths; a file named twice is read once.
        unfinished: run folders that hold a configuration and no result (yet).
        files: the file of each result.
    """

    results: tuple[Result, ...]
    unfinished: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()


def load(paths: Sequence[Path]) -> Loaded:
    """Read and check every result file under ``paths`` (files or folders).

    Raises:
        UserError: a path that does not exist or cannot be read, or no result at all.
        SchemaError: a result file that breaks the schema, by file and field; files of several
            schema versions, by version and count.
    """
    certain, likely, unfinished = _find(paths)
    results: list[Result] = []
    files: list[Path] = []
    versions: dict[str, int] = {}
    first_failure: SchemaError | None = None
    for path in sorted(certain | likely):
        data = _read(path)
        if path in likely and not _claims_to_be_a_result(data):
            continue
        version = str(SCHEMA_VERSION)
        try:
            results.append(Result.model_validate_json(data))
            files.append(path)
        except pydantic_core.ValidationError:
            failure = _failure(path)
            first_failure = first_failure or failure
            version = _schema_version(data) or version
        versions[version] = versions.get(version, 0) + 1
    if len(versions) > 1:
        counts = ", ".join(
            f"version {v} ({counted(n, 'file')})" for v, n in sorted(versions.items())
        )
        raise SchemaError(
            f"the results mix schema versions: {counts}; this vmbench reads version "
            f"{SCHEMA_VERSION}: leave the others out, or run them again. First: {first_failure}"
        )
    if first_failure:
        raise first_failure
    if not results:
        where = ", ".join(map(str, paths))
        waiting = f" ({counted(len(unfinished), 'run')} not finished)" if unfinished else ""
        raise UserError(
            f"no results in {where}{waiting}: make one with "
            f"'vmbench run --domain NAME --method NAME', or name the folder that holds them"
        )
    return Loaded(tuple(results), tuple(sorted(unfinished)), tuple(files))


def _find(paths: Iterable[Path]) -> tuple[set[Path], set[Path], set[Path]]:
    """Files that must be results, files that may be, and run folders without a result."""
    certain: set[Path] = set()
    likely: set[Path] = set()
    unfinished: set[Path] = set()
    for path in paths:
        if path.is_file():
            certain.add(path)
            continue
        if not path.is_dir():
            raise UserError(f"{path} does not exist: name a result file or a folder of runs")
        for folder, subfolders, files in os.walk(path, onerror=_unreadable):
            subfolders[:] = [name for name in subfolders if not name.startswith(".")]
            here = Path(folder)
            if RESULT_NAME in files:
                certain.add(here / RESULT_NAME)
            elif CONFIG_NAME in files:
                unfinished.add(here)
            else:
                likely.update(
                    here / name
                    for name in files
                    if name.endswith(".json") and not name.startswith(".")
                )
    return certain, likely - certain, unfinished


def _unreadable(error: OSError) -> None:
    raise UserError(f"{error.filename} cannot be read: {error.strerror}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error


def _claims_to_be_a_result(data: bytes) -> bool:
    """Whether a JSON file of any name holds a top-level ``schema_version``.

    A torn file that mentions it counts as well: it fails loudly, where skipping it would hide
    a missing run.
    """
    if b'"schema_version"' not in data:
        return False
    try:
        document = pydantic_core.from_json(data)
    except ValueError:
        return True
    return isinstance(document, dict) and "schema_version" in document


def _schema_version(data: bytes) -> str | None:
    try:
        document = pydantic_core.from_json(data)
    except ValueError:
        return None
    if isinstance(document, dict) and "schema_version" in document:
        return str(document["schema_version"])
    return None


def _failure(path: Path) -> SchemaError:
    """The core's message for a file that is known to fail."""
    try:
        read_result(path)
    except SchemaError as error:
        return error
    return SchemaError(f"{path} changed while it was read: run the command again")
