"""Datasets of the Hugging Face hub, where no ``--data-dir`` is given."""

from dataclasses import dataclass, field
from typing import Any

from vmbench.errors import UserError


@dataclass(frozen=True)
class Hub:
    """Where a dataset lies on the hub.

    Attributes:
        repository: e.g. ``"uoft-cs/cifar10"``.
        revision: a commit; ``"main"`` would move under the results.
        example: column of the input.
        labels: task -> column of its class index.
    """

    repository: str
    revision: str
    example: str
    labels: dict[str, str] = field(default_factory=dict)

    def load(self, split: str, instead: str) -> Any:
        """The split as a memory-mapped Hugging Face dataset, downloaded once, with progress.

        Args:
            split: ``"train"`` or ``"test"``.
            instead: what to put where if the hub is out of reach.

        Raises:
            UserError: the hub cannot be reached, or the repository not be read.
        """
        import datasets

        try:
            return datasets.load_dataset(self.repository, revision=self.revision, split=split)
        except (OSError, RuntimeError, ValueError) as error:
            raise UserError(
                f"{self.repository} cannot be had from huggingface.co ({type(error).__name__}): "
                f"{instead}"
            ) from error
