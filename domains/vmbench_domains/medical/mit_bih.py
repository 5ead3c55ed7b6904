"""MIT-BIH Arrhythmia Database: ``100.dat``, ``100.hea``, ``100.atr`` ... ``234.atr``."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vmbench.data.dataset import Card, Example, Split, Task
from vmbench.data.specs import Sequence
from vmbench.errors import UserError
from vmbench_domains.download import Download
from vmbench_domains.medical.wfdb_records import (
    import_wfdb,
    read_annotations,
    read_signals,
    write_record,
)
from vmbench_domains.source import FileDataset, Skips

RATE = 360  # Hz
BEFORE, AFTER = 90, 166  # samples of a window before the R peak, and from it on
# Symbols of the annotations -> the five classes that ANSI/AAMI EC57 asks to tell apart.
CLASSES = {"normal": "NLRej", "supraventricular": "AaJS", "ventricular": "VE", "fusion": "F",
           "unknown": "/fQ"}  # fmt: skip
CODES = {symbol: code for code, symbols in enumerate(CLASSES.values()) for symbol in symbols}
# de Chazal et al. 2004, tables of DS1 and DS2; four records of DS1 are val here, chosen so that
# val has beats of four classes (of "unknown" there are 8 in DS1).
VAL = (118, 124, 205, 223)
TRAIN = (101, 106, 108, 109, 112, 114, 115, 116, 119, 122, 201, 203, 207, 208, 209, 215, 220, 230)
TEST = (100, 103, 105, 111, 113, 117, 121, 123, 200, 202, 210, 212, 213, 214, 219, 221, 222, 228,
        231, 232, 233, 234)  # fmt: skip
SIDES: dict[int, Split] = {
    **dict.fromkeys(TRAIN, "train"),
    **dict.fromkeys(VAL, "val"),
    **dict.fromkeys(TEST, "test"),
}
SAME_SUBJECT = {202: 201}
NAMED = 5  # missing records that are named one by one
LEAD = "MLII"  # in every record that is used; the other lead is V1 in most
Signal = npt.NDArray[np.float32]


class MitBih(FileDataset):
    """100,000 heartbeats of 44 half-hour recordings in two leads, 0.71 s around the R peak."""

    name = "mit-bih"
    revision = "1"
    spec = Sequence(2, BEFORE + AFTER)
    normalize = "channel"
    places = ("mit-bih-arrhythmia-database-1.0.0", "mitdb", "mit-bih", ".")
    files = ("[12]??.hea", "[12]??.dat", "[12]??.atr")
    downloads = (
        Download(
            "https://physionet.org/static/published-projects/mitdb/"
            "mit-bih-arrhythmia-database-1.0.0.zip",
            "mit-bih-arrhythmia-database-1.0.0",
            unpack=True,
            strip=1,
            sums="SHA256SUMS.txt",
        ),
    )
    tasks = (
        Task(
            "beat",
            tuple(CLASSES),
            "patients held out as by de Chazal et al. 2004: the 22 records of DS2 are test; of "
            "DS1's 22, records 118, 124, 205 and 223 are val; records 201 (train) and 202 (test) "
            "are one man's, as published",
        ),
    )
    card = Card(
        licence="ODC-BY 1.0",
        citation="Moody, Mark 2001, The impact of the MIT-BIH Arrhythmia Database, IEEE Eng. in "
        "Med. and Biol. 20; split: de Chazal et al. 2004, IEEE Trans. Biomed. Eng. 51",
        homepage="https://physionet.org/content/mitdb/1.0.0/",
        notes="The four paced records (102, 104, 107, 217) are left out, as EC57 asks. Classes are "
        "very unequal (9 of 10 beats are normal): read the balanced accuracy. The second lead "
        "differs between records. Needs the package wfdb.",
    )

    def inspect(self, target: str | None) -> None:
        """Find the records; some may be missing, which is said."""
        super().inspect(target)
        self.records = [n for n in SIDES if (self.root / f"{n}.atr").is_file()]
        absent = [str(number) for number in SIDES if number not in self.records]
        if not self.records:
            raise UserError(f"{self.root} holds no record of the split, as 100.atr or 234.atr")
        import_wfdb()
        if absent:
            more = ", ..." if len(absent) > NAMED else ""
            self.remarks.append(
                f"{len(absent)} of {len(SIDES)} records are missing: "
                f"{', '.join(absent[:NAMED])}{more}"
            )

    def examples(self) -> Iterator[Example]:
        """Yield the beats of train, val and test, record by record; one record is in memory."""
        skips, short = Skips(self, len(self.records), "records"), 0
        for number in self.records:
            record = self.root / str(number)
            try:
                signals = self._leads(record)
                peaks, symbols = read_annotations(record, "atr")
            except ValueError as error:
                skips.add(record.name, error)
                continue
            subject = str(SAME_SUBJECT.get(number, number))
            for peak, symbol in zip(peaks.tolist(), symbols, strict=True):
                if symbol not in CODES:  # a change of rhythm or of the signal's quality
                    continue
                x = signals[:, max(peak - BEFORE, 0) : peak + AFTER]
                if peak < BEFORE or x.shape[1] < BEFORE + AFTER:
                    short += 1
                    continue
                yield Example(x.copy(), {"beat": CODES[symbol]}, {"beat": SIDES[number]}, subject)
        skips.close()
        if short:
            self.remarks.append(f"{short} beats are too near an end of their record: left out")

    @staticmethod
    def _leads(record: Path) -> Signal:
        """Both leads (2, T) in mV, MLII first: record 114 has them the other way round."""
        signals, names, rate = read_signals(record)
        if rate != RATE or len(names) != 2 or LEAD not in names:
            raise ValueError(f"leads {', '.join(names)} at {rate:g} Hz, not {LEAD} and one more")
        return signals if names[0] == LEAD else signals[::-1]

    def write_files(self, root: Path) -> None:
        """A record of each side and one paced, all classes in each; 114 has its leads swapped."""
        rng = np.random.default_rng(0)
        for number, leads in ((100, ["MLII", "V5"]), (102, ["V5", "V2"]),
                              (114, ["V5", "MLII"]), (118, ["MLII", "V1"])):  # fmt: skip
            peaks = [200 * beat + 20 for beat in range(12)]  # the first is too near the start
            symbols = ["N", "+", *"NAVFQLaE/j"]
            signals = rng.normal(0, 0.05, (2, 2600))
            signals[:, peaks] += 1.0
            write_record(root / str(number), signals, leads, RATE, "212", (peaks, symbols))
