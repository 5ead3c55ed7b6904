"""Any folder of images with one label each."""

from collections.abc import Iterator
from pathlib import Path

from vmbench.config import digest
from vmbench.dataset import Example
from vmbench.specs import Grid
from vmbench_domains.image.pixels import read_image
from vmbench_domains.own.folder import LabelledFolder
from vmbench_domains.own.settings import read_settings
from vmbench_domains.source import Skips

SIZE, CHANNELS = 32, 3


class ImageFolder(LabelledFolder):
    """Your own images: shorter side to 32 pixels, the centre cut out, RGB in 0..1."""

    name = "image-folder"
    suffixes = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
    noun = "images"
    value_range = (0.0, 1.0)
    spec: Grid

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """Take the size and channels from vmbench.toml, if it is there."""
        super().bind(data_dir, target)
        settings = read_settings(self.root, {"size": int, "channels": int})
        size, channels = settings.get("size", SIZE), settings.get("channels", CHANNELS)
        self.spec = Grid(3 if channels >= 3 else 1, size, size)
        self.revision = digest([self.revision, str(self.spec)])

    def examples(self, data_dir: Path | None) -> Iterator[Example]:
        """Yield every image that can be read, in the order of their paths."""
        skips = Skips(self, len(self.entries), self.noun)
        (task,) = self.tasks
        for file, side in self.entries:
            try:
                x = read_image(file.path, self.spec)
            except (OSError, ValueError, SyntaxError) as error:  # broken PNG chunks are the last
                skips.add(file.path.relative_to(self.root), error)
                continue
            label = task.classes.index(file.label)
            yield Example(x, {task.name: label}, {task.name: side}, file.subject)
        skips.close()
