"""Any folder of images, with one label each or without."""

from collections.abc import Iterator
from pathlib import Path

from vmbench.config import digest
from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench_domains.image.photos import Photo, Photos
from vmbench_domains.image.reading import ImageReader
from vmbench_domains.image.samples import write_noise
from vmbench_domains.own.folder import LabelledFolder
from vmbench_domains.own.settings import SETTINGS_FILE, read_settings

SIZE, CHANNELS, BITS = 32, 3, (9, 16)
READING = 2  # changes whenever the same files are read as other values
SIZES = (8, 1024)  # the networks need as much, and a batch must fit in memory


class ImageFolder(Photos, LabelledFolder):
    """Your own images: shorter side to 32 pixels, the centre cut out, RGB in 0..1."""

    name = "image-folder"
    suffixes = (
        ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm",
        ".pgm", ".pbm", ".pnm", ".apng",
    )  # fmt: skip
    unread = (
        ".heic", ".heif", ".avif", ".jp2", ".j2k", ".jxl", ".dcm", ".exr", ".hdr", ".dng", ".nef",
        ".cr2", ".arw", ".tga",
    )  # fmt: skip
    noun = "images"

    def inspect(self, target: str | None) -> None:
        """Take size, channels and bits from vmbench.toml, if it is there."""
        LabelledFolder.inspect(self, target)
        settings = read_settings(self.root, {"size": int, "channels": int, "bits": int})
        size, channels = settings.get("size", SIZE), settings.get("channels", CHANNELS)
        self.bits: int | None = settings.get("bits")
        if not SIZES[0] <= size <= SIZES[1]:
            raise self._unfit("size", size, f"from {SIZES[0]} to {SIZES[1]} pixels")
        if channels not in (1, 3):
            raise self._unfit("channels", channels, "1 (grey) or 3 (RGB)")
        if self.bits is not None and not BITS[0] <= self.bits <= BITS[1]:
            raise self._unfit("bits", self.bits, f"from {BITS[0]} to {BITS[1]}")
        self.spec = Grid(channels, size, size)
        told = [] if self.bits is None else [self.bits]
        self.revision = digest([self.revision, str(self.spec), *told, READING])

    def _unfit(self, name: str, value: int, range_: str) -> UserError:
        return UserError(f"{self.root / SETTINGS_FILE}: {name} = {value} must be {range_}")

    def reader(self) -> ImageReader:
        """With the orientation that every viewer shows, and the bits of vmbench.toml."""
        return ImageReader(self.spec, bits=self.bits, upright=True)

    def photos(self) -> Iterator[Photo]:
        """Every file, in the order of paths."""
        for file, labels, sides in self.described():
            yield Photo(file.path, labels, sides, group=file.subject)

    def write_files(self, root: Path) -> None:
        """Two folders of five images."""
        for seed in range(10):
            write_noise(root / ("cats", "dogs")[seed % 2] / f"{seed}.png", seed=seed)
