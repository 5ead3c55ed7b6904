"""ESC-50: ``audio/*.wav`` and ``meta/esc50.csv``."""

import csv
from pathlib import Path

from vmbench.data.dataset import Card, Split, Task
from vmbench.errors import UserError
from vmbench_domains.audio.clips import Clip, Clips
from vmbench_domains.audio.samples import write_tones
from vmbench_domains.download import Download
from vmbench_domains.text_table import read_rows

# In the order of the publisher's target numbers.
# fmt: off
SOUNDS = (
    "dog", "rooster", "pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow", "rain",
    "sea_waves", "crackling_fire", "crickets", "chirping_birds", "water_drops", "wind",
    "pouring_water", "toilet_flush", "thunderstorm", "crying_baby", "sneezing", "clapping",
    "breathing", "coughing", "footsteps", "laughing", "brushing_teeth", "snoring",
    "drinking_sipping", "door_wood_knock", "mouse_click", "keyboard_typing", "door_wood_creaks",
    "can_opening", "washing_machine", "vacuum_cleaner", "clock_alarm", "clock_tick",
    "glass_breaking", "helicopter", "chainsaw", "siren", "car_horn", "engine", "train",
    "church_bells", "airplane", "fireworks", "hand_saw",
)
# fmt: on
FOLDS: dict[str, Split] = {"4": "val", "5": "test"}


class ESC50(Clips):
    """2,000 environmental sounds of 5 s, at 44.1 kHz, 40 of each kind."""

    name = "esc-50"
    revision = "1"
    seconds = 5.0
    places = ("ESC-50-master", "ESC-50", "esc50", ".")
    files = ("audio/*.wav", "meta/esc50.csv")
    downloads = (
        Download(
            "https://github.com/karolpiczak/ESC-50/archive/refs/heads/master.zip",
            "ESC-50-master",
            unpack=True,
            strip=1,
        ),
    )
    tasks = (
        Task(
            "sound",
            SOUNDS,
            "fold 5 of the publisher's five is test, fold 4 val; clips of one source are in one "
            "fold",
        ),
    )
    card = Card(
        licence="CC BY-NC 3.0",
        citation="Piczak 2015, ESC: dataset for environmental sound classification",
        homepage="https://github.com/karolpiczak/ESC-50",
        notes="One of the five folds: accuracies do not compare with five-fold averages.",
    )

    def clips(self) -> list[Clip]:
        """Every row of the table."""
        found = []
        path = self.root / "meta" / "esc50.csv"
        for row in read_rows(path, ("filename", "fold", "category", "src_file")):
            if row["category"] not in SOUNDS:
                raise UserError(f"{path}: unknown category {row['category']!r}")
            clip, side = self.root / "audio" / row["filename"], FOLDS.get(row["fold"], "train")
            label = SOUNDS.index(row["category"])
            found.append(Clip(clip, {"sound": label}, {"sound": side}, row["src_file"]))
        return found

    def write_files(self, root: Path) -> None:
        """Two kinds of sound from one source in each of four folds."""
        header = ("filename", "fold", "target", "category", "esc10", "src_file", "take")
        rows = [
            (f"{fold}-{source}-A-{target}.wav", fold, target, SOUNDS[target], "False", source, "A")
            for source, fold in enumerate((1, 2, 4, 5))
            for target in (0, 49)
        ]
        write_tones((root / "audio" / str(name) for name, *_ in rows), 44_100, seconds=0.2)
        (root / "meta").mkdir()
        with (root / "meta" / "esc50.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
