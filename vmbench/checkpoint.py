"""Checkpoints without pickle: tensors in safetensors, the rest as JSON in its header."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

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
    """Write ``state`` (nested dicts and lists of tensors and JSON values) atomically."""
    tensors: dict[str, Tensor] = {}
    document = json.dumps(_flatten(state, "", tensors))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    save_file(tensors or {"/": torch.zeros(1)}, temporary, metadata={"state": document})
    os.replace(temporary, path)


def load(path: Path) -> State:
    """Read what :func:`save` wrote; tensors on the CPU."""
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        document = json.loads(file.metadata()["state"])
    state: State = _restore(document, tensors)
    return state
