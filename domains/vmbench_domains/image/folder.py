"""Any folder of images with one label each."""

from collections.abc import Iterator
from pathlib import Path

from vmbench.config import digest
from vmbench.specs import Grid
from vmbench_domains.image.photos import Photo, Photos
from vmbench_domains.image.samples import write_noise
from vmbench_domains.own.folder import LabelledFolder
from vmbench_domains.own.settings import read_settings

SIZE, CHANNELS = 32, 3


class ImageFolder(Photos, LabelledFolder):
    """Your own images: shorter side to 32 pixels, the centre cut out, RGB in 0..1."""

    name = "image-folder"
    suffixes = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
    noun = "images"

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """Take the size and channels from vmbench.toml, if it is there."""
        LabelledFolder.bind(self, data_dir, target)
        settings = read_settings(self.root, {"size": int, "channels": int})
        size, channels = settings.get("size", SIZE), settings.get("channels", CHANNELS)
        self.spec = Grid(3 if channels >= 3 else 1, size, size)
        self.revision = digest([self.revision, str(self.spec)])

    def photos(self) -> Iterator[Photo]:
        """Every file, in the order of paths."""
        (task,) = self.tasks
        number = {label: i for i, label in enumerate(task.classes)}
        for file, side in self.entries:
            labels, sides = {task.name: number[file.label]}, {task.name: side}
            yield Photo(file.path, labels, sides, group=file.subject)

    def write_files(self, root: Path) -> None:
        """Two folders of five images."""
        for seed in range(10):
            write_noise(root / ("cats", "dogs")[seed % 2] / f"{seed}.png", seed=seed)
