"""Seismic: synthetic three-component seismograms; a complete third-party domain in one module."""

from collections.abc import Iterator

import numpy as np

from vmbench.data.dataset import Card, Dataset, Example, HeldOut, Task
from vmbench.data.domain import Domain
from vmbench.data.specs import Sequence

RATE, LENGTH = 20, 600  # samples per second, samples: a trace of 30 s
VP, VS, VR = 6.0, 3.5, 2.5  # speeds of P, S and surface (Rg) waves in the upper crust, km/s
SOURCES = ("earthquake", "quarry blast", "noise")
STATIONS, TRACES = 40, 30
Trace = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class LocalEvents(Dataset):
    """Which source shook the ground, up to 60 km away: 40 stations, 30 traces each."""

    name = "local-events"
    revision = "1"
    spec = Sequence(3, LENGTH)  # vertical, north, east
    tasks = (Task("source", SOURCES, "8 of 40 stations held out for test, 6 for val"),)
    card = Card(
        licence="CC0: synthetic",
        citation="none; spectra after Brune 1970, J. Geophys. Res. 75, 4997-5009",
        homepage="none",
        notes="Synthetic: waves of the right speeds, spectra and polarity, no real earth.",
    )
    package = ("vmbench_seismic", "")
    normalize = "channel"

    def examples(self) -> Iterator[Example]:
        """Yield every trace, station by station, each from its own seed."""
        held = HeldOut.draw(range(STATIONS), val=6, test=8, seed=0)
        for station in range(STATIONS):
            site = np.random.default_rng([1, station]).uniform(0.5, 2, (3, 1))  # the soil's gain
            for i in range(TRACES):
                trace = ground_motion(SOURCES[i % 3], np.random.default_rng([2, station, i]))
                x = (site * trace / np.abs(trace).max()).astype(np.float32)
                yield Example(x, {"source": i % 3}, {"source": held.split(station)}, str(station))


def ground_motion(source: str, rng: np.random.Generator) -> Trace:
    """Velocity (3, 600) of one event over microseismic noise, in units of its P amplitude."""
    noise = np.cumsum(rng.standard_normal((3, LENGTH)), axis=1)  # red, as microseisms are
    motion: Trace = 0.2 * (noise - noise.mean(1, keepdims=True)) / noise.std()
    distance, onset, azimuth = rng.uniform((10, 2, 0), (60, 8, 2 * np.pi))  # km, s, radians
    north, east = np.cos(azimuth), np.sin(azimuth)
    up, across = np.array([1, 0.4 * north, 0.4 * east]), np.array([0.3, -east, north])
    s_over_p = rng.uniform(1.5, 4) if source == "earthquake" else rng.uniform(0.2, 0.7)
    # Speed, amplitude, corner frequency in Hz, decay in s and direction of motion.
    waves = [(VP, 1.0, 6.0, 1.5, up), (VS, s_over_p, 4.0, 3.0, across)]
    if source == "quarry blast":  # shallow, so that it makes surface waves
        waves.append((VR, rng.uniform(0.8, 2), 0.8, 4.0, up))
    for speed, amplitude, corner, decay, direction in waves if source != "noise" else ():
        arrival = onset + distance / speed - distance / VP
        motion += amplitude * direction[:, None] * wave_train(arrival, corner, decay, rng)
    return motion


def wave_train(arrival: float, corner: float, decay: float, rng: np.random.Generator) -> Trace:
    """Noise (600,) with Brune's velocity spectrum f / (1 + (f / corner)^2) that decays, peak 1."""
    f = np.fft.rfftfreq(LENGTH, 1 / RATE)
    spectrum = np.fft.rfft(rng.standard_normal(LENGTH)) * f / (1 + (f / corner) ** 2)
    after = np.arange(LENGTH) / RATE - arrival
    train: Trace = np.fft.irfft(spectrum, LENGTH) * (after >= 0) * np.exp(-np.abs(after) / decay)
    return train / float(np.abs(train).max())


class SeismicDomain(Domain):
    """Three-component traces as a Sequence (vertical, north, east; T)."""

    name = "seismic"
    summary = "synthetic seismograms of earthquakes, quarry blasts and noise"
    datasets = {LocalEvents.name: LocalEvents}
    default = LocalEvents.name
    handcrafted = {"sequence": "crop-jitter-scale"}
