"""Mean and standard deviation of examples that go by in batches."""

import numpy as np
import numpy.typing as npt


class Moments:
    """Running mean and sd of examples, per channel; over all where it is one, of none for 0."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.count = 0
        self.total = np.zeros(self.channels)
        self.squares = np.zeros(self.channels)

    def add(self, x: npt.NDArray[np.float32]) -> None:
        """Take examples (N, ...)."""
        if len(x) == 0 or self.channels == 0:  # a chunk of held-out examples only
            return
        values = x.astype(np.float64).reshape(len(x), self.channels, -1)
        self.count += values.shape[0] * values.shape[2]
        self.total += values.sum((0, 2))
        self.squares += (values**2).sum((0, 2))

    def document(self) -> dict[str, list[float]]:
        """Mean and sd by their names in ``statistics.json``."""
        mean, std = self.mean_and_sd()
        return {"mean": mean, "std": std}

    def mean_and_sd(self) -> tuple[list[float], list[float]]:
        """Per channel; the sd of a constant one counts as 1."""
        if self.count == 0:
            return [0.0], [1.0]
        mean = self.total / self.count
        std = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0))
        # A constant channel carries nothing; dividing by 1 keeps it at zero.
        return mean.tolist(), np.where(std > 1e-8, std, 1.0).tolist()
