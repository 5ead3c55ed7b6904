"""The encoder of table rows: residual blocks over a hidden vector."""

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

    def trunk(self, embedded: Tensor) -> Tensor:
        """The residual blocks: the last hidden vector (B, 16 * width)."""
        hidden = embedded
        for block in self.blocks:
            hidden = hidden + block(hidden)
        last: Tensor = self.last(hidden)
        return last
