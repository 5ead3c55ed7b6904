"""LibriSpeech, 100 or 960 hours, or dev-clean: ``PART/{speaker}/{chapter}/{utterance}.flac``."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from vmbench.data.dataset import Card, Task
from vmbench.errors import AbsentError
from vmbench_domains.audio.clips import RATE, Clip, Clips
from vmbench_domains.audio.samples import write_tones
from vmbench_domains.download import Download
from vmbench_domains.rows import stratified_shares

UTTERANCES = "[0-9]*/[0-9]*/[0-9]*-[0-9]*-[0-9]*.flac"
# Checksums as in the publisher's md5sum.txt.
PARTS = {
    part: Download(
        f"https://www.openslr.org/resources/12/{part}.tar.gz", checksum=f"md5:{md5}", unpack=True
    )
    for part, md5 in (
        ("dev-clean", "42e2234ba48799c1f50f24a7926300a1"),
        ("train-clean-100", "2a93770f6d5c6c964bc36631d331a522"),
        ("train-clean-360", "c0e676e450a7ff2f54aeade5171606fa"),
        ("train-other-500", "d1a0fd59409feb2c614ce4d30c387708"),
    )
}
OTHERS = ("dev-other", "test-clean", "test-other")  # parts that no dataset reads
TRAIN = tuple(part for part in PARTS if part.startswith("train"))


class LibriSpeech(Clips):
    """28,539 utterances of 251 readers, at 16 kHz, as 9.4 s; all of them for pretraining.

    Class attributes:
        part: the publisher's name of the one that is read.
        speakers: whether it is a task to tell the readers apart; it holds utterances out.
    """

    name = "librispeech-100"
    revision = "2"
    seconds = 9.44  # 64 frames of 2,360 samples: the published viewmaker system's
    part: ClassVar[str] = "train-clean-100"
    speakers: ClassVar[bool] = False
    no_task = (
        "all hours are pretrained on, as in Tamkin et al. 2021; --transfer librispeech-dev-clean "
        "judges by their speaker task"
    )
    places: ClassVar[tuple[str, ...]] = ("LibriSpeech/train-clean-100", "train-clean-100", ".")
    files: ClassVar[tuple[str, ...]] = (UTTERANCES,)
    downloads: ClassVar[tuple[Download, ...]] = (PARTS["train-clean-100"],)
    card = Card(
        licence="CC BY 4.0",
        citation="Panayotov et al. 2015, LibriSpeech: an ASR corpus based on public domain audio "
        "books",
        homepage="https://www.openslr.org/12",
        notes="The middle 9.4 s of an utterance; shorter ones are centred in silence. Without a "
        "task, as in Tamkin et al. 2021, whose speaker task is librispeech-dev-clean (--pretrain "
        "librispeech-100 --transfer librispeech-dev-clean). librispeech-100-speaker and "
        "librispeech-960-speaker hold out utterances of these readers: these hours have seen "
        "them.",
    )

    def inspect(self, target: str | None) -> None:
        """See that it is the right part; where the readers are the classes, who they are."""
        super().inspect(target)
        named = self.root.resolve().name
        if named in (*PARTS, *OTHERS) and named != self.part:  # their files have the same names
            raise AbsentError(f"{self.root} is {named}; dataset '{self.name}' is {self.part}")
        if not self.speakers:
            return
        readers = {_reader(path) for part in self._parts() for path in part}
        self.readers = tuple(sorted(readers, key=lambda reader: (len(reader), reader)))
        self.tasks = (Task("speaker", self.readers, self.split_rule),)

    def _parts(self) -> list[list[Path]]:
        return [self.paths_of(pattern) for pattern in self.files]

    def clips(self) -> list[Clip]:
        """Every utterance, in the order of names.

        Each part is split by itself, so that an utterance is on the same side in 100 hours and in
        960: pretraining on the one never meets test utterances of the other.
        """
        if not self.speakers:
            return [Clip(p, {}, {}, _reader(p)) for paths in self._parts() for p in paths]
        number = {reader: i for i, reader in enumerate(self.readers)}
        found = []
        for paths in self._parts():
            speakers = [_reader(path) for path in paths]
            sides = stratified_shares(speakers)
            for path, speaker, side in zip(paths, speakers, sides, strict=True):
                found.append(Clip(path, {"speaker": number[speaker]}, {"speaker": side}, speaker))
        return found

    def write_files(self, root: Path) -> None:
        """Four utterances of two readers."""
        names = (f"{s}/198/{s}-198-{i:04}.flac" for s in ("19", "103") for i in range(4))
        write_tones((root / name for name in names), RATE)


class LibriSpeech960(LibriSpeech):
    """281,241 utterances of 2,338 readers, the three training parts; all for pretraining."""

    name = "librispeech-960"
    places = ("LibriSpeech", ".")
    files = tuple(f"{part}/{UTTERANCES}" for part in TRAIN)
    downloads = tuple(PARTS[part] for part in TRAIN)

    def write_files(self, root: Path) -> None:
        """One reader for each part, four utterances each."""
        readers = zip(TRAIN, ("19", "14", "20"), strict=True)
        names = (f"{p}/{s}/198/{s}-198-{i:04}.flac" for p, s in readers for i in range(4))
        write_tones((root / name for name in names), RATE)


class SpeakerTask(LibriSpeech):
    """Base of those whose readers are to be told apart."""

    speakers = True
    no_task = ""
    split_rule = (
        "20% of each speaker's utterances held out for test, 10% for val; every speaker is on all "
        "sides, being the class, and so are chapters"
    )


class LibriSpeech100Speaker(SpeakerTask):
    """The utterances of librispeech-100, whose 251 readers are to be told apart."""

    name = "librispeech-100-speaker"
    revision = "1"


class LibriSpeech960Speaker(SpeakerTask, LibriSpeech960):
    """The utterances of librispeech-960, whose 2,338 readers are to be told apart."""

    name = "librispeech-960-speaker"
    revision = "1"


class LibriSpeechDevClean(SpeakerTask):
    """2,703 utterances of 40 readers who are in no training part, at 16 kHz, as 9.4 s."""

    name = "librispeech-dev-clean"
    revision = "1"
    part = "dev-clean"
    places = ("LibriSpeech/dev-clean", "dev-clean", ".")
    downloads = (PARTS["dev-clean"],)
    card = replace(
        LibriSpeech.card,
        notes="The middle 9.4 s of an utterance; shorter ones are centred in silence. The speaker "
        "task of Tamkin et al. 2021, who split it at random, 80 to 20 (a draw of our own here, and "
        "val out of the 80), and pretrain on train-clean-100, whose readers are others.",
    )


def _reader(path: Path) -> str:
    return path.name.partition("-")[0]
