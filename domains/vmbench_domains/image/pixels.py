"""From pixels of any size to the values of a Grid."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vmbench.data.specs import Grid

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[float, float, float, float]


def to_grid(image: npt.NDArray[np.uint8], spec: Grid) -> npt.NDArray[np.float32]:
    """Scale to 0..1, zero-pad to the spec's size on all sides, repeat grey to its channels.

    Args:
        image: (channels, height, width), no larger than the spec; channels are 1 or the spec's.
        spec: of the result.

    Returns:
        (*spec.shape), float32.

    >>> to_grid(np.full((1, 2, 2), 255, np.uint8), Grid(3, 4, 4)).sum()
    np.float32(12.0)
    """
    _, height, width = image.shape
    down, across = spec.height - height, spec.width - width
    borders = ((0, 0), (down // 2, down - down // 2), (across // 2, across - across // 2))
    padded = np.pad(image.astype(np.float32) / 255, borders)
    return np.broadcast_to(padded, spec.shape)


def fit_image(image: "Image", spec: Grid, box: Box | None = None) -> npt.NDArray[np.float32]:
    """Shorter side to the spec's, the centre cut out, values in 0..1.

    Args:
        image: in the spec's colours, or grey of mode ``F`` in 0..1.
        spec: square.
        box: what is cut out first: left, top, right and bottom in pixels, the last two excluded;
            what lies outside of the image is left away.

    Returns:
        (*spec.shape), float32.

    Raises:
        ValueError: nothing of the image is in the box.
    """
    from PIL import Image, ImageOps

    cut = image if box is None else image.crop(_inside(box, image.size))
    # Bilinear with a filter as wide as the shrinkage, so that nothing aliases.
    fitted = ImageOps.fit(cut, (spec.width, spec.height), Image.Resampling.BILINEAR)
    pixels = np.asarray(fitted, np.float32)
    if fitted.mode == "F":  # rounding may take a mean of ones beyond 1
        return np.broadcast_to(pixels.clip(0, 1), spec.shape).copy()
    pixels = pixels / np.float32(255)
    return pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels[None]


def _inside(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box in whole pixels, clipped to an image of ``size`` (width, height)."""
    (left, top, right, bottom), (width, height) = map(round, box), size
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if left >= right or top >= bottom:
        raise ValueError(f"the box {box} lies outside of its {width} x {height} pixels")
    return left, top, right, bottom
