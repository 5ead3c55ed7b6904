"""A pretrained encoder as its user holds it: examples in their own units in, features out."""

from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Generator, Tensor, nn

from vmbench.data.specs import Spec
from vmbench.errors import UserError
from vmbench.networks.encoder import Encoder, rebuild_encoder
from vmbench.networks.viewmaker import Viewmaker
from vmbench.pretrained.document import (
    ENCODER,
    VIEWS,
    Document,
    damaged,
    read_document,
    require_same,
    spec_of,
)
from vmbench.pretrained.place import find_pretraining

BATCH = 256  # the batches of an evaluation; others may round otherwise
SHOWN = 6  # channels that repr names
Batch = TypeVar("Batch", Tensor, npt.NDArray[Any])


class PretrainedEncoder:
    """What :func:`load` returns.

    Attributes:
        folder: where it was read.
        document: all of ``spec.json``.
        spec: shape of one example.
        module: the plain ``nn.Module``, in evaluation mode; it takes *normalised* batches (see
            :meth:`normalise`), and its parameters can be trained on.

    >>> encoder = load("runs/pretrainings/...")  # doctest: +SKIP
    >>> encoder.features(x).shape  # doctest: +SKIP
    (1000, 512)
    """

    def __init__(self, folder: Path, document: Document, module: Encoder) -> None:
        self.folder, self.document, self.module = folder, document, module
        self.spec: Spec = module.spec
        shape = (-1, *[1] * len(self.spec.space))
        normalisation = document.normalisation
        self._mean = torch.tensor(normalisation.mean).view(shape)
        self._sd = torch.tensor(normalisation.sd).view(shape)

    @property
    def device(self) -> torch.device:
        """Where the module is."""
        return next(self.module.parameters()).device

    def to(self, device: str | torch.device) -> "PretrainedEncoder":
        """Move the module; returns self."""
        self.module.to(device)
        return self

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the spec's channels or features; empty where the dataset names none."""
        return self.document.inputs.channels

    @property
    def units(self) -> str:
        """Of the values that :meth:`features` takes."""
        return self.document.inputs.units

    @cached_property
    def dim(self) -> int:
        """How many features :meth:`features` gives of an example."""
        return int(self.features(np.zeros((1, *self.spec.shape), np.float32)).shape[1])

    def features(self, x: Batch, *, bins: int | None = None, batch_size: int = BATCH) -> Batch:
        """Features (N, D), float32: the last maps, before any head, pooled as for the probe.

        Args:
            x: (N, *spec.shape), N of any size, in the units of the dataset: an array, or a tensor
                on any device.
            bins: that each axis of the maps is pooled to; by default those of the pretraining.
            batch_size: examples that go through the network at once.

        Returns:
            An array for an array; for a tensor one on its device, which no gradient reaches.

        Raises:
            UserError: another shape, or values that are not finite.
        """
        wanted = self.document.encoder.bins if bins is None else bins
        was_training = self.module.training
        self.module.eval()
        try:
            with torch.no_grad():
                return self._batched(x, batch_size, lambda part: self.module.features(part, wanted))
        finally:
            self.module.train(was_training)

    def normalise(self, x: Batch) -> Batch:
        """Examples in the units of the dataset -> what :attr:`module` takes; same shape."""
        return self._batched(x, max(len(x), 1), lambda part: part)

    def views(self, x: Batch, generator: Generator | None = None) -> Batch:
        """One learned view of each example, in the units of the dataset; same shape.

        Args:
            x: as :meth:`features` takes it.
            generator: of the noise, on the encoder's device; None: torch's own.

        Raises:
            UserError: nothing learned made the views, or another shape.
        """
        viewmaker = self.viewmaker
        mean, sd = self._mean.to(self.device), self._sd.to(self.device)
        with torch.no_grad():
            return self._batched(x, BATCH, lambda part: viewmaker(part, generator) * sd + mean)

    @cached_property
    def viewmaker(self) -> Viewmaker:
        """The learned views' network, a plain module: normalised batches in, views of them out.

        Raises:
            UserError: the views were not learned, or not by a viewmaker.
        """
        views, path = self.document.views, self.folder / VIEWS
        if views.viewmaker is None:
            why = "a network of its own kind" if views.learned else "nothing that was learned"
            raise UserError(f"{self.folder.name}: its views ({views.method}) come from {why}")
        require_same(path, views.sha256)
        with torch.random.fork_rng(devices=[]):
            network = Viewmaker(self.spec, **views.viewmaker)
        prefix = "network."
        weights = {
            k.removeprefix(prefix): v for k, v in load_file(path).items() if k.startswith(prefix)
        }
        _load(network, weights, path)
        return network.to(self.device).eval()

    def _batched(self, x: Batch, size: int, function: Any) -> Batch:
        """``function`` of every normalised batch of ``x``, put together as ``x`` is kept."""
        given = x if isinstance(x, Tensor) else _array(x)
        self._check(tuple(given.shape))
        mean, sd, device = self._mean.to(self.device), self._sd.to(self.device), self.device
        parts = []
        for start in range(0, max(len(given), 1), size):
            part = torch.as_tensor(given[start : start + size]).to(device, torch.float32)
            if not bool(torch.isfinite(part).all()):
                raise UserError(
                    f"x has NaN or infinite values among examples {start} to "
                    f"{start + len(part) - 1}: fill or drop them first"
                )
            if self.document.normalisation.by != "none":
                part = (part - mean) / sd
            out = function(part) if len(part) else self._nothing(function, part)
            parts.append(out.float().to(given.device if isinstance(given, Tensor) else "cpu"))
        whole = torch.cat(parts)
        return whole if isinstance(given, Tensor) else whole.numpy()

    def _nothing(self, function: Any, part: Tensor) -> Tensor:
        """What no examples come to: of the right width."""
        out: Tensor = function(part.new_zeros(1, *self.spec.shape))
        return out[:0]

    def _check(self, shape: tuple[int, ...]) -> None:
        if shape == self.spec.shape:
            raise UserError(
                f"x has shape {shape}, one example: give a batch, {(1, *shape)} (x[None])"
            )
        if shape[1:] != self.spec.shape:
            wanted = ", ".join(map(str, self.spec.shape))
            named = f" ({', '.join(self.channels[:SHOWN])} ...)" if self.channels else ""
            raise UserError(
                f"x has shape {shape}; {self.folder.name} takes (N, {wanted}), "
                f"a batch of {self.spec}{named}"
            )

    def __repr__(self) -> str:
        """What it is, what it takes and gives, and from which data."""
        document, inputs = self.document, self.document.inputs
        named = ", ".join(self.channels[:SHOWN])
        more = len(self.channels) - SHOWN
        lines = [
            f"PretrainedEncoder({document.encoder.name}, {self.folder.name})",
            f"  takes     (N, {', '.join(map(str, self.spec.shape))}): {self.spec}, "
            f"{inputs.units or 'units not stated'}",
            *([f"  channels  {named}{f' and {more} more' if more > 0 else ''}"] if named else []),
            f"  gives     (N, {self.dim})",
            f"  data      {document.dataset.name}: {inputs.preparation}",
        ]
        return "\n".join(lines)


