"""The encoder of table rows: residual blocks over a hidden vector."""

from collections.abc import Iterator

from pydantic import Field
from torch import Tensor, nn

from vmbench.data.specs import Spec
from vmbench.networks.encoder import Encoder, EncoderSettings


class MLPSettings(EncoderSettings):
    """Of :class:`MLP`."""

    width: int = Field(16, ge=1, description="A sixteenth of the entries of the hidden vector.")
    depth: int = Field(3, ge=1, description="Residual blocks.")


class MLP(Encoder):
    """Residual MLP (Gorishniy et al. 2021, arXiv 2106.11959, section 3.2) for any spec.

    Args:
        spec: its examples are flattened.
        width: the hidden vector has 16 times as many entries.
        embedding_dim: outputs of ``fc``; None leaves it out.
        depth: residual blocks.

    Shapes: (B, *spec.shape) -> maps (B, 16 * width).
    """

    name = "mlp"
    summary = "residual MLP for table rows"
    paper = "Gorishniy et al. 2021, arXiv 2106.11959"
    settings_class = MLPSettings

    def __init__(
        self,
        spec: Spec,
        width: int = 16,
        embedding_dim: int | None = 128,
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
