"""The gallery of views: an example in the centre, its scaled perturbations around it."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError, missing_package
from vmbench.specs import Grid, Sequence, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float32]
AROUND = 8  # views of one example

# Okabe & Ito's colours, told apart with any colour vision.
EXAMPLE_COLOUR, VIEW_COLOUR = "#0072B2", "#D55E00"


SUFFIXES = (".png", ".svg")


def check_picture(path: Path) -> None:
    """Raise :class:`UserError` unless a picture can be written to ``path``."""
    if path.suffix not in SUFFIXES:
        raise UserError(
            f"{path} is no picture that can be drawn: end it in {' or '.join(SUFFIXES)}"
        )
    if find_spec("matplotlib") is None:
        raise missing_package("matplotlib", "plots", "a picture of the views")


def draw_gallery(
    spec: Spec, example: Array, views: Array, path: Path, title: str, *, normalised: bool = True
) -> None:
    """Write a PNG or SVG, by the suffix of ``path``.

    Args:
        spec: what the example is; decides between pictures, traces and bars.
        example: (*spec.shape), normalised, as the networks see it.
        views: (8, *spec.shape), views of it.
        path: file to write.
        title: over the picture.
        normalised: whether the numbers are standard deviations of the training data.

    Raises:
        UserError: if matplotlib is not installed or the file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_package("matplotlib", "plots", "a picture of the views") from error
    figure = Figure(figsize=(9, 9), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    axes = figure.subplots(3, 3)
    panels = list(axes.flat)
    centre = panels.pop(4)
    draw: Any = {Grid.kind: _grid, Sequence.kind: _sequence}.get(spec.kind, _vector)
    draw(centre, example, example, "the example")
    delta = views - example
    # One scale for all perturbations, so that they can be compared.
    scale = float(np.abs(delta).max()) or 1.0
    for index, panel in enumerate(panels):
        text = (
            f"perturbation {index + 1}, full scale {scale:.2g}"
            if spec.kind == Grid.kind
            else (f"view {index + 1}")
        )
        draw(panel, example, views[index], text, scale=scale)
    if spec.kind != Grid.kind and not normalised:
        for panel in [centre, *panels]:
            panel.set_ylabel("the data's own unit", fontsize=8)
    figure.savefig(path, dpi=110)


def _grid(
    axes: "Axes", example: Array, view: Array, title: str, scale: float | None = None
) -> None:
    """A picture; several channels that are no RGB are averaged."""
    shown = example if scale is None else view - example
    rgb = shown.shape[0] == 3
    image = np.moveaxis(shown, 0, -1) if rgb else shown.mean(0)
    if scale is None:
        low, high = float(image.min()), float(image.max())
        axes.imshow((image - low) / max(high - low, 1e-8) if rgb else image, cmap="gray")
    elif rgb:
        axes.imshow(0.5 + image / (2 * scale))
    else:
        axes.imshow(image, cmap="PuOr", vmin=-scale, vmax=scale)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("column (time frame)" if not rgb else "column", fontsize=8)
    axes.set_ylabel("row (frequency band)" if not rgb else "row", fontsize=8)
    axes.tick_params(labelsize=7)


def _sequence(
    axes: "Axes", example: Array, view: Array, title: str, scale: float | None = None
) -> None:
    """Traces of the first channels, the example beneath the view."""
    for channel in range(min(3, example.shape[0])):
        offset = -4.0 * channel
        axes.plot(example[channel] + offset, color=EXAMPLE_COLOUR, linewidth=1.2)
        if scale is not None:
            axes.plot(view[channel] + offset, color=VIEW_COLOUR, linewidth=0.8)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("sample", fontsize=8)
    axes.set_ylabel("standard deviations", fontsize=8)
    axes.tick_params(labelsize=7)


def _vector(
    axes: "Axes", example: Array, view: Array, title: str, scale: float | None = None
) -> None:
    """Bars of every feature; the change on top."""
    positions = np.arange(len(example))
    axes.bar(positions, example, color=EXAMPLE_COLOUR, width=0.8)
    if scale is not None:
        axes.bar(positions, view - example, bottom=example, color=VIEW_COLOUR, width=0.4)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("feature", fontsize=8)
    axes.set_ylabel("standard deviations", fontsize=8)
    axes.tick_params(labelsize=7)
