"""What this room registers; importing it imports no adapter and no package that carries data."""

from vmbench.registry import Entry

ENTRIES: list[Entry] = [
    Entry(
        "domain",
        "image",
        "vmbench_domains.image:ImageDomain",
        "small grey images of handwritten digits",
        {"datasets": ("mnist", "digits"), "default": "mnist"},
    ),
    Entry(
        "domain",
        "audio",
        "vmbench_domains.audio:AudioDomain",
        "log-mel spectrograms of speech, or its waveforms",
        {"datasets": ("spoken-digits", "spoken-digits-waveform"), "default": "spoken-digits"},
    ),
    Entry(
        "encoder",
        "logmel-resnet18",
        "vmbench_domains.audio.encoder:LogMelResNet18",
        "waveforms to log-mel spectrograms, then residual network of 18 layers",
        {"specs": ("sequence",)},
    ),
    Entry(
        "domain",
        "sensor",
        "vmbench_domains.sensor:SensorDomain",
        "windows of wearable inertial sensors, as spectrograms or raw",
        {"datasets": ("watch", "watch-raw"), "default": "watch"},
    ),
    Entry(
        "domain",
        "tabular",
        "vmbench_domains.tabular:TabularDomain",
        "table rows of numbers and one-hot categories",
        {"datasets": ("diamonds",), "default": "diamonds"},
    ),
    Entry(
        "domain",
        "medical",
        "vmbench_domains.medical:MedicalDomain",
        "physiological signals and clinical measurements",
        {"datasets": ("pig-cvp", "breast-cancer"), "default": "pig-cvp"},
    ),
]
