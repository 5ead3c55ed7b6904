"""Checkpoints without pickle: tensors in safetensors, the rest as JSON in its header.

Every file carries a checksum of all that it holds, and is on the disk before it takes its name. Of
a training's states the one before the newest is kept, for where the newest turns out damaged.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vmbench.errors import UserError
from vmbench.storage.atomic import settle
from vmbench.storage.disk import space_in

State = dict[str, Any]
T = TypeVar("T")


def _flatten(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """JSON of ``value`` in which each tensor is replaced by its key in ``tensors``."""
    if isinstance(value, Tensor):
        tensors[path] = value.detach().cpu().contiguous().clone()
        return {"__tensor__": path}
    if isinstance(value, dict):
        # Optimisers number their states; JSON keys are texts, so the type is kept beside.
        return {
            "__dict__": [
                [key, _flatten(entry, f"{path}/{key}", tensors)] for key, entry in value.items()
            ]
        }
    if isinstance(value, list | tuple):
        return [_flatten(entry, f"{path}/{i}", tensors) for i, entry in enumerate(value)]
    return value


def _restore(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_restore(entry, tensors) for entry in value]
    if isinstance(value, dict):
        if "__tensor__" in value:
            return tensors[value["__tensor__"]]
        return {key: _restore(entry, tensors) for key, entry in value["__dict__"]}
    return value


def before(path: Path) -> Path:
    """Where the state lies that :func:`save` replaced at ``path``."""
    return path.with_name(f"previous-{path.name}")


def save(state: State, path: Path) -> None:
    """Write ``state`` (nested dicts and lists of tensors and JSON values) atomically.

    What was at ``path`` is kept at :func:`before`.

    Raises:
        UserError: the disk is full; what was there before stays.
    """
    tensors: dict[str, Tensor] = {}
    document = json.dumps(_flatten(state, "", tensors))
    _write(tensors or {"/": torch.zeros(1)}, path, {"state": document}, keep=True)


def save_weights(module: nn.Module, path: Path) -> None:
    """Write the parameters and buffers of ``module`` atomically; raises as :func:`save` does."""
    # As the shapes say, whatever order training kept the values in.
    _write({name: value.contiguous() for name, value in module.state_dict().items()}, path, {})


def _write(
    tensors: dict[str, Tensor], path: Path, metadata: dict[str, str], *, keep: bool = False
) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    megabytes = sum(tensor.nbytes for tensor in tensors.values()) / 1e6
    what = f"{path.name}, which needs {megabytes:,.1f} MB,"
    signed = metadata | {"checksum": _checksum(tensors, metadata)}
    try:
        with space_in(path.parent, what, "name another folder with --out"):
            save_file(tensors, temporary, metadata=signed)
            if keep and path.exists():
                os.replace(path, before(path))
            settle(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _checksum(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    whole = hashlib.blake2b(digest_size=16)
    for name, value in sorted(metadata.items()):
        whole.update(f"{name} {value}\n".encode())
    for name, tensor in sorted(tensors.items()):
        whole.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        whole.update(flat.view(torch.uint8).numpy().data)
    return whole.hexdigest()


class DamagedError(UserError):
    """A checkpoint that cannot be read: cut off, or not one of ours."""


def load(path: Path) -> State:
    """Read what :func:`save` wrote; tensors on the CPU.

    Raises:
        DamagedError: the file was cut off or changed.
    """

    def read() -> State:
        tensors, metadata = _read(path)
        if "checksum" not in metadata:
            raise ValueError("it has no checksum")
        restored: State = _restore(json.loads(metadata["state"]), tensors)
        return restored

    return _checked(path, read)


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read what :func:`save_weights` wrote, or a version of it that gave no checksum.

    Raises:
        DamagedError: the file was cut off or changed.
    """
    return _checked(path, lambda: _read(path)[0])


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        metadata = dict(file.metadata() or {})
    said = metadata.get("checksum")
    rest = {name: value for name, value in metadata.items() if name != "checksum"}
    if said is not None and said != _checksum(tensors, rest):
        raise ValueError("its checksum is another")
    return tensors, metadata


def _checked(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, ValueError, LookupError, TypeError) as error:
        raise DamagedError(
            f"{path} is damaged ({type(error).__name__}: {error}): delete it, or start the run "
            f"over with --overwrite"
        ) from error
