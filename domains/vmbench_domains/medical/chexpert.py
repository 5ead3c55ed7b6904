"""CheXpert of Stanford: X-rays of the chest, labelled from their reports, some uncertainly."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from vmbench.dataset import Card, Task
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
SAMPLE_HEADER = (
    "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,"
    "Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,"
    "Pleural Effusion,Pleural Other,Fracture,Support Devices"
)


class CheXpert(ChestXrays):
    """The five findings of the competition, frontal views; the publisher's valid is test."""

    name = "chexpert"
    places = ("CheXpert-v1.0-small", "CheXpert-v1.0", ".")
    files = ("train.csv", "valid.csv")
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
        "test is not in the archive.",
    )

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """Find the files, and see from their columns that they are these and not anybody's."""
        super().bind(data_dir, target)
        for name in self.files:
            next(read_rows(self.root / name, COLUMNS), None)

    def films(self) -> list[Photo]:
        """The frontal views of train.csv, then those of valid.csv."""
        training = list(self._rows("train.csv"))
        held_out = self.val_patients(patient for _, _, patient in training)
        films = [self.film(p, y, patient, held_out.split(patient)) for p, y, patient in training]
        return films + [self.film(*row, "test") for row in self._rows("valid.csv")]

    def _rows(self, name: str) -> Iterator[tuple[Path, tuple[int, ...], str]]:
        for number, row in enumerate(read_rows(self.root / name, COLUMNS), start=2):
            if row["Frontal/Lateral"] != FRONTAL:
                continue
            where = f"{self.root / name}, line {number}"
            # CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg
            parts = PurePosixPath(row["Path"]).parts
            if len(parts) < 4:
                raise UserError(f"{where}: Path '{row['Path']}' names no patient")
            labels = tuple(_label(row[c], c, where) for c in UNCERTAIN)
            yield self.root.joinpath(*parts[-4:]), labels, parts[-3]

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
