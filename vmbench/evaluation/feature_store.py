"""Features at many readouts, on disk: memory holds those of one readout at a time."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np
from torch import Tensor

from vmbench.evaluation.linear_models import Features
from vmbench.networks.readout import Readout, Source
from vmbench.storage.disk import space_in


class FeatureStore:
    """Features (N, D) of N examples at every source asked for.

    The files have no name: whatever ends the process, the system frees them with it.

    Args:
        folder: on the disk that takes them.
        sources: what each example is read at.
    """

    def __init__(self, folder: Path, sources: Iterable[Source]) -> None:
        self.folder, self.rows = folder, 0
        self.files: dict[Source, IO[bytes]] = {}
        self._open = ExitStack()
        for source in sources:
            file = TemporaryFile(dir=folder)  # noqa: SIM115 - until close()
            self.files[source] = self._open.enter_context(file)

    def add(self, features: Sequence[Tensor]) -> None:
        """Append a batch: (B, D) float32 for each source, in their order."""
        what = "the features at each readout that val chooses from"
        with space_in(self.folder, what, "choose one with --set readout=last"):
            for file, each in zip(self.files.values(), features, strict=True):
                file.write(each.numpy().tobytes())
        self.rows += len(features[0])

    def read(
        self, readout: Readout, alone: Callable[[Features], Features] | None = None
    ) -> Features:
        """Features (N, D), D that of all its sources together, ``alone`` changed before joining."""
        each = [self._read(self.files[source]) for source in readout.sources]
        if len(each) == 1:
            return each[0]
        return np.concatenate(each if alone is None else [alone(x) for x in each], axis=1)

    def _read(self, file: IO[bytes]) -> Features:
        file.flush()
        file.seek(0)
        return np.fromfile(file, np.float32).reshape(self.rows, -1)

    def close(self) -> None:
        """Free the disk."""
        self._open.close()
