"""The gallery of views: an example in the centre, its scaled perturbations around it.

All perturbations (view minus example) share one scale, so that they can be compared with each
other; the example has its own.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Optional, cast

import numpy as np
import numpy.typing as npt

from vmbench.data.specs import Spec
from vmbench.errors import UserError, missing_package
from vmbench.figures import COLOURS, drawing, new_figure, save
from vmbench.registry import import_target

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

Array = npt.NDArray[np.float32]
# Axes, an example or a change of one, the scale of changes (None: an example), the unit -> what a
# colour bar explains, if anything.
Draw = Callable[["Axes", Array, float | None, str], Optional["AxesImage"]]
AROUND = 8  # views of one example
SUFFIXES = (".png", ".svg")
SHOWN_CHANNELS = 3  # of a Sequence; more lines hide each other

EXAMPLE_COLOUR, CHANGE_COLOUR = COLOURS[:2]
DIVERGING = "PuOr"  # which any colour vision can read
PURPOSE = "a picture of the views"


def check_picture(path: Path) -> None:
    """Raise :class:`UserError` unless ``path`` names a picture and matplotlib is installed."""
    if path.suffix not in SUFFIXES:
        raise UserError(
            f"--out {path} is no kind of picture that can be drawn: end it in "
            f"{' or '.join(SUFFIXES)}"
        )
    if find_spec("matplotlib") is None:
        raise missing_package("matplotlib", "plots", PURPOSE)


def draw_gallery(
    spec: Spec, example: Array, views: Array, path: Path, title: str, *, normalised: bool = True
) -> None:
    """Write a PNG or SVG, by the suffix of ``path``; the same bytes for the same arguments.

    Args:
        spec: what the example is; decides between pictures, traces and bars.
        example: (*spec.shape), as the networks see it.
        views: (8, *spec.shape), views of it.
        path: file to write.
        title: over the picture.
        normalised: whether the numbers are standard deviations of the training data.

    Raises:
        UserError: if matplotlib is not installed or the file cannot be written.
    """
    with drawing(PURPOSE):
        figure = _gallery(spec, example, views, title, normalised)
        save(figure, path, 110)


def _gallery(spec: Spec, example: Array, views: Array, title: str, normalised: bool) -> "Figure":
    unit = "standard deviations" if normalised else "input units"
    figure = new_figure(9.5, 9)
    figure.suptitle(f"{title}: one example, and what eight views change in it")
    panels = list(figure.subplots(3, 3).flat)
    around = [panel for index, panel in enumerate(panels) if index != len(panels) // 2]
    changes = views - example
    scale = float(np.abs(changes).max()) or 1.0
    draw = cast(Draw, import_target(spec.picture))
    centre = panels[len(panels) // 2]
    draw(centre, example, None, unit)
    low, high = float(example.min()), float(example.max())
    centre.set_title(f"the example, {low:.2g} to {high:.2g}", fontsize=9)
    for index, (panel, change) in enumerate(zip(around, changes, strict=True)):
        image = draw(panel, change, scale, unit)
        panel.set_title(f"change by view {index + 1}", fontsize=9)
    if image is not None:
        bar = figure.colorbar(image, ax=panels, shrink=0.5, aspect=40)
        bar.set_label(f"change, {unit}", fontsize=9)
        bar.ax.tick_params(labelsize=7)
    for panel in panels:
        panel.tick_params(labelsize=7)
    return figure


def draw_image(
    axes: "Axes",
    x: Array,
    scale: float | None,
    unit: str,  # noqa: ARG001 - the colour bar says it
) -> "AxesImage | None":
    """A picture; of channels that are no RGB the first. Returns what a colour bar explains."""
    axes.set_xlabel("column", fontsize=8)
    axes.set_ylabel("row", fontsize=8)
    if len(x) == 3:
        low, high = (float(x.min()), float(x.max())) if scale is None else (-scale, scale)
        axes.imshow(np.moveaxis((x - low) / max(high - low, 1e-8), 0, -1))
        if scale is not None:
            axes.set_xlabel(f"column; grey: no change, full colour: {scale:.2g}", fontsize=8)
        return None
    if len(x) > 1:
        axes.set_xlabel(f"column; channel 1 of {len(x)}", fontsize=8)
    if scale is None:
        return axes.imshow(x[0], cmap="gray")
    return axes.imshow(x[0], cmap=DIVERGING, vmin=-scale, vmax=scale)


def draw_traces(axes: "Axes", x: Array, scale: float | None, unit: str) -> None:
    """Traces of the first channels."""
    for channel, colour in enumerate(COLOURS[: min(len(x), SHOWN_CHANNELS)]):
        axes.plot(x[channel], color=colour, linewidth=0.9, label=f"channel {channel + 1}")
    if scale is None and len(x) > 1:
        hidden = len(x) - SHOWN_CHANNELS
        more = f"({hidden} more not shown)" if hidden > 0 else None
        axes.legend(fontsize=7, title=more, title_fontsize=7)
    axes.set_xlabel("sample", fontsize=8)
    _value_axis(axes, scale, unit)


def draw_bars(axes: "Axes", x: Array, scale: float | None, unit: str) -> None:
    """A bar per feature."""
    colour = EXAMPLE_COLOUR if scale is None else CHANGE_COLOUR
    axes.bar(np.arange(len(x)), x, color=colour, width=0.8)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xlabel("feature", fontsize=8)
    _value_axis(axes, scale, unit)


def _value_axis(axes: "Axes", scale: float | None, unit: str) -> None:
    if scale is None:
        axes.set_ylabel(unit, fontsize=8)
    else:
        axes.set_ylim(-1.05 * scale, 1.05 * scale)
        axes.set_ylabel(f"change, {unit}", fontsize=8)
