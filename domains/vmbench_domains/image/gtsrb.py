"""German Traffic Signs: ``.ppm`` files, and a table of their boxes in every folder."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from vmbench.data.dataset import Card, Split, Task
from vmbench_domains.download import Download
from vmbench_domains.image.photos import (
    RANDOM_SPLIT,
    REFERENCE,
    VAL_SHARE,
    Photo,
    Photos,
    drawn_at_random,
)
from vmbench_domains.image.samples import write_noise
from vmbench_domains.rows import stratified_shares
from vmbench_domains.text_table import read_rows

# In the order of the publisher's numbers; its files give no names.
# fmt: off
SIGNS = (
    *(f"speed limit {speed}" for speed in (20, 30, 50, 60, 70, 80)), "end of speed limit 80",
    "speed limit 100", "speed limit 120", "no passing", "no passing over 3.5 t",
    "right of way at the next crossing", "priority road", "yield", "stop", "no vehicles",
    "no vehicles over 3.5 t", "no entry", "general caution", "curve left", "curve right",
    "double curve", "bumpy road", "slippery road", "road narrows on the right", "road work",
    "traffic signals", "pedestrians", "children", "bicycles", "snow or ice", "wild animals",
    "end of all limits", "turn right", "turn left", "ahead only", "ahead or right",
    "ahead or left", "keep right", "keep left", "roundabout", "end of no passing",
    "end of no passing over 3.5 t",
)
# fmt: on
ARCHIVES = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370"
TRAIN, TEST = "Final_Training/Images", "Final_Test/Images"
TABLES, TRAIN_IMAGES, TEST_IMAGES = f"{TRAIN}/*/GT-*.csv", f"{TRAIN}/*/*.ppm", f"{TEST}/*.ppm"
TEST_TABLE = "GT-final_test.csv"
COMPETITION = "Training"  # what GTSRB-Training_fixed.zip unpacks to
CORNERS = ("Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2")
HEADER = ";".join(("Filename", "Width", "Height", *CORNERS, "ClassId"))


class Gtsrb(Photos):
    """51,839 traffic signs of 43 kinds, cut to their box.

    A track is up to 30 frames of one sign, taken as a car drives by: it is on one side.
    """

    name = "gtsrb"
    revision = "1"
    places = ("GTSRB", "gtsrb", ".")
    files: ClassVar[tuple[str, ...]] = (TABLES, TRAIN_IMAGES, TEST_IMAGES, TEST_TABLE)
    # The archives hold a folder GTSRB, but for the table of the test.
    elsewhere = {
        TABLES: (f"GTSRB/{TABLES}", f"{COMPETITION}/*/GT-*.csv", f"GTSRB/{COMPETITION}/*/GT-*.csv"),
        TRAIN_IMAGES: (
            f"GTSRB/{TRAIN_IMAGES}",
            f"{COMPETITION}/*/*.ppm",
            f"GTSRB/{COMPETITION}/*/*.ppm",
        ),
        TEST_IMAGES: (f"GTSRB/{TEST_IMAGES}",),
    }
    downloads = tuple(
        Download(f"{ARCHIVES}/GTSRB_{name}.zip", place, md5 and f"md5:{md5}", unpack=True)
        for name, place, md5 in (  # checksums as several readers of the files state them
            ("Final_Training_Images", ".", "f33fd80ac59bff73c82d25ab499e03a3"),
            ("Final_Test_Images", ".", "c7e4e6327067d32654124b0fe9e82185"),
            ("Final_Test_GT", "GTSRB", "fe31e9c9270bbcd7b84b7f21a9d9d9e5"),
        )
    )
    tasks = (
        Task(
            "sign",
            SIGNS,
            "the publisher's test; of its train, 10% of the tracks of each sign held out for val",
        ),
    )
    card = Card(
        licence="none stated by the publisher, who asks to be cited",
        citation="Stallkamp, Schlipsing, Salmen, Igel 2012, Man vs. computer: benchmarking machine "
        "learning algorithms for traffic sign recognition, Neural Networks 32",
        homepage="https://benchmark.ini.rub.de/gtsrb_dataset.html",
        notes="GT-final_test.csv, which the publisher packs alone, lies in the folder GTSRB or "
        "beside it. GTSRB-Training_fixed.zip, torchvision's train, is read too, where the final "
        "training images are not: it is the train of the competition of 2011, 26,640 of 39,209 "
        "images. Tamkin et al. 2021 use another task: gtsrb-reference.",
    )

    def inspect(self, target: str | None) -> None:
        """Find the files, and say which train they are."""
        super().inspect(target)
        train = self.path_of(TABLES).parents[1]
        if train.name == COMPETITION:
            self.remarks.append(
                f"{train} is the train of the competition of 2011, a part of the final one"
            )

    def photos(self) -> Iterator[Photo]:
        """Train, sign by sign, and then test."""
        yield from self._training()
        folder = self.path_of(TEST_IMAGES).parent
        for row in _rows(self.path_of(TEST_TABLE)):
            yield _photo(folder, row, "test", None)

    def _training(self) -> Iterator[Photo]:
        tables = self.paths_of(TABLES)
        found = [(path.parent, row) for path in tables for row in _rows(path)]
        tracks = sorted({(row["ClassId"], _track(row)) for _, row in found})
        shares = stratified_shares([sign for sign, _ in tracks], val=VAL_SHARE, test=0)
        sides = dict(zip(tracks, shares, strict=True))
        for folder, row in found:
            track = (row["ClassId"], _track(row))
            yield _photo(folder, row, sides[track], "/".join(track))

    def write_files(self, root: Path) -> None:
        """Two tracks of two frames of each of two signs, and a test image of each."""
        tables: dict[str, list[str]] = {f"{TRAIN}/{n:05}/GT-{n:05}.csv": [HEADER] for n in (0, 14)}
        for path, lines in tables.items():
            sign = int(path[-9:-4])
            lines += [
                f"{track:05}_{frame:05}.ppm;50;40;5;5;44;35;{sign}"
                for track in (0, 1)
                for frame in (0, 1)
            ]
        tests = [f"{i:05}.ppm;50;40;5;5;44;35;{sign}" for i, sign in enumerate((14, 0))]
        images = [
            str(Path(path).parent / line.partition(";")[0])
            for path, lines in tables.items()
            for line in lines[1:]
        ] + [f"{TEST}/{line.partition(';')[0]}" for line in tests]
        for seed, name in enumerate(images):
            write_noise(root / name, seed=seed)
        for path, lines in {**tables, TEST_TABLE: [HEADER, *tests]}.items():
            (root / path).write_text("\n".join(lines) + "\n")


class GtsrbReference(Gtsrb):
    """The 39,209 training images alone, whole, split at random."""

    name = "gtsrb-reference"
    files = (TABLES, TRAIN_IMAGES)
    downloads = Gtsrb.downloads[:1]
    tasks = (replace(Gtsrb.tasks[0], split_rule=RANDOM_SPLIT.format("sign")),)
    card = replace(
        Gtsrb.card,
        notes=REFERENCE.format(
            "the training images alone, not cut to their box, split at random",
            "Frames of one track, nearly equal, are then on all sides, so that an accuracy near 1 "
            "says little: gtsrb keeps a track on one side.",
        ),
    )

    def photos(self) -> Iterator[Photo]:
        """Train, drawn anew."""
        for photo in drawn_at_random(self._training()):
            yield replace(photo, box=None)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    return read_rows(path, ("Filename", *CORNERS, "ClassId"), delimiter=";")


def _track(row: dict[str, str]) -> str:
    return row["Filename"].partition("_")[0]


def _photo(folder: Path, row: dict[str, str], side: Split, track: str | None) -> Photo:
    left, top, right, bottom = (int(row[corner]) for corner in CORNERS)
    label = {"sign": int(row["ClassId"])}
    box = (left, top, right, bottom)
    return Photo(folder / row["Filename"], label, {"sign": side}, box, track)
