"""Audio: speech as log-mel spectrograms."""

from vmbench.domain import Domain


class AudioDomain(Domain):
    """Clips as a Grid (1, mels, frames) of decibels; the lowest mel is the first row."""

    name = "audio"
    summary = "log-mel spectrograms of speech"
    datasets = {"spoken-digits": "vmbench_domains.audio.spoken_digits:SpokenDigits"}
    default = "spoken-digits"
    handcrafted = {"grid": "specaugment"}
    presets = {
        "small": {
            "stem": "strided",
            "downsample_to": 32,
            "batch_size": 64,
            "epochs": 5,
            "epsilon": 0.1,
        },
        "paper": {"batch_size": 128, "stem": "imagenet"},
    }
