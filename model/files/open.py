"""Opens a recording, of whatever kind its name and what lies beside it tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model.files.flat import (
    META_SUFFIX,
    OEBIN,
    RAW_SUFFIXES,
    open_npy,
    open_open_ephys,
    open_raw,
    open_spikeglx,
    open_wav,
)
from model.files.hints import Hints
from model.files.neo_files import NeoFile
from model.files.nwb import NwbFile
from model.files.recording import Recording, Signal
from model.files.spike_folder import NAMES

HINTS_TAKEN = {
    **dict.fromkeys(RAW_SUFFIXES, ("channels", "sampling_hz", "dtype", "gain_microvolts", "offset")),
    ".npy": ("sampling_hz", "gain_microvolts"),
    ".wav": (),
    ".nwb": ("series",),
}
"""Hints that files of a suffix take; those of any other are for Neo."""
SCAN_BYTES = 1 << 24
"""Bytes of a recording that are looked at at a time."""


def is_spike_folder(path: Path) -> bool:
    """Return whether a folder holds spike times as Kilosort and phy write them."""
    return any((path / name).is_file() for name in NAMES)


def check_hints(hints: Hints, *sources: Path) -> None:
    """Raise `ValueError` if a hint is given that none of the sources takes, and that would be passed over."""
    taken = {name for source in sources for name in _hints_taken(source, hints)}
    names = ", ".join(map(str, sources))
    why = f"{names} {'do' if len(sources) > 1 else 'does'} not take it" if sources else "there is no source"
    if described := [place for source in sources if (place := description(source)) is not None]:
        why += f", since {described[0]} tells it; with --channels, the samples are read as raw binary"
    hints.check_taken(taken, why)


def _hints_taken(source: Path, hints: Hints) -> tuple[str, ...]:
    if is_spike_folder(source):
        return ("sampling_hz",)
    if hints.channels is None and description(source) is not None:
        return ()
    return HINTS_TAKEN.get(source.suffix.lower(), ("stream",))


def description(source: Path) -> Path | None:
    """Return the file of SpikeGLX or Open Ephys that describes raw binary, or None."""
    if source.suffix.lower() not in RAW_SUFFIXES:
        return None
    beside = [source.with_suffix(META_SUFFIX), *(folder / OEBIN for folder in source.absolute().parents[2:3])]
    return next((place for place in beside if place.is_file()), None)


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
    describing = description(path)
    if describing is not None:
        return open_open_ephys(path) if describing.name == OEBIN else open_spikeglx(path)
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
