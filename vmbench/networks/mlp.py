"""The encoder of table rows: residual blocks over a hidden vector."""

from collections.abc import Iterator

from torch import Tensor, nn

from vmbench.data.specs import Spec
from vmbench.networks.encoder import Encoder


class MLP(Encoder):
    """Residual MLP (Gorishniy et al. 2021, arXiv 2106.11959, section 3.2) for any spec.

    Args:
        spec: its examples are flattened.
        width: the hidden vector has 16 times as many entries.
        embedding_dim: outputs of ``fc``; None leaves it out.
        stem: ignored; encoders share one signature.
        depth: residual blocks.

    Shapes: (B, *spec.shape) -> maps (B, 16 * width).
    """

    def __init__(
        self,
        spec: Spec,
        width: int = 16,
        embedding_dim: int | None = 128,
        stem: str = "cifar",
        depth: int = 3,
    ) -> None:
        hidden = 16 * width
        super().__init__(hidden, embedding_dim)
        self.first = nn.Linear(spec.numel, hidden)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm1d(hidden),
                nn.Linear(hidden, 2 * hidden),
                nn.ReLU(),
                nn.Linear(2 * hidden, hidden),
            )
            for _ in range(depth)
        )
        self.last = nn.Sequential(nn.BatchNorm1d(hidden), nn.ReLU())

    @property
    def spatial(self) -> bool:
        """A vector has no space."""
        return False

    def embed(self, x: Tensor) -> Tensor:
        """The first hidden vector (B, 16 * width)."""
        embedded: Tensor = self.first(x.flatten(1))
        return embedded

    def stages(self, embedded: Tensor) -> Iterator[tuple[str, Tensor]]:
        """``block1`` to ``block3``: hidden vectors (B, 16 * width), the last one normalised."""
        hidden = embedded
        for index, block in enumerate(self.blocks, start=1):
            hidden = hidden + block(hidden)
            yield f"block{index}", hidden if index < len(self.blocks) else self.last(hidden)
