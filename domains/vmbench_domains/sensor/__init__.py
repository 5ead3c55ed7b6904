"""Sensor: windows of body-worn accelerometers and gyroscopes."""

from vmbench.domain import Domain


class SensorDomain(Domain):
    """Windows as a Grid of one spectrogram per channel, or raw as a Sequence (channels, T)."""

    name = "sensor"
    summary = "windows of wearable inertial sensors, as spectrograms or raw"
    datasets = {
        "watch": "vmbench_domains.sensor.watch:Watch",
        "watch-raw": "vmbench_domains.sensor.watch:WatchRaw",
    }
    default = "watch"
    handcrafted = {"grid": "spectral", "sequence": "jitter-warp"}
    presets = {"small": {"epsilon": 0.5}, "paper": {"batch_size": 128}}
