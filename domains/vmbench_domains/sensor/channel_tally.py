"""What a user should know of the channels of their recordings, counted while they are read."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from vmbench_domains.own.fill_codes import LIKE_CODES, FillCodes
from vmbench_domains.own.settings import SETTINGS_FILE
from vmbench_domains.sensor.recording_files import Cells
from vmbench_domains.sensor.recordings import SHORTEST, Signal

RISING = 0.99  # share of steps that go up, above which a channel is taken for a counter


class ChannelTally:
    """What was filled, left out or odd in the channels, counted while they are read."""

    def __init__(self, channels: tuple[str, ...]) -> None:
        self.channels = channels
        self.missing = np.zeros(len(channels), np.int64)
        self.samples = 0
        self.lost: Counter[str] = Counter()
        self.rising: Counter[str] = Counter()
        self.still: dict[str, dict[str, float]] = {}  # channel -> file -> its value throughout
        self.commas: list[str] = []
        self.codes = {channel: FillCodes() for channel in channels}
        # channel -> label -> its values there, up to where they are more than one
        self.values: dict[str, dict[int, set[float]]] = {channel: {} for channel in channels}

    def add_file(self, name: str, cells: Cells) -> None:
        """Look at a file's channels."""
        if cells.commas:
            self.commas.append(name)
        for channel, values in cells.numbers.items():
            known = values[np.isfinite(values)]
            self.codes[channel].add(known)
            steps = np.diff(known)
            if len(steps) < SHORTEST:
                continue
            if not steps.any():
                self.still.setdefault(channel, {})[name] = float(known[0])
            elif (steps > 0).mean() > RISING:
                self.rising[channel] += 1

    def add(
        self, name: str, label: int | None, signal: Signal, whole: list[tuple[int, int]]
    ) -> None:
        """Count what is missing in a segment, and what of it is in too long a gap."""
        for channel, values in zip(self.channels, signal, strict=True):
            found = set(values[:: max(len(values) - 1, 1)].tolist())  # both ends will tell most
            found = found if len(found) > 1 else set(values.tolist())
            if label is not None:
                self.values[channel].setdefault(label, set()).update(list(found)[:2])
        self.missing += np.isnan(signal).sum(axis=1)
        self.samples += signal.shape[1]
        lost = signal.shape[1] - sum(stop - start for start, stop in whole)
        if lost:
            self.lost[name] += lost

    def remarks(self, longest: int, files: int) -> Iterator[str]:
        """A sentence for each kind."""
        if self.missing.any():
            share = self.missing.sum() / (self.samples * len(self.channels))
            each = ", ".join(
                f"{name} {count / self.samples:.2%}"
                for name, count in zip(self.channels, self.missing, strict=True)
                if count
            )
            yield (
                f"{share:.2%} of the values are missing ({each}): gaps of up to {longest} samples "
                f"are interpolated"
            )
        if self.lost:
            named = ", ".join(f"{name}: {count}" for name, count in self.lost.most_common(5))
            yield (
                f"{sum(self.lost.values())} of {self.samples} samples are left out, a channel "
                f"being absent for longer ({named})"
            )
        coded = [f"{channel} {codes}" for channel, codes in self.codes.items() if codes.far()]
        if coded:
            yield f"{LIKE_CODES}: {'; '.join(coded)}; empty those cells if so"
        for channel, values in self.still.items():
            if len(values) < files:
                yield f"channel {channel} is constant in {_some(list(values))}"
            elif len(set(values.values())) > 1:
                yield (
                    f"channel {channel} is constant in every file, and not the same in all: an id "
                    f"tells the file (call it subject, or drop = ['{channel}'] in {SETTINGS_FILE})"
                )
        for channel, labels in self.values.items():
            every = [value for found in labels.values() for value in found]
            if len(labels) > 1 and len(every) == len(labels) == len(set(every)):
                yield (
                    f"{channel} is another name of the label: it is constant within each, and "
                    f"differs among them (drop = ['{channel}'] in {SETTINGS_FILE} leaves it out)"
                )
        rising = [channel for channel, count in self.rising.items() if count == files]
        if rising:
            yield (
                f"{', '.join(rising)} only counts up: a row number or a clock tells the place in "
                f"the file (drop = {rising} in {SETTINGS_FILE} leaves it out)"
            )
        if self.commas:
            yield f"decimal commas are read as points ({_some(self.commas)})"


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
