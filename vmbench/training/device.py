"""Where a run runs: device, precision, threads."""

import contextlib
from dataclasses import dataclass

import torch

from vmbench.config import Config
from vmbench.data.specs import Spec
from vmbench.errors import UserError


@dataclass(frozen=True)
class Placement:
    """The device of a run and the dtype of its autocast (None: float32 throughout)."""

    device: torch.device
    autocast: torch.dtype | None

    @property
    def precision(self) -> str:
        """As in ``--precision``."""
        return "bfloat16" if self.autocast is torch.bfloat16 else "float32"

    def mixed(self) -> contextlib.AbstractContextManager[None]:
        """Autocast for a forward pass, or nothing."""
        if self.autocast is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast)

    def generator(self, seed: int) -> torch.Generator:
        """A seeded generator on the device."""
        return torch.Generator(self.device).manual_seed(seed)


def place(config: Config, spec: Spec) -> Placement:
    """Resolve ``device`` and ``precision``; sets the CPU threads if the config asks for a number.

    ``auto`` precision takes bfloat16 where the hardware multiplies it natively (CUDA from Ampere
    on, CPUs with AVX512-BF16 or AMX) and the spec's networks convolve: the small matrices of an
    MLP gain nothing.

    Raises:
        UserError: for a device that this machine or this torch does not have.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    device = _device(config.device)
    if config.precision == "float32":
        return Placement(device, None)
    if config.precision == "bfloat16":
        return Placement(device, torch.bfloat16)
    pays = bool(spec.space) and _fast_bfloat16(device)
    return Placement(device, torch.bfloat16 if pays else None)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UserError(
            f"--device {name} is no device: use auto, cpu, cuda, cuda:1 or mps"
        ) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError(
            f"--device {name}: this torch ({torch.__version__}) finds no CUDA device; "
            f"use --device cpu or auto"
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(f"--device {name}: only {torch.cuda.device_count()} CUDA device(s) here")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UserError(f"--device {name}: this machine has no MPS device; use --device cpu")
    return device


def _fast_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return cpu_has_bfloat16()
    return False


def cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 natively, as oneDNN sees it."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check, bool)() for check in checks)
