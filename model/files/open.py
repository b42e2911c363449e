"""Opens a recording, of whatever kind its name and what lies beside it tell."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.files.flat import RAW_SUFFIXES, open_npy, open_open_ephys, open_raw, open_spikeglx, open_wav
from model.files.neo_files import NeoFile
from model.files.nwb import NwbFile
from model.files.recording import Recording, Signal
from model.files.spike_folder import NAMES
from model.golden.settings import check_int

SCAN_BYTES = 1 << 24
"""Bytes of a recording that are looked at at a time."""


@dataclass(frozen=True)
class Hints:
    """What a file may not tell itself.

    Attributes
    ----------
    channels : int, optional
        Of raw binary, which needs it.
    sampling_hz : float, optional
        Of raw binary, `.npy` and spike times.
    dtype : str
        Type of the samples of raw binary, by NumPy's name.
    gain_microvolts : float, optional
        What a unit is, in raw binary and `.npy`.
    offset : int
        Bytes before the first sample in raw binary.
    stream : int, optional
        Which stream of a recording that Neo reads.
    series : str, optional
        Which ElectricalSeries of an NWB file.
    """

    channels: int | None = None
    sampling_hz: float | None = None
    dtype: str = "int16"
    gain_microvolts: float | None = None
    offset: int = 0
    stream: int | None = None
    series: str | None = None

    def __post_init__(self) -> None:
        if self.channels is not None:
            check_int("channels", self.channels, 1, sys.maxsize)
        for name, value in (("fs", self.sampling_hz), ("gain", self.gain_microvolts)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a number above 0, not {value!r}")
        if not _is_numeric(self.dtype):
            raise ValueError(f"dtype must be a type of numbers, such as int16, uint16 or float32, not {self.dtype!r}")

    @property
    def gains(self) -> list[float]:
        """The gain as a list."""
        return [] if self.gain_microvolts is None else [self.gain_microvolts]


def _is_numeric(name: str) -> bool:
    try:
        return np.dtype(name).kind in "biuf"
    except TypeError:
        return False


def is_spike_folder(path: Path) -> bool:
    """Return whether a folder holds spike times as Kilosort and phy write them."""
    return any((path / name).is_file() for name in NAMES)


def open_recording(path: Path, hints: Hints) -> Recording:
    """Open samples or a raster.

    Raises
    ------
    ValueError
        It cannot be read, or hints that it needs are missing.
    """
    if not path.exists():
        raise ValueError(f"source {path} does not exist")
    if is_spike_folder(path):
        raise ValueError(f"source {path} holds spike times, which only compress, recommend and bench take")
    suffix = path.suffix.lower()
    if path.is_file() and suffix in RAW_SUFFIXES:
        if hints.channels is None:
            return _open_by_neighbours(path)
        signal = Signal(0, hints.channels, np.dtype(hints.dtype), hints.sampling_hz, hints.gains * hints.channels)
        return open_raw(path, signal, hints.offset)
    if suffix == ".npy":
        return open_npy(path, hints.sampling_hz, hints.gains)
    if suffix == ".wav":
        return open_wav(path)
    if suffix == ".nwb":
        return NwbFile(path, hints.series)
    return NeoFile(path, hints.stream)


def _open_by_neighbours(path: Path) -> Recording:
    if path.with_suffix(".meta").is_file():
        return open_spikeglx(path)
    if len(path.parents) > 2 and (path.parents[2] / "structure.oebin").is_file():
        return open_open_ephys(path)
    raise ValueError(f"{path} is raw binary: its channels must be given with --channels (and --dtype, unless int16)")


def is_raster(recording: Recording) -> bool:
    """Return whether a recording is of a type of one byte, and all of it is 0 or 1."""
    signal = recording.signal
    if signal.dtype.itemsize > 1 or not signal.steps:
        return False
    piece = max(1, SCAN_BYTES // max(1, signal.channels))
    return all(
        bool(
            ((rows := recording.rows(start, min(start + piece, signal.steps))).view(np.uint8) <= 1).all()
            or not rows.size
        )
        for start in range(0, signal.steps, piece)
    )
