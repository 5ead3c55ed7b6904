"""Image files of any depth and colour as values in 0..1, by what the file says of its values.

What is decided here, and said: 8 bits are divided by 255, 16 by 65,535 and 12-bit TIFF by 4,095;
floats must lie in 0..1; what is transparent is laid on white; of several frames or pages the first
is read; palettes, CMYK and one bit are converted by pillow (its modes are listed at
https://pillow.readthedocs.io/en/stable/handbook/concepts.html#modes).
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from vmbench.data.specs import Grid
from vmbench.errors import UserError, missing_package
from vmbench_domains.own.files import some

if TYPE_CHECKING:
    from PIL.Image import Image

BITS = 16  # of a container of more than 8
EXIF_ORIENTATION, UPRIGHT = 0x0112, 1
TIFF_BITS_PER_SAMPLE, TIFF_PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0
FLOATS = 0  # stands for the bits of floats
SPARE = 2  # what pillow's own thumbnails leave to a proper filter
FEWEST_USED = 2  # bits that a set may leave unused before it must say how many it has


class ImageReader:
    """Reads the images of one set, and knows in the end what must be said of them.

    Args:
        spec: with 1 (grey) or 3 channels (RGB).
        bits: that values of whole numbers above 8 bits have; None: what the files say.
        upright: whether images are turned as their EXIF orientation says. Where boxes come in
            pixels of the file, they are not.
    """

    def __init__(self, spec: Grid, *, bits: int | None = None, upright: bool = False) -> None:
        self.spec, self.bits, self.upright = spec, bits, upright
        self.greatest: dict[int, int] = {}  # bits of the container -> greatest value in the set
        self.notes: dict[str, list[Path]] = {}

    def read(
        self, path: Path, content: IO[bytes] | None = None, *, reduced: bool = False
    ) -> "Image":
        """Read an image file.

        Args:
            path: anything that pillow reads.
            content: the bytes, where ``path`` is only what to call them.
            reduced: whether a JPEG may be decoded at a half, a quarter or an eighth of its size, as
                long as it is :data:`SPARE` times as large as the spec.

        Returns:
            The image at its own size, or reduced: of mode ``F``, in 0..1, where it has one channel
            of more than 8 bits; else 8 bits in the spec's colours.

        Raises:
            OSError, ValueError, SyntaxError: pillow cannot read it.
            UserError: pillow is not installed; or what the values mean cannot be known.
        """
        try:
            from PIL import Image, ImageOps
        except ModuleNotFoundError as error:
            raise missing_package("pillow", "image", "reading image files") from error
        try:
            with Image.open(content or path) as opened:
                if getattr(opened, "n_frames", 1) > 1:
                    self._note("of several frames or pages, the first is read", path)
                depth, inverted = _depth(opened), _white_is_zero(opened)
                if reduced:  # of other formats than JPEG this does nothing
                    opened.draft(None, (SPARE * self.spec.width, SPARE * self.spec.height))
                opened.load()
                image: Image.Image = opened
                if self.upright and opened.getexif().get(EXIF_ORIENTATION, UPRIGHT) != UPRIGHT:
                    self._note("turned as their EXIF orientation says", path)
                    image = ImageOps.exif_transpose(opened)
                if image.mode == "F":
                    return self._floats(image, path, inverted)
                if image.mode.startswith("I"):
                    return self._deep(image, depth, path, inverted)
                return self._colours(image, depth, path)
        except Image.DecompressionBombError as error:
            raise ValueError(str(error)) from error

    def _floats(self, image: "Image", path: Path, inverted: bool) -> "Image":
        from PIL import Image

        low, high = _extrema(np.asarray(image))
        if not (low >= 0 and high <= 1):  # NaN is refused too
            raise UserError(
                f"{path} holds floats from {low:g} to {high:g}, and no file says what is black and "
                f"what is white: save values in 0..1, or 8 bits"
            )
        self._see(FLOATS, math.ceil(high * 255 - 1e-3))
        return Image.fromarray(1 - np.asarray(image)) if inverted else image

    def _deep(self, image: "Image", depth: int | None, path: Path, inverted: bool) -> "Image":
        """One channel of whole numbers of 12, 16 or 32 bits."""
        from PIL import Image

        if self.bits is None and depth is None:
            low, high = _extrema(np.asarray(image))
            raise UserError(
                f"{path} holds whole numbers of 32 bits or with a sign, from {low:g} to {high:g}: "
                f"save 8 or 16 bits without sign, or say in vmbench.toml how many are used, as in "
                f"bits = 12"
            )
        # A file that says 12 is believed; one of 16 may hold fewer.
        bits = depth if depth not in (None, BITS) else (self.bits or BITS)
        values = np.asarray(image).astype(np.int64)
        low, high = _extrema(values)
        if low < 0 or high >= 1 << bits:
            raise UserError(
                f"{path} holds values from {low:g} to {high:g}, which are not of {bits} bits"
                + (": mend bits in vmbench.toml" if self.bits else "")
            )
        self._see(bits, int(high))
        scaled = values / ((1 << bits) - 1)
        return Image.fromarray((1 - scaled if inverted else scaled).astype(np.float32))

    def _colours(self, image: "Image", depth: int | None, path: Path) -> "Image":
        from PIL import Image

        if image.has_transparency_data:
            coloured = image.convert("RGBA")
            if np.asarray(coloured)[..., 3].min() < 255:
                self._note("what is transparent is laid on white", path)
                white = Image.new("RGBA", coloured.size, "white")
                image = Image.alpha_composite(white, coloured)
            else:
                image = coloured
        elif image.mode == "CMYK":
            self._note("CMYK, converted without a colour profile", path)
        if depth == BITS and self.bits not in (None, BITS):
            raise UserError(
                f"{path} has several channels of 16 bits, of which pillow keeps the upper 8; with "
                f"bits = {self.bits} too little is left: save 8 bits"
            )
        image = image.convert("RGB" if self.spec.channels == 3 else "L")
        bands = image.getextrema()
        high = max(int(band[1] if isinstance(band, tuple) else band) for band in _listed(bands))
        # Of 16 bits in three channels pillow keeps the upper 8.
        self._see(depth or 8, high << 8 if depth == BITS else high)
        return image

    def tally(self) -> dict[str, Any]:
        """All that was noted, as JSON for :meth:`absorb`."""
        notes = {what: [*map(str, paths)] for what, paths in self.notes.items()}
        return {"greatest": [*self.greatest.items()], "notes": notes}

    def absorb(self, tally: dict[str, Any]) -> None:
        """Note what another has noted."""
        for bits, high in tally["greatest"]:
            self._see(bits, high)
        for what, paths in tally["notes"].items():
            self.notes.setdefault(what, []).extend(map(Path, paths))

    def _see(self, bits: int, high: int) -> None:
        self.greatest[bits] = max(high, self.greatest.get(bits, 0))

    def _note(self, what: str, path: Path) -> None:
        self.notes.setdefault(what, []).append(path)

    def close(self, root: Path) -> Iterator[str]:
        """After the last image: what is to be said of the set.

        Args:
            root: the folder that names are relative to.

        Raises:
            UserError: its values use so few of their bits that they would be all but black.
        """
        deep = {bits: high for bits, high in self.greatest.items() if bits > 8}
        for bits, high in deep.items():
            used = high.bit_length()
            if self.bits is None and bits - used >= FEWEST_USED:
                raise UserError(
                    f"{root}: no value of its images of {bits} bits is above {high}: if only "
                    f"{used} bits are used, say bits = {used} in vmbench.toml; if they are that "
                    f"dark, bits = {bits}"
                )
        for bits, what in ((8, "8 bits is above 1 of 255"), (FLOATS, "floats is above 1/255")):
            if self.greatest.get(bits) == 1:
                raise UserError(
                    f"{root}: no value of its images of {what}; they would be black: save them so "
                    f"that white is {255 if bits else 1}"
                )
        for bits, high in deep.items():
            yield f"images of {bits} bits: divided by {(1 << bits) - 1} (greatest value {high})"
        for what, paths in self.notes.items():
            yield f"{what}: {len(paths)} images ({some(paths, root)})"


def _depth(opened: Any) -> int | None:
    """Bits of a value as the file says; None where it has 32 of them, or a sign.

    Pillow has one mode for 12 and 16 bits, and one for all that is wider; what the file has is in
    the raw mode of its tiles, and for TIFF in its tags.
    """
    if opened.format == "TIFF":
        bits: int = max(opened.tag_v2.get(TIFF_BITS_PER_SAMPLE, (1,)))
        whole = opened.mode.startswith("I;16") or not opened.mode.startswith("I")
        return bits if whole else None
    if opened.mode == "I":  # PGM of more than 8 bits, which pillow scales to 16
        return BITS if opened.format == "PPM" else None
    return BITS if opened.mode.startswith("I;16") or ";16" in str(opened.tile) else 8


def _white_is_zero(opened: Any) -> bool:
    """Whether a TIFF of more than 8 bits counts from white; pillow turns 8 bits round, not 16."""
    return opened.format == "TIFF" and bool(opened.tag_v2.get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO)


def _extrema(values: Any) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _listed(bands: Any) -> list[Any]:
    """Pillow gives one pair for one band, and a pair for each of several."""
    return list(bands) if isinstance(bands[0], tuple) else [bands]
