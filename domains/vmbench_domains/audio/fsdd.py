"""The Free Spoken Digit Dataset: ``recordings/{digit}_{speaker}_{index}.wav``."""

from pathlib import Path

from vmbench.data.dataset import Card, HeldOut, Split, Task
from vmbench_domains.audio.clips import Clip, Clips
from vmbench_domains.audio.samples import write_tones
from vmbench_domains.audio.spoken_digits import DIGITS
from vmbench_domains.download import Download

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
HELD_OUT = HeldOut.draw(SPEAKERS, val=1, test=2, seed=0)


class FSDD(Clips):
    """3,000 recordings: 6 speakers x 10 digits x 50, at 8 kHz, most shorter than 1 s."""

    name = "fsdd"
    revision = "1"
    places = ("fsdd/recordings", "free-spoken-digit-dataset/recordings", "recordings", ".")
    files = ("[0-9]_*_*.wav",)
    downloads = (
        Download(
            "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/heads/master.zip",
            "fsdd",
            unpack=True,
            strip=1,
        ),
    )
    tasks = (
        Task("digit", DIGITS, "2 of 6 speakers held out for test, 1 for val"),
        Task(
            "speaker",
            SPEAKERS,
            "recordings 0 to 4 of each speaker and digit are test (the publisher's rule), 5 to 9 "
            "val; every speaker is on all sides, being the class",
        ),
    )
    card = Card(
        licence="CC BY-SA 4.0",
        citation="Jackson et al. 2018, Free Spoken Digit Dataset, doi 10.5281/zenodo.1342401",
        homepage="https://github.com/Jakobovski/free-spoken-digit-dataset",
        notes="Resampled to 16 kHz: nothing above 4 kHz. 6 speakers: a digit's test is two people.",
    )

    def clips(self) -> list[Clip]:
        """Every file, in the order of names."""
        found = []
        for path in self.paths_of(self.files[0]):
            digit, speaker, index = path.stem.split("_")
            labels = {"digit": int(digit), "speaker": SPEAKERS.index(speaker)}
            recording: Split = "test" if int(index) < 5 else "val" if int(index) < 10 else "train"
            splits: dict[str, Split] = {"digit": HELD_OUT.split(speaker), "speaker": recording}
            found.append(Clip(path, labels, splits, speaker))
        return found

    def write_files(self, root: Path) -> None:
        """Two digits of every speaker, two recordings of each for each side of the speaker task."""
        names = (
            f"{digit}_{speaker}_{index}.wav"
            for speaker in SPEAKERS
            for digit in (0, 7)
            for index in (0, 4, 5, 9, 10, 49)
        )
        write_tones((root / name for name in names), 8_000)
