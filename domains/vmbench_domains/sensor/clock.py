"""The time column of recordings: which it is, its unit, the rate, and where it is broken."""

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmbench.errors import UserError

Seconds = npt.NDArray[np.float64]

# Unit -> how many are in a second.
UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9, "min": 1 / 60, "h": 1 / 3600}
GUESSED = ("s", "ms", "us", "ns")  # the others must be said
_SPELT = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "millis", "millisecond", "milliseconds"),
    "us": ("us", "\u00b5s", "\u03bcs", "usec", "micros", "microsecond", "microseconds"),
    "ns": ("ns", "nsec", "nanos", "nanosecond", "nanoseconds"),
    "min": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hour", "hours"),
}
_UNIT_OF = {word: unit for unit, words in _SPELT.items() for word in words}
_CLOCKS = {
    "time", "timestamp", "timestamps", "datetime", "date", "epoch", "unix", "unixtime", "utc",
    "elapsed",
}  # fmt: skip
_FILLERS = {
    "unix", "since", "start", "stamp", "utc", "local", "elapsed", "in", "epoch", "of", "day", "iso",
}  # fmt: skip
_TIME_OF_DAY = re.compile(r"(\d{1,2}):([0-5]?\d):([0-5]?\d(?:[.,]\d+)?)")

DAY = 86_400.0  # seconds
SLOWEST, FASTEST = 0.01, 20_000.0  # Hz; what a recording's rate may be
EPOCH = (6.3e8, 2.9e9)  # seconds since 1970: the years 1990 to 2061
GAP = 5  # sample periods; a longer pause ends a stretch
IRREGULAR = 0.5  # sample periods that a step may be off before it is called irregular
BLOCK, ONE_FILE = 64, 1.15  # steps; the ratio of their medians that makes two rates
BACK = 4  # of so many steps ahead, one may be back
COARSE = 0.1  # share of steps of zero from which on the clock ticks more slowly than the samples


@dataclass(frozen=True)
class Timing:
    """How the samples of a file follow each other.

    Attributes:
        period: seconds from one sample to the next.
        tick: seconds by which the clock rises, if it rises more seldom than there are samples.
        broken: (T - 1,), whether time jumps (by more than GAP periods, or backwards) after a row.
        irregular: (T - 1,), whether a step is off by more than half a period, and no break.
    """

    period: float
    tick: float | None
    broken: npt.NDArray[np.bool_]
    irregular: npt.NDArray[np.bool_]


def unit_of(name: str) -> tuple[bool, str | None]:
    """Whether a column of this name is a clock, and the unit that its name says.

    >>> [unit_of(n) for n in ("Time", "time_ms", "Timestamp [ns]", "seconds_elapsed", "ax (ms)")]
    [(True, None), (True, 'ms'), (True, 'ns'), (True, 's'), (False, None)]
    """
    words = [word for word in re.split(r"[^a-z\u00b5\u03bc]+", name.lower()) if word]
    units = [_UNIT_OF[word] for word in words if word in _UNIT_OF]
    rest = [word for word in words if word not in _UNIT_OF]
    # "seconds" alone is a clock too; "s" or "ns" alone may be anything.
    clock = any(word in _CLOCKS for word in rest) or (not rest and words and len(words[0]) > 2)
    if not clock or any(word not in _CLOCKS | _FILLERS for word in rest) or len(units) > 1:
        return False, None
    return True, units[0] if units else None


def parse_dates(texts: Sequence[str], where: Callable[[int], str], column: str) -> Seconds:
    """Dates, or times of day, as seconds since the first; an empty cell is NaN.

    Raises:
        UserError: one of them is no date.
    """
    import pandas

    cells = [text.strip() for text in texts]
    if not cells:
        return np.empty(0)
    if _TIME_OF_DAY.fullmatch(cells[0]):
        clock = [_of_day(text, row, where, column) for row, text in enumerate(cells)]
        return np.unwrap(np.array(clock), period=DAY)  # midnight is no step back
    cells = [text.replace(",", ".") for text in cells]
    given = pandas.Series([text or None for text in cells], dtype=object)
    try:
        dates = pandas.to_datetime(given, utc=True, format="ISO8601")
    except (ValueError, OverflowError):
        dates = None
    if dates is None:
        guess = _date_format(cells)
        dates = pandas.to_datetime(given, utc=True, format=guess, errors="coerce")
        bad = np.flatnonzero(dates.isna().to_numpy() & given.notna().to_numpy())
        if len(bad):
            row = int(bad[0])
            raise UserError(
                f"{where(row)}, column '{column}': {cells[row][:40]!r} is no time; write seconds, "
                f"or dates like 2024-01-31 12:00:00.020"
            )
    since = (dates - dates.iloc[0]).dt.total_seconds()
    return np.asarray(since, np.float64)


