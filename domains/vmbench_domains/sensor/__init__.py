"""Sensor: windows of body-worn accelerometers and gyroscopes."""

from vmbench.data.domain import Domain


class SensorDomain(Domain):
    """Windows as a Grid of one spectrogram per channel, or raw as a Sequence (channels, T)."""

    name = "sensor"
    summary = "windows of wearable inertial sensors, as spectrograms or raw"
    datasets = {
        "watch": "vmbench_domains.sensor.watch:Watch",
        "watch-raw": "vmbench_domains.sensor.watch:WatchRaw",
        "hapt": "vmbench_domains.sensor.hapt:Hapt",
        "hapt-raw": "vmbench_domains.sensor.hapt:HaptRaw",
        "pamap2": "vmbench_domains.sensor.pamap2:Pamap2",
        "pamap2-raw": "vmbench_domains.sensor.pamap2:Pamap2Raw",
        "pamap2-reference": "vmbench_domains.sensor.pamap2:Pamap2Reference",
        "uci-har": "vmbench_domains.sensor.uci_har:UciHar",
        "uci-har-raw": "vmbench_domains.sensor.uci_har:UciHarRaw",
        "wisdm": "vmbench_domains.sensor.wisdm:Wisdm",
        "wisdm-raw": "vmbench_domains.sensor.wisdm:WisdmRaw",
        "recordings": "vmbench_domains.sensor.own_recordings:Recordings",
        "recordings-raw": "vmbench_domains.sensor.own_recordings:RecordingsRaw",
    }
    default = "watch"
    handcrafted = {"grid": "spectral", "sequence": "jitter-warp"}
    presets = {
        "small": {
            "batch_size": 64,
            "epochs": 10,
            "epsilon": 0.35,
            "viewmaker_lr": 0.0046,
        },
        "paper": {"batch_size": 128},
    }
    # Pretraining longer than this loses, on val, what it gained; the supervised ceiling does not.
    view_presets = {
        "small": {
            # The strength is the masks', which viewmaker+handcrafted has in it, too.
            "learned": {"epochs": 4, "lr": 0.004, "temperature": 0.45, "strength": 1.2},
            "handcrafted": {"epochs": 4, "lr": 0.0017, "temperature": 0.45, "strength": 1.2},
            "supervised": {
                "lr": 4.4e-4,
                "batch_size": 32,
                "augmentation": "handcrafted",
                "strength": 0.28,
            },
        }
    }
