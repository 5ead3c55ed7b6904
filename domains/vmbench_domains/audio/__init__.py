"""Audio: speech as log-mel spectrograms or as waveforms."""

from vmbench.data.domain import Domain
from vmbench_domains.presets import presets_of


class AudioDomain(Domain):
    """Clips as a Grid (1, mels, frames) of decibels, the lowest mel first, or as a Sequence (1, T).

    The spectrograms of a Sequence are made inside its encoder, after the views.
    """

    name = "audio"
    summary = "log-mel spectrograms of speech, or its waveforms"
    datasets = {
        "spoken-digits": "vmbench_domains.audio.spoken_digits:SpokenDigits",
        "spoken-digits-waveform": "vmbench_domains.audio.spoken_digits:SpokenDigitsWaveform",
        "fsdd": "vmbench_domains.audio.fsdd:FSDD",
        "audiomnist": "vmbench_domains.audio.audiomnist:AudioMNIST",
        "speech-commands": "vmbench_domains.audio.speech_commands:SpeechCommands",
        "esc-50": "vmbench_domains.audio.esc50:ESC50",
        "librispeech-100": "vmbench_domains.audio.librispeech:LibriSpeech",
        "librispeech-960": "vmbench_domains.audio.librispeech:LibriSpeech960",
        "librispeech-dev-clean": "vmbench_domains.audio.librispeech:LibriSpeechDevClean",
        "librispeech-100-speaker": "vmbench_domains.audio.librispeech:LibriSpeech100Speaker",
        "librispeech-960-speaker": "vmbench_domains.audio.librispeech:LibriSpeech960Speaker",
        "fluent-speech": "vmbench_domains.audio.fluent:FluentSpeech",
        "voxceleb1": "vmbench_domains.audio.voxceleb:VoxCeleb1",
        "audio-folder": "vmbench_domains.audio.folder:AudioFolder",
    }
    default = "spoken-digits"
    handcrafted = {"grid": "specaugment", "sequence": "waveform"}
    presets = presets_of("audio")
