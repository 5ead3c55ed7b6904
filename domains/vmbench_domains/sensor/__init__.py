"""Sensor: windows of body-worn accelerometers and gyroscopes."""

from vmbench.data.domain import Domain
from vmbench_domains.presets import presets_of


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
    presets = presets_of("sensor")
