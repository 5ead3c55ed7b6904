"""ChestX-ray14 of the NIH: 112,120 frontal X-rays, 14 findings read from the reports."""

from pathlib import Path

from vmbench.data.dataset import Card, Split, Task
from vmbench.errors import UserError
from vmbench_domains.image.photos import Photo
from vmbench_domains.medical.chest_xrays import ChestXrays, write_film
from vmbench_domains.text_table import read_rows

FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia",
    "Pneumothorax", "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening",
    "Hernia",
)  # fmt: skip
NOTHING = "No Finding"
TABLES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")  # the newer first
TRAIN_LIST, TEST_LIST = "train_val_list.txt", "test_list.txt"
COLUMNS = INDEX, LABELS, PATIENT = ("Image Index", "Finding Labels", "Patient ID")


class ChestXray14(ChestXrays):
    """14 findings, several at once or none; the publisher's test list, val by patients."""

    name = "chestx-ray14"
    places = ("ChestX-ray14", "chestx-ray14", "CXR8", "NIH", ".")
    files = ("Data_Entry_2017*.csv", TRAIN_LIST, TEST_LIST, "images*/**/*.png")
    tasks = (
        Task(
            "finding",
            FINDINGS,
            "the publisher's test list; 10% of the patients of its train_val list are val",
            kind="multilabel",
        ),
    )
    card = Card(
        licence="free use with attribution to the NIH Clinical Center",
        citation="Wang et al. 2017, ChestX-ray8, CVPR, arXiv 1705.02315",
        homepage="https://nihcc.app.box.com/v/ChestXray-NIHCC",
        notes="Labels were read from the reports by a program and are partly wrong. images/, or "
        "images_001/images/ to images_012/images/ as the archives unpack; images of archives that "
        "are not there are left out and counted.",
    )

    def films(self) -> list[Photo]:
        """Every image of the lists that is there."""
        there = {path.name: path for path in self.paths_of(self.files[-1])}
        testing, training = (self._names_in(name) for name in (TEST_LIST, TRAIN_LIST))
        rows = {row[INDEX]: row for row in read_rows(self._table(), COLUMNS)}
        if lacking := sorted((testing | training) - rows.keys()):
            raise UserError(f"{self._table()} has no row for {lacking[0]}, which a list names")
        held_out = self.val_patients(rows[index][PATIENT] for index in training)
        films = []
        listed = testing | training
        for index, row in rows.items():
            if index not in there or index not in listed:
                continue
            patient, findings = row[PATIENT], _findings(row[LABELS], self._table())
            side: Split = "test" if index in testing else held_out.split(patient)
            films.append(self.film(there[index], findings, patient, side))
        if absent := len(listed) - len(films):
            self.remarks.append(
                f"{absent} of {len(listed)} listed images are not there, so left out"
            )
        return films

    def _table(self) -> Path:
        return next(self.root / name for name in TABLES if (self.root / name).is_file())

    def _names_in(self, name: str) -> set[str]:
        return set((self.root / name).read_text().split())

    def write_files(self, root: Path) -> None:
        """Write 40 images of 10 patients, the last three of whom are test."""
        names: dict[str, list[str]] = {TRAIN_LIST: [], TEST_LIST: []}
        header = (
            "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,"
            "View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],"
        )
        lines = [header]
        for number in range(40):
            patient, visit = number // 4 + 1, number % 4
            index = f"{patient:08}_{visit:03}.png"
            found = [name for bit, name in enumerate(FINDINGS) if (number >> bit % 3) & 1]
            labels = "|".join(found) or NOTHING
            lines.append(f"{index},{labels},{visit},{patient},58,M,PA,2682,2749,0.143,0.143,")
            names[TEST_LIST if patient > 7 else TRAIN_LIST].append(index)
            write_film(root / f"images_{number // 20 + 1:03}" / "images" / index, number)
        (root / TABLES[1]).write_text("\n".join(lines) + "\n")
        for name, listed in names.items():
            (root / name).write_text("\n".join(listed) + "\n")


def _findings(text: str, table: Path) -> tuple[int, ...]:
    """``Mass|Nodule`` -> 0 or 1 for each of the 14."""
    found = set(text.split("|")) - {NOTHING}
    if unknown := sorted(found - set(FINDINGS)):
        raise UserError(f"{table}: unknown finding '{unknown[0]}'; known are {', '.join(FINDINGS)}")
    return tuple(int(name in found) for name in FINDINGS)
