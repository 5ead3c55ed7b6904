"""PTB-XL: ``ptbxl_database.csv``, ``scp_statements.csv`` and ``records100/*/*_lr.{hea,dat}``."""

import ast
import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from vmbench.data.dataset import Card, Example, Inputs, Split, Task
from vmbench.data.specs import Sequence
from vmbench.errors import UserError
from vmbench_domains.download import Download
from vmbench_domains.medical.wfdb_records import import_wfdb, read_signals, write_record
from vmbench_domains.source import FileDataset, Skips
from vmbench_domains.text_table import read_rows

RATE, LENGTH = 100, 1000  # Hz, samples: 10 s
LEADS = ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6")
SUPERCLASSES = {
    "NORM": "normal ECG",
    "MI": "myocardial infarction",
    "STTC": "ST/T change",
    "CD": "conduction disturbance",
    "HYP": "hypertrophy",
}
TRAIN, VAL, TEST = range(1, 9), 9, 10  # strat_fold
PLACE = "ptb-xl-a-large-publicly-available-electrocardiography-dataset-1.0.3"
DATABASE, STATEMENTS = "ptbxl_database.csv", "scp_statements.csv"


class PtbXl(FileDataset):
    """21,799 ECGs of 18,869 patients: 12 leads, 10 s at 100 Hz, in mV."""

    name = "ptb-xl"
    revision = "2"
    spec = Sequence(len(LEADS), LENGTH)
    normalize = "global"
    inputs = Inputs("mV", LEADS)
    places = (PLACE, "ptb-xl", "ptbxl", ".")
    files = (DATABASE, STATEMENTS, "records100/*/*_lr.hea")
    downloads = (
        Download(
            f"https://physionet.org/static/published-projects/ptb-xl/{PLACE}.zip",
            PLACE,
            unpack=True,
            strip=1,
            only=("*/records100/*", "*/*.csv", "*/*.txt"),  # the 500 Hz version is not read
            sums="SHA256SUMS.txt",
        ),
    )
    tasks = (
        Task(
            "diagnosis",
            tuple(SUPERCLASSES.values()),
            "the publisher's folds, by patient: 1 to 8 train, 9 val, 10 test",
            kind="multilabel",
        ),
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Wagner et al. 2020, PTB-XL, a large publicly available electrocardiography "
        "dataset, Scientific Data 7",
        homepage="https://physionet.org/content/ptb-xl/1.0.3/",
        notes="The five diagnostic superclasses, whatever likelihood a statement has, as in the "
        "publisher's example. ECGs without a diagnostic statement, which the benchmark of "
        "Strodthoff et al. 2021 leaves out, are pretrained on. Needs the package wfdb.",
    )

    def inspect(self, target: str | None) -> None:
        """Find the files; the package that reads them must be there too."""
        super().inspect(target)
        import_wfdb()

    def examples(self) -> Iterator[Example]:
        """Yield every ECG, in the order of the table, read one by one."""
        (task,) = self.tasks
        codes = self._superclasses()
        wanted = ("patient_id", "scp_codes", "strat_fold", "filename_lr")
        rows = list(read_rows(self.root / DATABASE, wanted))
        skips, unused = Skips(self, len(rows), "ECGs"), 0
        for line, row in enumerate(rows, start=2):
            found = self._found(row, codes, line)
            try:
                signals, names, rate = read_signals(self.root / row["filename_lr"])
                if tuple(map(str.upper, names)) != LEADS:
                    raise ValueError(f"its leads are {', '.join(names)}")
                if (rate, signals.shape[1]) != (RATE, LENGTH):
                    raise ValueError(f"{signals.shape[1]} samples at {rate:g} Hz")
            except ValueError as error:
                skips.add(row["filename_lr"], error)
                continue
            fold = int(row["strat_fold"])
            side: Split = "test" if fold == TEST else "val" if fold == VAL else "train"
            patient = str(int(float(row["patient_id"])))
            if any(found):
                yield Example(signals, {task.name: found}, {task.name: side}, patient)
            elif side == "train":
                yield Example(signals, {}, {}, patient)
            else:
                unused += 1
        skips.close()
        if unused:
            self.remarks.append(
                f"{unused} ECGs without a diagnostic statement are in val or test: left out"
            )

    def _superclasses(self) -> dict[str, int]:
        """Code of a diagnostic statement -> number of its superclass."""
        order = list(SUPERCLASSES)
        return {
            row[""]: order.index(row["diagnostic_class"])
            for row in read_rows(self.root / STATEMENTS, ("", "diagnostic", "diagnostic_class"))
            if row["diagnostic"] in ("1", "1.0") and row["diagnostic_class"] in order
        }

    def _found(
        self, row: Mapping[str, str], codes: Mapping[str, int], line: int
    ) -> tuple[int, ...]:
        """0 or 1 per superclass."""
        try:
            if int(row["strat_fold"]) not in (*TRAIN, VAL, TEST):
                raise ValueError(f"strat_fold {row['strat_fold']}")
            float(row["patient_id"])
            # A Python dictionary of code -> likelihood, read as a literal and never run.
            statements = dict(ast.literal_eval(row["scp_codes"]))
        except (ValueError, SyntaxError, TypeError) as error:
            raise UserError(
                f"{self.root / DATABASE}, line {line}, cannot be read: {error}"
            ) from error
        found = {codes[code] for code in statements if code in codes}
        return tuple(int(number in found) for number in range(len(SUPERCLASSES)))

    def write_files(self, root: Path) -> None:
        """Two patients for each fold, and one ECG that has no diagnosis."""
        rng = np.random.default_rng(0)
        statements = {"NORM": "NORM", "IMI": "MI", "NDT": "STTC", "LAFB": "CD", "LVH": "HYP"}
        fields = ("ecg_id", "patient_id", "age", "sex", "scp_codes", "strat_fold", "filename_lr",
                  "filename_hr")  # fmt: skip
        said = [
            "{'NORM': 100.0, 'SR': 0.0}",
            "{'IMI': 35.0, 'NDT': 0.0, 'LAFB': 100.0, 'LVH': 50.0}",
        ]
        rows: list[tuple[object, ...]] = []
        for number in range(1, 22):
            codes = said[number % 2] if number < 21 else "{'SR': 0.0}"
            low, high = (
                f"records{rate}/00000/{number:05}_{end}" for rate, end in ((100, "lr"), (500, "hr"))
            )
            patient, fold = f"{number}.0", (number - 1) // 2 % 10 + 1
            rows.append((number, patient, 60, number % 2, codes, fold, low, high))
            waves = rng.normal(0, 0.1, (len(LEADS), LENGTH))
            write_record(root / low, waves, list(LEADS), RATE, "16")
        for name, table in (
            (DATABASE, [fields, *rows]),
            (STATEMENTS, [("", "description", "diagnostic", "diagnostic_class"),
                          *((code, code, "1.0", group) for code, group in statements.items()),
                          ("SR", "sinus rhythm", "", "")]),
        ):  # fmt: skip
            with (root / name).open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(table)
