"""Checkpoints without pickle: tensors in safetensors, the rest as JSON in its header."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vmbench.errors import UserError
from vmbench.storage.disk import space_in

State = dict[str, Any]


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


def save(state: State, path: Path) -> None:
    """Write ``state`` (nested dicts and lists of tensors and JSON values) atomically.

    Raises:
        UserError: the disk is full; what was there before stays.
    """
    tensors: dict[str, Tensor] = {}
    document = json.dumps(_flatten(state, "", tensors))
    _write(tensors or {"/": torch.zeros(1)}, path, {"state": document})


def save_weights(module: nn.Module, path: Path) -> None:
    """Write the parameters and buffers of ``module`` atomically; raises as :func:`save` does."""
    # As the shapes say, whatever order training kept the values in.
    _write({name: value.contiguous() for name, value in module.state_dict().items()}, path, None)


def _write(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str] | None) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    megabytes = sum(tensor.nbytes for tensor in tensors.values()) / 1e6
    what = f"{path.name}, which needs {megabytes:,.1f} MB,"
    try:
        with space_in(path.parent, what, "name another folder with --out"):
            save_file(tensors, temporary, metadata=metadata)
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


class DamagedError(UserError):
    """A checkpoint that cannot be read: cut off, or not one of ours."""


def load(path: Path) -> State:
    """Read what :func:`save` wrote; tensors on the CPU.

    Raises:
        DamagedError: the file was cut off or changed.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            document = json.loads(file.metadata()["state"])
        state: State = _restore(document, tensors)
    except (SafetensorError, OSError, ValueError, LookupError, TypeError) as error:
        raise DamagedError(
            f"{path} is damaged ({type(error).__name__}: {error}): delete it, or start the run "
            f"over with --overwrite"
        ) from error
    return state
