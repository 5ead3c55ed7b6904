"""VoxCeleb1: ``wav/{speaker}/{video}/{utterance}.wav`` and ``iden_split.txt``."""

from pathlib import Path

from vmbench.data.dataset import Card, Split, Task
from vmbench.errors import UserError
from vmbench_domains.audio.clips import RATE, Clip, Clips
from vmbench_domains.audio.samples import write_tones
from vmbench_domains.text_table import read_lines

LIST = "iden_split.txt"
VIDEOS = ("1zcIwhmdeo4", "7w0IBEWc9Qw", "Y8hIVOBuels")  # of the sample
SIDES: dict[str, Split] = {"1": "train", "2": "val", "3": "test"}


class VoxCeleb1(Clips):
    """153,516 utterances of 1,251 celebrities from videos, at 16 kHz, as 9.4 s."""

    name = "voxceleb1"
    revision = "1"
    seconds = 9.44  # as LibriSpeech: the published viewmaker system's
    places = ("voxceleb1", "VoxCeleb1", ".")
    files = (LIST, "wav/id*/*/*.wav")
    card = Card(
        licence="CC BY 4.0 for the dataset; the videos' owners keep their copyright",
        citation="Nagrani et al. 2017, VoxCeleb: a large-scale speaker identification dataset, "
        "arXiv 1706.08612",
        homepage="https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox1.html",
        notes="The audio must be asked for. wav/ is what vox1_dev_wav.zip and vox1_test_wav.zip "
        "unpack to, both; the speakers of the verification test are classes here too.",
    )

    def inspect(self, target: str | None) -> None:
        """The speakers in the publisher's list are the classes."""
        super().inspect(target)
        self._rows = list(self._read_list(self.root / LIST))
        self.speakers = tuple(sorted({name.partition("/")[0] for _, name in self._rows}))
        self.tasks = (
            Task(
                "speaker",
                self.speakers,
                "the publisher's identification split (iden_split.txt); every speaker is on all "
                "sides, being the class; test is one video of each that is on no other side",
            ),
        )

    @staticmethod
    def _read_list(path: Path) -> list[tuple[Split, str]]:
        rows = []
        for number, line in enumerate(read_lines(path), start=1):
            side, _, name = line.strip().partition(" ")
            if side not in SIDES or name.count("/") != 2:
                raise UserError(
                    f"{path}, line {number}: {line!r} is not a side (1 to 3) and a path like "
                    f"id10001/VIDEO/00001.wav"
                )
            rows.append((SIDES[side], name))
        return rows

    def clips(self) -> list[Clip]:
        """Every line of the list, in its order."""
        number = {speaker: i for i, speaker in enumerate(self.speakers)}
        wav = self.root / "wav"
        absent = [name for _, name in self._rows if not (wav / name).is_file()]
        if absent:
            raise UserError(
                f"{len(absent)} of {len(self._rows)} files that {LIST} names are not in {wav}, "
                f"e.g. {absent[0]}: unpack vox1_dev_wav.zip and vox1_test_wav.zip there, both"
            )
        return [
            Clip(wav / name, {"speaker": number[speaker]}, {"speaker": side}, speaker)
            for side, name in self._rows
            for speaker in [name.partition("/")[0]]
        ]

    def write_files(self, root: Path) -> None:
        """Two speakers, three videos each."""
        rows = [
            (side, f"{speaker}/{video}/00001.wav")
            for speaker in ("id10001", "id10270")
            for side, video in zip(SIDES, VIDEOS, strict=True)
        ]
        write_tones((root / "wav" / name for _, name in rows), RATE)
        (root / LIST).write_text("".join(f"{side} {name}\n" for side, name in rows))
