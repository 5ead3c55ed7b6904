"""Any folder of audio files, with one label each or without."""

from pathlib import Path

from vmbench.config import digest
from vmbench_domains.audio.clips import RATE, SHORTEST_FFT, Clip, Clips
from vmbench_domains.audio.samples import write_tones
from vmbench_domains.own.folder import LabelledFolder
from vmbench_domains.own.settings import read_settings

LEAST = (
    SHORTEST_FFT / RATE
)  # seconds; a shorter clip would be less than one window of the transform
MOST = 600.0


class AudioFolder(Clips, LabelledFolder):
    """Your own clips: at 16 kHz, padded or cut to 1 s (vmbench.toml: seconds)."""

    name = "audio-folder"
    suffixes = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff")
    unread = (".m4a", ".aac", ".mp4", ".wma", ".amr", ".3gp", ".webm", ".ape", ".mka", ".wv")
    noun = "clips"

    def inspect(self, target: str | None) -> None:
        """Take the length from vmbench.toml, if it is there."""
        LabelledFolder.inspect(self, target)
        settings = read_settings(
            self.root, {"seconds": float}, least={"seconds": LEAST}, most={"seconds": MOST}
        )
        self.seconds = float(settings.get("seconds", 1.0))
        self.revision = digest([self.revision, self.seconds])

    def clips(self) -> list[Clip]:
        """Every file, in the order of paths."""
        return [
            Clip(file.path, labels, sides, file.subject) for file, labels, sides in self.described()
        ]

    def write_files(self, root: Path) -> None:
        """Two folders of five clips."""
        names = (f"{label}/{i}.wav" for label in ("low", "high") for i in range(5))
        write_tones((root / name for name in names), RATE)
