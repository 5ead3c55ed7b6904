"""EuroSAT, the RGB version: ``CLASS/CLASS_NUMBER.jpg``."""

from collections.abc import Iterator
from pathlib import Path

from vmbench.data.dataset import Card, Task
from vmbench.data.specs import Grid
from vmbench_domains.download import Download
from vmbench_domains.image.photos import RANDOM_SPLIT, Photo, Photos, drawn_at_random
from vmbench_domains.image.samples import write_noise

LAND = {
    "AnnualCrop": "annual crop",
    "Forest": "forest",
    "HerbaceousVegetation": "herbaceous vegetation",
    "Highway": "highway",
    "Industrial": "industrial buildings",
    "Pasture": "pasture",
    "PermanentCrop": "permanent crop",
    "Residential": "residential buildings",
    "River": "river",
    "SeaLake": "sea or lake",
}


class EuroSat(Photos):
    """27,000 patches of Sentinel-2 images, 640 m wide, of 10 kinds of land use; 64 pixels."""

    name = "eurosat"
    revision = "1"
    spec = Grid(3, 64, 64)
    # The first version of the archive unpacks to a folder 2750, the second to EuroSAT_RGB.
    places = ("EuroSAT_RGB", "2750", "EuroSAT/2750", "eurosat/2750", "EuroSAT", "eurosat", ".")
    files = tuple(f"{folder}/{folder}_*.jpg" for folder in LAND)
    downloads = (
        Download(
            "https://zenodo.org/records/7711810/files/EuroSAT_RGB.zip",
            checksum="md5:f46e308c4d50d4bf32fedad2d3d62f3b",
            size=94_658_721,
            unpack=True,
        ),
    )
    tasks = (Task("land-use", tuple(LAND.values()), RANDOM_SPLIT.format("class")),)
    card = Card(
        licence="MIT; the images contain Copernicus Sentinel data",
        citation="Helber, Bischke, Dengel, Borth 2019, EuroSAT: a novel dataset and deep learning "
        "benchmark for land use and land cover classification, IEEE J. Sel. Topics Appl. Earth "
        "Observ. Remote Sens. 12",
        homepage="https://github.com/phelber/EuroSAT",
        notes="There is no publisher's split, and the JPEG files do not say where a patch lies: "
        "neighbours may be on both sides. DABS 2.0 takes all 13 bands; here are the visible three.",
    )

    def photos(self) -> Iterator[Photo]:
        """Class by class, in the order of names."""
        (task,) = self.tasks
        return drawn_at_random(
            Photo(path, {task.name: code}, {})
            for code, pattern in enumerate(self.files)
            for path in self.paths_of(pattern)
        )

    def write_files(self, root: Path) -> None:
        """Three patches of each class."""
        for code, folder in enumerate(LAND):
            for number in range(1, 4):
                path = root / folder / f"{folder}_{number}.jpg"
                write_noise(path, seed=10 * code + number, height=64, width=64)
