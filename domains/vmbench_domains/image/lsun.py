"""LSUN's scenes: an LMDB for each category and part, ``CATEGORY_{train,val}_lmdb``; or exported.

Keys are digests of the images, values the images (WebP or JPEG, the shorter side 256); the
publisher's ``data.py export`` writes each to a file that its key names.
https://github.com/fyu/lsun
"""

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from vmbench.data.dataset import Card, Split, Task
from vmbench.errors import UserError, missing_package
from vmbench_domains.image.photos import Photo, Photos, val_from_train
from vmbench_domains.image.samples import noise, write_image
from vmbench_domains.source import matching

SCENES = (
    "bedroom", "bridge", "church_outdoor", "classroom", "conference_room", "dining_room",
    "kitchen", "living_room", "restaurant", "tower",
)  # fmt: skip
PARTS: dict[str, Split] = {"train": "train", "val": "test"}
DATABASE = "data.mdb"  # LMDB's own name for the file in a database's folder
TRAIN_LIMIT = 5_000  # images of a category


class Lsun(Photos):
    """Scenes of 10 kinds: the first 5,000 training images of each by key, and 300 for test."""

    name = "lsun"
    revision = "1"
    places = ("lsun", "LSUN", "lsun/scenes", "scenes", ".")
    files = tuple(f"*_{part}_lmdb/{DATABASE}" for part in PARTS)
    elsewhere = {f"*_{part}_lmdb/{DATABASE}": (f"*_{part}/**/*.*",) for part in PARTS}
    split_rule = (
        "the publisher's val (300 images of each category) is test, its test having no public "
        "labels; 10% of each category of its train held out for val"
    )
    tasks = (Task("scene", tuple(scene.replace("_", " ") for scene in SCENES), split_rule),)
    card = Card(
        licence="none stated by the publisher; the photographers keep their rights",
        citation="Yu, Seff, Zhang, Song, Funkhouser, Xiao 2015, LSUN: construction of a "
        "large-scale image dataset using deep learning with humans in the loop, arXiv 1506.03365",
        homepage="https://github.com/fyu/lsun",
        notes="Unpack CATEGORY_train_lmdb.zip and CATEGORY_val_lmdb.zip, or export them with the "
        "publisher's data.py to folders CATEGORY_train and CATEGORY_val. Of train's 10 million "
        f"images the first {TRAIN_LIMIT:,} of a category are read, by key; as keys are digests, "
        "that is no choice. Categories that are not there are said. LMDB needs the package lmdb.",
    )

    _open: tuple[Path, Any] | None = None  # the folder of a database, and it

    def inspect(self, target: str | None) -> None:
        """The categories of which both parts are there are the classes."""
        super().inspect(target)
        self.scenes = [s for s in SCENES if all(self._source(s, part) for part in PARTS)]
        if len(self.scenes) < 2:
            raise UserError(
                f"{self.root} holds train and val of {len(self.scenes)} of LSUN's categories "
                f"({', '.join(SCENES)}); two are needed at least"
            )
        if absent := [scene for scene in SCENES if scene not in self.scenes]:
            self.remarks.append(f"categories that are not there: {', '.join(absent)}")
        names = tuple(scene.replace("_", " ") for scene in self.scenes)
        self.tasks = (Task("scene", names, self.split_rule),)

    def _source(self, scene: str, part: str) -> Path | None:
        """The database's folder, or else that of the exported files."""
        database, folder = self.root / f"{scene}_{part}_lmdb", self.root / f"{scene}_{part}"
        if (database / DATABASE).is_file():
            return database
        return folder if folder.is_dir() else None

    def photos(self) -> Iterator[Photo]:
        """Category by category, train before test, by key."""
        for code, scene in enumerate(self.scenes):
            for part, side in PARTS.items():
                source = self._source(scene, part)
                if source is None:
                    continue
                limit = TRAIN_LIMIT if part == "train" else None
                paths = list(itertools.islice(self._images(source), limit))
                sides = val_from_train([side] * len(paths), [code] * len(paths))
                for path, own in zip(paths, sides, strict=True):
                    yield Photo(path, {"scene": code}, {"scene": own})

    def content(self, path: Path) -> IO[bytes] | None:
        """The value of a key; ``path`` is the database's folder and the key."""
        if not (path.parent / DATABASE).is_file():
            return None
        with self._opened(path.parent).begin() as transaction:
            value = transaction.get(path.name.encode())
        return None if value is None else io.BytesIO(value)

    def _opened(self, folder: Path) -> Any:
        """One database is open at a time."""
        if self._open is None or self._open[0] != folder:
            self.close()
            lmdb = _lmdb()
            try:
                options = {"readonly": True, "lock": False, "readahead": False}
                database = lmdb.open(str(folder), **options)
                pages = database.info()["last_pgno"] + 1
                if pages * database.stat()["psize"] > (folder / DATABASE).stat().st_size:
                    # Reading on would end the process: the file is mapped into memory.
                    database.close()
                    raise lmdb.CorruptedError("it is cut short")
                self._open = folder, database
            except lmdb.Error as error:
                raise UserError(
                    f"{folder / DATABASE} cannot be read ({error}); fetch it again"
                ) from error
        return self._open[1]

    def close(self) -> None:
        """Close the database."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _images(self, source: Path) -> Iterator[Path]:
        """What is to be read, in the order of keys."""
        if not (source / DATABASE).is_file():
            files = (p for p in matching(source, "**/*") if p.is_file())
            yield from sorted(files, key=lambda path: path.name)
            return
        lmdb = _lmdb()
        try:
            with self._opened(source).begin() as transaction:
                for key in transaction.cursor().iternext(keys=True, values=False):
                    yield source / key.decode("ascii")
        except (lmdb.Error, UnicodeDecodeError) as error:
            raise UserError(
                f"{source / DATABASE} is no LMDB of images, or is cut short ({error}); fetch it "
                f"again"
            ) from error

    def write_files(self, root: Path) -> None:
        """Databases of two categories: four images of train and one of test each."""
        lmdb = _lmdb()
        for number, scene in enumerate(SCENES[:2]):
            for part, count in (("train", 4), ("val", 1)):
                folder = root / f"{scene}_{part}_lmdb"
                with (
                    lmdb.open(str(folder), map_size=1 << 20, lock=False) as database,
                    database.begin(write=True) as transaction,
                ):
                    for i in range(count):
                        seed = 10 * number + i + (5 if part == "val" else 0)
                        image = root / "one.webp"
                        write_image(image, noise(40, 50, 3, seed=seed))
                        transaction.put(f"{seed:040x}".encode(), image.read_bytes())
                        image.unlink()


def _lmdb() -> Any:
    try:
        import lmdb
    except ModuleNotFoundError as error:
        raise missing_package("lmdb", "lsun", "reading LSUN's databases") from error
    return lmdb