def load(
    pretraining: str | Path, *, device: str | torch.device = "cpu", out: str | Path = "runs"
) -> PretrainedEncoder:
    """The encoder of a pretraining; nothing but its folder is needed.

    Args:
        pretraining: its folder, or its name below ``out``.
        device: where to.
        out: where pretrainings lie.

    Raises:
        UserError: it is not there, not finished or damaged, or a package that brought the class of
            its encoder is not installed.
    """
    folder = find_pretraining(pretraining, Path(out))
    document = read_document(folder)
    return PretrainedEncoder(folder, document, load_module(folder, document, torch.device(device)))


def load_module(folder: Path, document: Document, device: torch.device) -> Encoder:
    """The trained encoder alone, in evaluation mode; raises as :func:`load` does."""
    recorded = document.encoder
    spec = spec_of(document.spec, folder)
    path = folder / ENCODER
    require_same(path, recorded.sha256)
    encoder = rebuild_encoder(spec, recorded.built, standardised=recorded.standardised)
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise damaged(path, error) from error
    _load(encoder, weights, path)
    encoder.to(device).eval()
    # Laid out as the training had it, for equal rounding.
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return encoder


def _load(module: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(
            f"{path} does not fit what spec.json says of it: copy the folder again, or train again "
            f"with --overwrite"
        ) from error


def _array(x: Any) -> npt.NDArray[Any]:
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise UserError(f"x holds {array.dtype}, which are no numbers")
    return array
