"""Fluent Speech Commands: ``data/{train,valid,test}_data.csv`` and ``wavs/speakers/*/*.wav``."""

import csv
from collections.abc import Mapping
from pathlib import Path

from vmbench.data.dataset import Card, Split, Task
from vmbench.errors import UserError
from vmbench_domains.audio.clips import RATE, Clip, Clips
from vmbench_domains.audio.samples import write_tones
from vmbench_domains.text_table import read_rows

# fmt: off
SLOTS = {
    "action": ("activate", "bring", "change language", "deactivate", "decrease", "increase"),
    "object": (
        "Chinese", "English", "German", "Korean", "heat", "juice", "lamp", "lights", "music",
        "newspaper", "none", "shoes", "socks", "volume",
    ),
    "location": ("bedroom", "kitchen", "none", "washroom"),
}
# fmt: on
TABLES: tuple[tuple[str, Split], ...] = (
    ("data/train_data.csv", "train"),
    ("data/valid_data.csv", "val"),
    ("data/test_data.csv", "test"),
)
HEADER = ("", "path", "speakerId", "transcription", *SLOTS)
RULE = "the publisher's 77, 10 and 10 speakers; no speaker is on two sides"


class FluentSpeech(Clips):
    """30,043 commands to a smart home by 97 speakers, at 16 kHz, most shorter than 4 s."""

    name = "fluent-speech"
    revision = "1"
    seconds = 4.0
    places = ("fluent_speech_commands_dataset", "fluent-speech", ".")
    files = (*(name for name, _ in TABLES), "wavs/speakers/*/*.wav")
    tasks = tuple(Task(slot, values, RULE) for slot, values in SLOTS.items())
    card = Card(
        licence="Fluent Speech Commands Public License: academic research alone",
        citation="Lugosch et al. 2019, Speech model pre-training for end-to-end spoken language "
        "understanding, arXiv 1904.03670",
        homepage="https://fluent.ai/fluent-speech-commands-a-dataset-for-spoken-language-"
        "understanding-research/",
        notes="Its licence is agreed to at the publisher's page. A command is an action, an object "
        "and a location, three tasks; the benchmark's usual figure asks for all three at once.",
    )

    def clips(self) -> list[Clip]:
        """Every row of the three tables."""
        found = []
        for name, side in TABLES:
            rows = read_rows(self.root / name, ("path", "speakerId", *SLOTS))
            for line, row in enumerate(rows, start=2):
                found.append(self._clip(row, side, f"{self.root / name}, line {line}"))
        return found

    def _clip(self, row: Mapping[str, str], side: Split, where: str) -> Clip:
        labels = {}
        for slot, values in SLOTS.items():
            if row[slot] not in values:
                raise UserError(f"{where}: unknown {slot} {row[slot]!r}")
            labels[slot] = values.index(row[slot])
        path = self.root / row["path"]
        return Clip(path, labels, dict.fromkeys(labels, side), row["speakerId"])

    def write_files(self, root: Path) -> None:
        """Three speakers, each of whom says every action, object and location."""
        (root / "data").mkdir()
        paths: list[str] = []
        for speaker, (table, _) in enumerate(TABLES):
            name = f"speaker{speaker}"
            rows: list[list[str]] = [list(HEADER)]
            for number in range(max(map(len, SLOTS.values()))):
                paths.append(f"wavs/speakers/{name}/{number:08x}-4479-11e9-a9a5-5dbec3b8816a.wav")
                words = [values[number % len(values)] for values in SLOTS.values()]
                rows.append([str(number), paths[-1], name, " ".join(words), *words])
            with (root / table).open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
        write_tones((root / path for path in paths), RATE)
