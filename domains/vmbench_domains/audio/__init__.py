"""Audio: speech as log-mel spectrograms."""

from vmbench.domain import Domain


class AudioDomain(Domain):
    """Clips as a Grid (1, mels, frames) of decibels; the lowest mel is the first row."""

    name = "audio"
    summary = "log-mel spectrograms of speech"
    datasets = {
        "spoken-digits": "vmbench_domains.audio.spoken_digits:SpokenDigits",
        "fsdd": "vmbench_domains.audio.fsdd:FSDD",
        "audiomnist": "vmbench_domains.audio.audiomnist:AudioMNIST",
        "speech-commands": "vmbench_domains.audio.speech_commands:SpeechCommands",
        "esc-50": "vmbench_domains.audio.esc50:ESC50",
        "librispeech-100": "vmbench_domains.audio.librispeech:LibriSpeech",
        "audio-folder": "vmbench_domains.audio.folder:AudioFolder",
    }
    default = "spoken-digits"
    handcrafted = {"grid": "specaugment"}
