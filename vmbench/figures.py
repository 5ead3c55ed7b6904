"""How every figure is made: matplotlib without a display; equal data give equal bytes.

Colours are Okabe and Ito's (2008, "Color Universal Design"), told apart with any colour vision.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmbench.errors import UserError, missing_package

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Their yellow is too pale for a line on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
# Where dates and versions would be written.
LEFT_OUT: Mapping[str, Mapping[str, Any]] = {".svg": {"Date": None}, ".png": {"Software": None}}


@contextmanager
def drawing(purpose: str, style: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Draw and :func:`save` inside of it: matplotlib is there, and SVG ids do not change.

    Raises:
        UserError: matplotlib, which ``purpose`` needs, is not installed.
    """
    try:
        from matplotlib import rc_context
    except ImportError as error:
        raise missing_package("matplotlib", "plots", purpose) from error
    settings: Any = {"svg.hashsalt": "vmbench", **(style or {})}
    with rc_context(settings):
        yield


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches, which lays its panels out itself."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save(figure: "Figure", path: Path, dots_per_inch: int) -> None:
    """Write a PNG or SVG, by the suffix of ``path``; raises :class:`UserError` if it cannot be."""
    try:
        figure.savefig(path, dpi=dots_per_inch, metadata=dict(LEFT_OUT[path.suffix]))
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror}): name a file in a folder that can"
        ) from error
