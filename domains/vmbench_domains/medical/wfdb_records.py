"""Signals in PhysioNet's WFDB format, through the package wfdb (extra ``wfdb``)."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vmbench.errors import missing_package

# What a broken record makes wfdb raise: it parses headers and codes without checking them first.
UNREADABLE = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError)


@contextlib.contextmanager
def _without_deprecations() -> Iterator[None]:
    """Package wfdb 4.3 calls pandas in ways that pandas 3.1 announces the end of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


def import_wfdb() -> Any:
    """The package; raises :class:`~vmbench.errors.UserError` naming the extra if it is absent."""
    try:
        with _without_deprecations():
            import wfdb
    except ModuleNotFoundError as error:
        if error.name != "wfdb":
            raise
        raise missing_package("wfdb", "wfdb", "reading PhysioNet's records") from error
    return wfdb


def read_signals(record: Path) -> tuple[npt.NDArray[np.float32], list[str], float]:
    """Signals (channels, T) in their physical unit, their names, and the rate in Hz.

    Args:
        record: path without a suffix; ``.hea`` and ``.dat`` are beside each other.

    Raises:
        ValueError: the record cannot be read, or a sample is missing.
        UserError: wfdb is not installed.
    """
    wfdb = import_wfdb()
    try:
        with _without_deprecations():
            found = wfdb.rdrecord(str(record))
        signals = np.ascontiguousarray(found.p_signal.T, np.float32)
        names, rate = [str(name) for name in found.sig_name], float(found.fs)
    except UNREADABLE as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if not np.isfinite(signals).all():
        raise ValueError(f"{int((~np.isfinite(signals)).sum())} samples are missing")
    return signals, names, rate


def read_annotations(record: Path, extension: str) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Sample numbers (N,) and the symbol of each.

    Raises:
        ValueError: the annotations cannot be read.
        UserError: wfdb is not installed.
    """
    wfdb = import_wfdb()
    try:
        with _without_deprecations():
            found = wfdb.rdann(str(record), extension)
        return np.asarray(found.sample, np.int64), [str(symbol) for symbol in found.symbol]
    except UNREADABLE as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def write_record(
    record: Path,
    signals: npt.NDArray[np.float64],
    names: list[str],
    rate: int,
    form: str,
    beats: tuple[list[int], list[str]] | None = None,
) -> None:
    """Write a record as PhysioNet does, for the samples of datasets.

    Args:
        record: path without a suffix; its folder is made if need be.
        signals: (channels, T), in mV.
        names: of the channels.
        rate: in Hz.
        form: WFDB's name of the binary format, e.g. ``"212"``.
        beats: sample numbers and symbols of the ``.atr`` annotations, if there are any.
    """
    wfdb = import_wfdb()
    record.parent.mkdir(parents=True, exist_ok=True)
    count = len(names)
    with _without_deprecations():
        wfdb.wrsamp(
            record.name,
            fs=rate,
            units=["mV"] * count,
            sig_name=names,
            p_signal=signals.T,
            fmt=[form] * count,
            adc_gain=[200.0] * count,
            baseline=[0] * count,
            write_dir=str(record.parent),
        )
        if beats:
            samples, symbols = beats
            wfdb.wrann(
                record.name,
                "atr",
                np.array(samples),
                symbols,
                fs=rate,
                write_dir=str(record.parent),
            )
