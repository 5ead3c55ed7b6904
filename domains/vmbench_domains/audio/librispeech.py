"""LibriSpeech, 100 or 960 hours: ``train-clean-100/{speaker}/{chapter}/{utterance}.flac`` ..."""

from pathlib import Path
from typing import ClassVar

from vmbench.dataset import Card, Task
from vmbench_domains.audio.clips import RATE, Clip, Clips
from vmbench_domains.audio.samples import write_tones
from vmbench_domains.audio.tone import write_tone
from vmbench_domains.download import Download
from vmbench_domains.rows import stratified_shares

SPEAKER = 0  # place of the speaker in the name of a file
UTTERANCES = "*/*/*-*-*.flac"
# Checksums as in the publisher's md5sum.txt.
PARTS = {
    part: Download(
        f"https://www.openslr.org/resources/12/{part}.tar.gz", checksum=f"md5:{md5}", unpack=True
    )
    for part, md5 in (
        ("train-clean-100", "2a93770f6d5c6c964bc36631d331a522"),
        ("train-clean-360", "c0e676e450a7ff2f54aeade5171606fa"),
        ("train-other-500", "d1a0fd59409feb2c614ce4d30c387708"),
    )
}


class LibriSpeech(Clips):
    """28,539 utterances of 251 readers, at 16 kHz, as 9.4 s."""

    name = "librispeech-100"
    revision = "1"
    seconds = 9.44  # 64 frames of 2,360 samples: the published viewmaker system's
    places: ClassVar[tuple[str, ...]] = ("LibriSpeech/train-clean-100", "train-clean-100", ".")
    files: ClassVar[tuple[str, ...]] = (UTTERANCES,)
    downloads: ClassVar[tuple[Download, ...]] = (PARTS["train-clean-100"],)
    split_rule = (
        "20% of each speaker's utterances held out for test, 10% for val; every speaker is on all "
        "sides, being the class, and so are chapters"
    )
    card = Card(
        licence="CC BY 4.0",
        citation="Panayotov et al. 2015, LibriSpeech: an ASR corpus based on public domain audio "
        "books",
        homepage="https://www.openslr.org/12",
        notes="The middle 9.4 s of an utterance; shorter ones are centred in silence.",
    )

    def bind(self, data_dir: Path | None, target: str | None = None) -> None:
        """The readers are the classes."""
        super().bind(data_dir, target)
        self.readers = tuple(sorted({p.name.split("-")[SPEAKER] for p in self._paths()}, key=int))
        self.tasks = (
            Task(
                "speaker",
                self.readers,
                self.split_rule,
            ),
        )

    def _paths(self) -> list[Path]:
        return sorted(path for pattern in self.files for path in self.root.glob(pattern))

    def clips(self) -> list[Clip]:
        """Every utterance, in the order of names."""
        paths = self._paths()
        speakers = [path.name.split("-")[SPEAKER] for path in paths]
        number = {reader: i for i, reader in enumerate(self.readers)}
        return [
            Clip(path, {"speaker": number[speaker]}, {"speaker": side}, speaker)
            for path, speaker, side in zip(
                paths, speakers, stratified_shares(speakers), strict=True
            )
        ]

    def write_files(self, root: Path) -> None:
        """Four utterances of two readers."""
        names = (f"{s}/198/{s}-198-{i:04}.flac" for s in ("19", "103") for i in range(4))
        write_tones((root / name for name in names), RATE)


class LibriSpeech960(LibriSpeech):
    """281,241 utterances of 2,338 readers, at 16 kHz, as 9.4 s; the three training parts."""

    name = "librispeech-960"
    places = ("LibriSpeech", ".")
    files = tuple(f"{part}/{UTTERANCES}" for part in PARTS)
    downloads = tuple(PARTS.values())

    def write_sample(self, folder: Path) -> None:
        """One reader for each part, four utterances each."""
        for number, (part, speaker) in enumerate(zip(PARTS, ("19", "14", "20"), strict=True)):
            chapter = folder / self.places[0] / part / speaker / "198"
            for utterance in range(4):
                path = chapter / f"{speaker}-198-{utterance:04}.flac"
                write_tone(path, 16_000, 0.2, 150 + 50 * number + 10 * utterance)