def _date_format(cells: Sequence[str]) -> str:
    """The format of the first and last cell; day before month only if the reverse is no date."""
    import pandas

    for day_first in (False, True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the first cell is read day first, or is not
            guess = pandas.tseries.api.guess_datetime_format(cells[0], dayfirst=day_first)
        if guess and pandas.notna(pandas.to_datetime(cells[-1], format=guess, errors="coerce")):
            return str(guess)
    return "ISO8601"


def _of_day(text: str, row: int, where: Callable[[int], str], column: str) -> float:
    if not text:
        return np.nan
    found = _TIME_OF_DAY.fullmatch(text)
    if found is None:
        raise UserError(
            f"{where(row)}, column '{column}': {text[:40]!r} is no time of day, the first is one"
        )
    hours, minutes, seconds = (float(part.replace(",", ".")) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def find_unit(values: Seconds, where: object, column: str) -> str:
    """The unit of a clock of numbers whose name says none, by its values.

    Years 1990 to 2061 since 1970 tell a unit, if it gives 1 Hz or more, and so does a step below 1,
    which is in seconds; a larger step may be anything, so it is asked for.

    Args:
        values: (T,).
        where: file or folder, for messages.
        column: the clock's name, for messages.

    Raises:
        UserError: the values leave it open.
    """
    steps = np.diff(values)
    _check_order(steps, where)
    steps = steps[steps > 0]
    if not len(steps):
        return "s"
    step = float(np.median(steps))
    usual = float(np.median(values))
    rates = {unit: UNITS[unit] / step for unit in GUESSED}
    since_1970 = [
        unit
        for unit in GUESSED
        if EPOCH[0] <= usual / UNITS[unit] <= EPOCH[1] and 1 <= rates[unit] <= FASTEST
    ]
    if since_1970:
        return since_1970[0]
    if step < 1 and rates["s"] <= FASTEST:
        return "s"
    readings = ", ".join(
        f"{rate:.6g} Hz in {unit}" for unit, rate in rates.items() if SLOWEST <= rate <= FASTEST
    )
    raise UserError(
        f"{where}: column '{column}' rises by {step:.6g}, whose unit is unknown"
        + (f" ({readings})" if readings else "")
        + f": name it '{column}_s', '{column}_ms', '{column}_us' or '{column}_ns', or say "
        f'time_unit = "ms" in vmbench.toml'
    )


def timing(seconds: Seconds, same: npt.NDArray[np.bool_], where: object) -> Timing | None:
    """The period and the breaks of a file; None if no two rows belong together.

    Args:
        seconds: (T,), of every row.
        same: (T - 1,), whether a row and the next are of one subject and session.
        where: the file, for messages.

    Raises:
        UserError: time stands still or runs backwards, or the rate is out of all bounds.
    """
    steps = np.diff(seconds)
    within = steps[same]
    if not len(within):
        return None
    forward = within[within > 0]
    _check_order(within, where)
    if not len(forward):
        raise UserError(f"{where}: time stands still: is it the right column?")
    tick = float(np.median(forward))
    coarse = float((within == 0).mean()) > COARSE
    usual = within[(within >= 0) & (within <= (3 if coarse else GAP) * tick)]
    period = _coarse_period(usual) if coarse else _period(usual, tick)
    if not SLOWEST <= 1 / period <= FASTEST:
        raise UserError(
            f"{where}: time gives {1 / period:.6g} Hz; a recording has {SLOWEST:g} to {FASTEST:g} "
            f"Hz: is its unit right? (time_unit in vmbench.toml)"
        )
    if not coarse:
        _check_one_rate(usual, where)
    broken = (steps > (max(GAP * period, 2.5 * tick) if coarse else GAP * period)) | (
        steps < -period
    )
    off = np.abs(steps - period) > IRREGULAR * period
    irregular = np.zeros_like(off) if coarse else off & ~broken
    return Timing(period, tick if coarse else None, broken, irregular)


def _check_order(steps: Seconds, where: object) -> None:
    back, forth = int((steps < 0).sum()), int((steps > 0).sum())
    if back * BACK > forth:
        raise UserError(
            f"{where}: time runs backwards in {back} of {len(steps)} steps: sort the rows by time"
        )


def _period(steps: Seconds, tick: float) -> float:
    """The mean step, where a step over lost samples counts as many."""
    return float(steps.sum() / np.round(steps / tick).sum())


def _coarse_period(steps: Seconds) -> float:
    """The mean step between the first and the last tick; before and after, ticks are not whole."""
    ticks = np.flatnonzero(steps > 0)
    if len(ticks) < 2:
        return float(steps.mean())
    first, last = int(ticks[0]) + 1, int(ticks[-1]) + 1
    return float(steps[first:last].sum() / (last - first))


def _check_one_rate(steps: Seconds, where: object) -> None:
    """Refuse a file that changes its rate on the way, as when two recordings are joined."""
    smooth = np.convolve(steps, np.full(4, 0.25), "valid")  # a clock of whole ms alternates
    blocks = smooth[: len(smooth) // BLOCK * BLOCK].reshape(-1, BLOCK)
    if len(blocks) < 2:
        return
    low, high = np.percentile(np.median(blocks, axis=1), (10, 90))
    if high > ONE_FILE * low:
        raise UserError(
            f"{where}: the rate changes within the file ({1 / high:.3g} Hz and {1 / low:.3g} Hz): "
            f"make a file of each part"
        )
