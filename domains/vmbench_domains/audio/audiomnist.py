"""AudioMNIST: ``data/{speaker}/{digit}_{speaker}_{repetition}.wav``."""

from pathlib import Path

from vmbench.data.dataset import Card, HeldOut, Task
from vmbench_domains.audio.clips import Clip, Clips
from vmbench_domains.audio.samples import write_tones
from vmbench_domains.audio.spoken_digits import DIGITS
from vmbench_domains.download import Download

# The speakers of the published viewmaker system (Tamkin et al. 2021), as two-digit names.
TEST = (26, 52, 60, 18, 32, 42, 5, 13, 22, 33, 45, 51)
VAL = (12, 47, 59, 15, 27, 41, 4, 11, 21, 31, 44, 50)
HELD_OUT = HeldOut(
    val=frozenset(f"{speaker:02}" for speaker in VAL),
    test=frozenset(f"{speaker:02}" for speaker in TEST),
)


class AudioMNIST(Clips):
    """30,000 recordings: 60 speakers x 10 digits x 50, at 48 kHz, each shorter than 1 s."""

    name = "audiomnist"
    revision = "1"
    places = ("AudioMNIST/data", "audiomnist/data", "data", ".")
    files = ("[0-9][0-9]/[0-9]_*_*.wav",)
    downloads = (
        Download(
            "https://github.com/soerenab/AudioMNIST/archive/refs/heads/master.zip",
            "AudioMNIST",
            unpack=True,
            strip=1,
        ),
    )
    tasks = (Task("digit", DIGITS, "12 of 60 speakers held out for test, 12 for val"),)
    card = Card(
        licence="MIT",
        citation="Becker et al. 2018, Interpreting and explaining deep neural networks for "
        "classification of audio signals, arXiv 1807.03418",
        homepage="https://github.com/soerenab/AudioMNIST",
        notes="The speakers held out are those of Tamkin et al. 2021.",
    )

    def clips(self) -> list[Clip]:
        """Every file, speaker by speaker."""
        found = []
        for path in self.paths_of(self.files[0]):
            digit, speaker, _ = path.stem.split("_")
            side = HELD_OUT.split(speaker)
            found.append(Clip(path, {"digit": int(digit)}, {"digit": side}, speaker))
        return found

    def write_files(self, root: Path) -> None:
        """Two digits of two train speakers, one of val and one of test."""
        names = (f"{s}/{digit}_{s}_3.wav" for s in ("01", "02", "12", "26") for digit in (0, 9))
        write_tones((root / name for name in names), 48_000)
