"""``spec.json``: what a pretrained encoder takes, how it is built again, and where it comes from.

It names no task and no class, so that it says nothing of any label.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from vmbench.data.specs import SPECS, Spec
from vmbench.errors import UserError
from vmbench.networks.encoder import Built
from vmbench.storage.atomic import write_atomically

ENCODER, VIEWS, LOG = "encoder.safetensors", "views.safetensors", "metrics.jsonl"
RECORD, REQUEST, SPEC = "training.json", "request.json", "spec.json"
CARD, PICTURE = "README.md", "views.png"
FORMAT: Literal[1] = 1
MEND = "copy the folder again, or train again (vmbench pretrain or run, with --overwrite)"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SpecPart(_Part):
    """Kind and shape of one example."""

    kind: str
    shape: tuple[int, ...]


class DatasetPart(_Part):
    """What was pretrained on; ``fingerprint`` tells one's own files apart."""

    name: str
    revision: str
    fingerprint: str
    licence: str
    citation: str
    homepage: str


class InputsPart(_Part):
    """The numbers of an example as its dataset gives them, before any normalisation."""

    units: str
    channels: tuple[str, ...]
    preparation: str
    value_range: tuple[float, float] | None


class NormalisationPart(_Part):
    """``(x - mean) / sd``, a number each or one per channel; ``none`` leaves examples alone.

    The numbers are those of the pretraining examples.
    """

    by: Literal["none", "channel", "global"]
    mean: tuple[float, ...]
    sd: tuple[float, ...]


class EncoderPart(_Part):
    """How the encoder is built before its weights are loaded; features are read at ``bins``."""

    name: str
    target: str
    owner: str
    settings: dict[str, Any]
    standardised: bool
    bins: int
    parameters: int
    sha256: str

    @property
    def built(self) -> Built:
        """What :func:`~vmbench.networks.encoder.rebuild_encoder` takes."""
        return Built(self.name, self.target, self.owner, self.settings)


class ViewsPart(_Part):
    """The views; ``viewmaker`` holds the arguments of one's :class:`Viewmaker`, else None."""

    method: str | None
    learned: bool
    viewmaker: dict[str, Any] | None
    parameters: int
    sha256: str | None


class Document(_Part):
    """The whole of ``spec.json``; ``name`` is that of the training, by its content."""

    format: Literal[1] = 1
    name: str
    vmbench: str
    domain: str
    objective: str | None
    supervised_by: str | None = None
    seed: int
    n_examples: int
    spec: SpecPart
    dataset: DatasetPart
    inputs: InputsPart
    normalisation: NormalisationPart
    encoder: EncoderPart
    views: ViewsPart

    def write(self, folder: Path) -> None:
        """Write ``spec.json``, atomically."""
        write_atomically(folder / SPEC, self.model_dump_json(indent=2) + "\n")


def read_document(folder: Path) -> Document:
    """``spec.json`` of a finished pretraining.

    Raises:
        UserError: ``folder`` is none, its training is not finished, or the file is damaged or of
            another version.
    """
    if not folder.is_dir():
        raise UserError(
            f"{folder} is no folder: name a pretraining, as 'vmbench pretrain' wrote it"
        )
    if not (folder / RECORD).exists() and (folder / REQUEST).exists():
        raise UserError(
            f"{folder}: the training is not finished; the command that started it goes on from "
            f"there"
        )
    try:
        text = (folder / SPEC).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        hint = "a run's folder has it below pretrainings/ beside it"
        raise UserError(
            f"{folder} is no pretraining (no {SPEC}): name a folder that 'vmbench pretrain' or "
            f"'vmbench run' wrote; {hint}"
        ) from error
    except (OSError, ValueError) as error:
        raise damaged(folder / SPEC, error) from error
    try:
        found = json.loads(text)
        if isinstance(found, dict) and found.get("format", FORMAT) != FORMAT:
            raise UserError(
                f"{folder / SPEC} has format {found['format']}, this vmbench reads {FORMAT}: use "
                f"the version that wrote it ({found.get('vmbench')})"
            )
        return Document.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "document"
        raise UserError(
            f"{folder / SPEC} is damaged or no spec of a pretraining ({where}: "
            f"{first['msg'].lower()}): {MEND}"
        ) from error
    except json.JSONDecodeError as error:
        raise damaged(folder / SPEC, error) from error


def spec_of(part: SpecPart, where: Path) -> Spec:
    """The spec; raises :class:`UserError` for one that there is not."""
    for kind in SPECS:
        if kind.kind == part.kind:
            try:
                return kind(*part.shape)
            except (TypeError, ValueError) as error:
                raise UserError(f"{where / SPEC} is damaged (spec.shape: {error})") from error
    raise UserError(f"{where / SPEC} is damaged (spec.kind: there is no '{part.kind}')")


def sha256_of(path: Path) -> str:
    """Of a file's bytes, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_same(path: Path, sha256: str | None) -> None:
    """Raise :class:`UserError` unless ``path`` holds the bytes that the training wrote."""
    try:
        same = sha256_of(path) == sha256
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing: {MEND}") from error
    if not same:
        raise UserError(
            f"{path} is damaged or of another pretraining (not the bytes that {SPEC} names): {MEND}"
        )


def damaged(path: Path, error: Exception) -> UserError:
    """The error for a file that cannot be read."""
    return UserError(f"{path} is damaged ({type(error).__name__}): {MEND}")
