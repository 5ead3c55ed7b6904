"""CheXpert of Stanford: X-rays of the chest, labelled from their reports, some uncertainly.

At full resolution it comes in four archives: both tables and the folder ``valid`` are in the first,
the patients of train spread over the others, without the folder ``train`` that the tables name.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from vmbench.config import digest
from vmbench.data.dataset import Card, Task
from vmbench.errors import UserError
from vmbench_domains.image.photos import Photo
from vmbench_domains.medical.chest_xrays import ChestXrays, write_film
from vmbench_domains.text_table import read_rows

# The five that the competition judged -> what an uncertain mention (-1) counts as. The policies
# U-Ones and U-Zeros of Irvin et al. 2019, section 3: they found that an uncertain atelectasis or
# edema is better read as one, and an uncertain cardiomegaly or consolidation as none. Effusion,
# where the policies hardly differ, stays with the zeros.
UNCERTAIN: Mapping[str, int] = {
    "Atelectasis": 1,
    "Cardiomegaly": 0,
    "Consolidation": 0,
    "Edema": 1,
    "Pleural Effusion": 0,
}
VALUES = {"": 0, "0.0": 0, "1.0": 1, "0": 0, "1": 1}  # an empty cell: the report is silent
UNCERTAIN_VALUES = ("-1.0", "-1")
COLUMNS = ("Path", "Frontal/Lateral", *UNCERTAIN)
FRONTAL = "Frontal"
TRAIN, VALID = "train.csv", "valid.csv"
WITH_TABLES = "CheXpert-v1.0 batch 1 (validate & csv)"
BATCHES, TRAIN_PATIENTS = "CheXpert-v1.0 batch *", "patient*"
SAMPLE_HEADER = (
    "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,"
    "Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,"
    "Pleural Effusion,Pleural Other,Fracture,Support Devices"
)


class CheXpert(ChestXrays):
    """The five findings of the competition, frontal views; the publisher's valid is test."""

    name = "chexpert"
    revision = "2"
    # The last is what Stanford's cloud storage calls the folder of the four batches.
    places = ("CheXpert-v1.0-small", "CheXpert-v1.0", ".", "chexpertchestxrays-u20210408")
    files = (TRAIN, VALID)
    elsewhere = {name: (f"{WITH_TABLES}/{name}",) for name in files}
    val_share = 0.05
    tasks = (
        Task(
            "finding",
            tuple(UNCERTAIN),
            "test is the publisher's valid.csv, labelled by radiologists; 5% of the patients of "
            "train.csv are val",
            kind="multilabel",
        ),
    )
    card = Card(
        licence="Stanford University Dataset Research Use Agreement: no commercial use, no sharing",
        citation="Irvin et al. 2019, CheXpert, AAAI, arXiv 1901.07031",
        homepage="https://stanfordmlgroup.github.io/competitions/chexpert/",
        notes="Frontal views alone. Uncertain labels count as present for atelectasis and edema, "
        "as absent for the others; what a report does not mention is absent. The publisher's own "
        "test is not in the archive. Full resolution: the four folders 'CheXpert-v1.0 batch 1 "
        "(validate & csv)' to 'batch 4 (train 3)' beside each other, as they unpack.",
    )

    def inspect(self, target: str | None) -> None:
        """Find the files, and see from their columns that they are these and not anybody's."""
        super().inspect(target)
        for name in self.files:
            next(read_rows(self.path_of(name), COLUMNS), None)
        if self._batches is not None:  # another archive may be unpacked later
            self.fingerprint = digest([self.fingerprint, sorted(self._batches)])

    def films(self) -> list[Photo]:
        """The frontal views of train.csv, then those of valid.csv."""
        listed = list(self._rows(TRAIN))
        training = [row for row in listed if self._batches is None or row[2] in self._batches]
        if absent := len(listed) - len(training):
            self.remarks.append(
                f"{absent} of {len(listed)} frontal images of {TRAIN} are in none of the batches "
                f"that are there, so left out"
            )
        held_out = self.val_patients(patient for _, _, patient in training)
        films = [self.film(p, y, patient, held_out.split(patient)) for p, y, patient in training]
        return films + [self.film(*row, "test") for row in self._rows(VALID)]

    def _rows(self, name: str) -> Iterator[tuple[Path, tuple[int, ...], str]]:
        table = self._folder / name
        for number, row in enumerate(read_rows(table, COLUMNS), start=2):
            if row["Frontal/Lateral"] != FRONTAL:
                continue
            where = f"{table}, line {number}"
            # CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg
            parts = PurePosixPath(row["Path"]).parts
            if len(parts) < 4:
                raise UserError(f"{where}: Path '{row['Path']}' names no patient")
            labels = tuple(_label(row[c], c, where) for c in UNCERTAIN)
            yield self._patient(parts[-4], parts[-3]).joinpath(*parts[-2:]), labels, parts[-3]

    @cached_property
    def _folder(self) -> Path:
        """Where the tables are."""
        return self.path_of(TRAIN).parent

    @cached_property
    def _batches(self) -> dict[str, Path] | None:
        """Patient of train -> folder, over the batches that are there; None: there are none."""
        if self._folder == self.root:
            return None
        # Some unpack them into a folder train of their own.
        patterns = (f"{BATCHES}/{TRAIN_PATIENTS}", f"{BATCHES}/train/{TRAIN_PATIENTS}")
        return {path.name: path for pattern in patterns for path in self.root.glob(pattern)}

    def _patient(self, side: str, patient: str) -> Path:
        beside = self._folder / side / patient
        return self._batches.get(patient, beside) if self._batches and side == "train" else beside

    def write_files(self, root: Path) -> None:
        """Write two views each of 40 patients, the last ten of whom are in valid.csv."""
        lines: dict[str, list[str]] = {"train": [SAMPLE_HEADER], "valid": [SAMPLE_HEADER]}
        drawn = np.random.default_rng(0).choice(["1.0", "0.0", "", "-1.0"], size=(40, 14))
        for number in range(40):
            part = "valid" if number >= 30 else "train"
            study = f"{part}/patient{number + 1:05}/study1"
            values = drawn[number].tolist()
            if part == "valid":  # radiologists were not uncertain
                values = ["1.0" if value == "1.0" else "0.0" for value in values]
            for view in ("frontal", "lateral"):
                path = f"{study}/view1_{view}.jpg"
                side = "AP" if view == "frontal" else ""
                row = (f"{self.places[0]}/{path}", "Male", "68", view.title(), side, *values)
                lines[part].append(",".join(row))
                write_film(root / path, number)
        for part, text in lines.items():
            (root / f"{part}.csv").write_text("\n".join(text) + "\n")


def _label(text: str, finding: str, where: str) -> int:
    if text in UNCERTAIN_VALUES:
        return UNCERTAIN[finding]
    if text not in VALUES:
        raise UserError(f"{where}: {finding} is '{text}'; it should be 1.0, 0.0, -1.0 or empty")
    return VALUES[text]
