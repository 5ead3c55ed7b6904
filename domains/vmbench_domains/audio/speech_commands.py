"""Speech Commands, version 2: ``{word}/{speaker}_nohash_{take}.wav`` and two lists."""

from pathlib import Path

from vmbench.data.dataset import Card, Split, Task
from vmbench_domains.audio.clips import RATE, Clip, Clips
from vmbench_domains.audio.samples import write_tones
from vmbench_domains.download import Download
from vmbench_domains.source import matching
from vmbench_domains.text_table import read_lines

# fmt: off
WORDS = (
    "backward", "bed", "bird", "cat", "dog", "down", "eight", "five", "follow", "forward", "four",
    "go", "happy", "house", "learn", "left", "marvin", "nine", "no", "off", "on", "one", "right",
    "seven", "sheila", "six", "stop", "three", "tree", "two", "up", "visual", "wow", "yes", "zero",
)
# fmt: on
LISTS: tuple[tuple[str, Split], ...] = (
    ("validation_list.txt", "val"),
    ("testing_list.txt", "test"),
)


class SpeechCommands(Clips):
    """105,829 recordings of 35 words by 2,618 speakers, at 16 kHz, 1 s."""

    name = "speech-commands"
    revision = "1"
    places = (
        "speech_commands_v0.02",
        "SpeechCommands/speech_commands_v0.02",
        "speech_commands",
        ".",
    )
    files = ("[a-z]*/*_nohash_*.wav", *(name for name, _ in LISTS))
    downloads = (
        Download(
            "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
            "speech_commands_v0.02",
            # As TensorFlow Datasets and torchaudio, who know the publisher's file, state it.
            "sha256:af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
            size=2_428_923_189,
            unpack=True,
        ),
    )
    tasks = (Task("word", WORDS, "the publisher's lists; no speaker is on two sides"),)
    card = Card(
        licence="CC BY 4.0",
        citation="Warden 2018, Speech Commands: a dataset for limited-vocabulary speech "
        "recognition, arXiv 1804.03209",
        homepage="http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
        notes="All 35 words are classes; _background_noise_ is not used.",
    )

    def clips(self) -> list[Clip]:
        """Every file, word by word."""
        sides: dict[str, Split] = {}
        for name, side in LISTS:
            sides |= dict.fromkeys(read_lines(self.root / name), side)
        found = []
        for number, word in enumerate(WORDS):
            for path in matching(self.root / word, "*_nohash_*.wav"):
                split = sides.get(f"{word}/{path.name}", "train")
                speaker = path.name.partition("_")[0]
                found.append(Clip(path, {"word": number}, {"word": split}, speaker))
        return found

    def write_files(self, root: Path) -> None:
        """Two words of one speaker for each side, the lists, and noise that is no word."""
        words, speakers = ("bed", "zero"), {"aa": "", "bb": LISTS[0][0], "cc": LISTS[1][0]}
        clips = [f"{word}/{speaker}_nohash_0.wav" for word in words for speaker in speakers]
        write_tones((root / name for name in [*clips, "_background_noise_/pink_noise.wav"]), RATE)
        for speaker, listed in speakers.items():
            if listed:
                lines = [f"{word}/{speaker}_nohash_0.wav" for word in words]
                (root / listed).write_text("\n".join(lines) + "\n")
