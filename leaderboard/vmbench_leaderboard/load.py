"""From paths to checked results.

What counts as a result file, so that a folder of runs can be given as it is:

- a file given by name, whatever its name;
- ``result.json`` at any depth of a folder;
- any other ``*.json`` with a top-level ``schema_version``, at any depth (a folder of collected
  results), unless it lies in a run's folder: one that holds ``result.json`` or ``config.json``.
  One with a top-level ``failure_version`` is the record of a run that failed, and counts unless
  the run's result is there too.
  One that cannot be read as JSON at all (torn, or saved as UTF-16) may have been a result, so it
  is an error and not passed over.

Hidden files and folders are skipped, and links to folders are not followed.
"""

import codecs
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic_core

from vmbench.errors import UserError
from vmbench.failures import VERSION as FAILURE_VERSION
from vmbench.failures import Failure, read_failure
from vmbench.results import SCHEMA_VERSION, Result, SchemaError, read_result
from vmbench_leaderboard.wording import counted

RESULT_NAME = "result.json"
CONFIG_NAME = "config.json"
VERSION = "schema_version"
BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Loaded:
    """The results under some paths.

    Attributes:
        results: in the order of the files' paths; a file named twice is read once.
        unfinished: run folders that hold a configuration and no result (yet).
        files: the file of each result.
        failures: of runs that failed and have no result.
    """

    results: tuple[Result, ...]
    unfinished: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    failures: tuple[Failure, ...] = ()


def load(paths: Sequence[Path]) -> Loaded:
    """Read and check every result file under ``paths`` (files or folders).

    Raises:
        UserError: a path that does not exist or cannot be read, or no result at all.
        SchemaError: a file that breaks the schema, by file and field, or that is no JSON.
    """
    certain, likely, unfinished = _find(paths)
    results: list[Result] = []
    files: list[Path] = []
    failures: dict[str, Failure] = {}
    for path in sorted(certain | likely):
        document = _document(path)
        if isinstance(document, dict) and FAILURE_VERSION in document:
            failure = read_failure(path)
            failures[failure.run_id] = failure
        elif path in certain or (isinstance(document, dict) and VERSION in document):
            results.append(_checked(path, document))
            files.append(path)
    if not results:
        where = ", ".join(map(str, paths))
        waiting = f" ({counted(len(unfinished), 'run')} not finished)" if unfinished else ""
        raise UserError(
            f"no results in {where}{waiting}: make one with "
            f"'vmbench run --domain NAME --method NAME', or name the folder that holds them"
        )
    for result in results:
        failures.pop(result.run_id, None)
    left = tuple(failures.values())
    return Loaded(tuple(results), tuple(sorted(unfinished)), tuple(files), left)


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


def _document(path: Path) -> Any:
    """What a JSON file holds; :class:`SchemaError` if it holds none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    # JSON begins with an ASCII character: a zero beside it is a wider encoding's.
    if data.startswith(BYTE_ORDER_MARKS) or 0 in data[:2]:
        raise SchemaError(
            f"{path} is not plain UTF-8 (it looks like UTF-16, or begins with a byte order mark, "
            f"as some editors and shells write it): save it as UTF-8, or take it away"
        )
    try:
        return pydantic_core.from_json(data)
    except ValueError as error:
        raise SchemaError(
            f"{path} cannot be read as JSON (Invalid JSON: {error}): mend it, or take it away"
        ) from error


def _checked(path: Path, document: Any) -> Result:
    version = document.get(VERSION, SCHEMA_VERSION) if isinstance(document, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise SchemaError(
            f"{path} has schema version {version}, and this vmbench reads versions up to "
            f"{SCHEMA_VERSION}: install a newer one (pip install -U vmbench), or leave it out"
        )
    try:
        return Result.model_validate(document)
    except pydantic_core.ValidationError:
        return read_result(path)  # for the core's message
