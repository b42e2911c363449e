"""ElectricalSeries in NWB files: read with h5py, written with PyNWB. Needs the extra `nwb`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.files.extras import need
from model.files.recording import Recording, Rows, Signal
from model.files.whole import whole_path

SERIES = "ElectricalSeries"
VOLTS_TO_MICROVOLTS = 1e6
CHANNELS_MAX = 1 << 16
"""Most channels that are written: each is a row of the table of electrodes."""


class NwbFile(Recording):
    """The one ElectricalSeries of an NWB file in HDF5.

    Parameters
    ----------
    path : Path
        The file.
    series : str, optional
        Path of the series within the file, such as `acquisition/ElectricalSeries`, where there are several.
    """

    kind = "NWB"

    def __init__(self, path: Path, series: str | None = None) -> None:
        h5py = need("h5py", "nwb", f"reading {path.name}")
        try:
            self._file = h5py.File(path)
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error}") from None
        found: list[str] = []
        self._file.visititems(
            lambda name, item: found.append(name) if item.attrs.get("neurodata_type") == SERIES else None
        )
        if series is None and len(found) != 1:
            listed = ", ".join(found) or "none"
            raise ValueError(f"{path} must have one {SERIES}, or --series must name it; it has: {listed}")
        if series is not None and series not in found:
            raise ValueError(f"series must be one of {', '.join(found)} for {path}, not {series}")
        self.note = f"of {path}, the series {series or found[0]} is kept, and not the rest of the file"
        group = self._file[series or found[0]]
        try:
            self._data, self._times = group["data"], group.get("timestamps")
            signal = self._signal(group)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} has a series {group.name} that is not as NWB has it: {error}") from None
        super().__init__(path, signal)

    def rows(self, start: int, stop: int) -> Rows:
        """Return steps `start` to `stop`, exclusive."""
        rows: Rows = self._data[start:stop]
        return rows.reshape(stop - start, self.signal.channels)

    def times(self) -> NDArray[np.float64] | None:
        """Return the time of each step in seconds where the file lists it."""
        return None if self._times is None else np.asarray(self._times[:], np.float64)

    def _signal(self, group: Any) -> Signal:  # noqa: ANN401 - h5py has no types
        attributes = self._data.attrs
        steps, channels = self._data.shape[0], int(np.prod(self._data.shape[1:], dtype=int))
        by_channel = group["channel_conversion"][:] if "channel_conversion" in group else np.ones(channels)
        if len(by_channel) != channels:
            raise ValueError(f"{len(by_channel)} channel_conversion for {channels} channels")
        if self._times is not None and (self._times.shape != (steps,) or self._times.dtype.kind not in "iuf"):
            raise ValueError(f"timestamps of {self._times.dtype} {self._times.shape} for {steps} samples")
        gain = float(attributes.get("conversion", 1)) * VOLTS_TO_MICROVOLTS
        offset = float(attributes.get("offset", 0)) * VOLTS_TO_MICROVOLTS
        rate = group["starting_time"].attrs.get("rate") if "starting_time" in group else None
        return Signal(
            steps,
            channels,
            self._data.dtype,
            None if rate is None else float(rate),
            [gain * float(factor) for factor in by_channel],
            [offset] * channels,
        )


def write_nwb(path: Path, signal: Signal, pieces: Iterator[Rows], times: NDArray[np.float64] | None) -> None:
    """Write a recording as an ElectricalSeries of a new NWB file, a piece at a time.

    Parameters
    ----------
    path : Path
        The file; it appears when it is whole.
    signal : Signal
        What it holds; it must tell the sampling rate, or `times` must.
    pieces : iterator of NDArray
        The samples.
    times : NDArray, optional
        Time of each step in seconds.
    """
    pynwb = need("pynwb", "nwb", f"writing {path.name}")
    h5py = need("h5py", "nwb", f"writing {path.name}")
    if len(set(signal.offset_microvolts)) > 1:
        raise ValueError("NWB has one offset for all channels, but those of this recording differ")
    if signal.channels > CHANNELS_MAX:
        raise ValueError(f"output {path} can have at most {CHANNELS_MAX} channels, not {signal.channels}")
    if times is None and signal.sampling_hz is None:
        raise ValueError(f"output {path} needs the sampling rate, which compress must be told with --fs")
    file = pynwb.NWBFile("decoded by corticodec", path.stem, datetime.fromtimestamp(0, UTC))
    device = file.create_device("device")
    group = file.create_electrode_group("electrodes", "unknown", "unknown", device)
    for _ in range(signal.channels):
        file.add_electrode(group=group, location="unknown")
    region = file.create_electrode_table_region(list(range(signal.channels)), "all channels")
    gains = signal.gain_microvolts or [VOLTS_TO_MICROVOLTS] * signal.channels
    clock = {"rate": signal.sampling_hz, "starting_time": 0.0} if times is None else {"timestamps": times}
    # A dataset without samples, which are filled in below.
    shape = (signal.steps, signal.channels)
    data = pynwb.H5DataIO(shape=shape, dtype=signal.dtype, chunks=True if signal.bytes else None)
    same = len(set(gains)) == 1
    series = pynwb.ecephys.ElectricalSeries(
        name=SERIES,
        data=data,
        electrodes=region,
        conversion=(gains[0] if same else 1.0) / VOLTS_TO_MICROVOLTS,
        channel_conversion=None if same else gains,
        offset=(signal.offset_microvolts or [0.0])[0] / VOLTS_TO_MICROVOLTS,
        **clock,
    )
    file.add_acquisition(series)
    with whole_path(path) as part, _told_in_a_sentence():
        with pynwb.NWBHDF5IO(str(part), "w") as io:
            io.write(file)
        with h5py.File(part, "r+") as written:
            stored, done = written[f"acquisition/{SERIES}/data"], 0
            for piece in pieces:
                stored[done : done + len(piece)] = piece
                done += len(piece)


@contextmanager
def _told_in_a_sentence() -> Iterator[None]:
    """Raise `OSError` with the system's words where HDF5 fails, instead of its own, which are many lines."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        words = re.search("error message = '(.*?)'", str(error))
        raise OSError(words[1] if words else " ".join(str(error).split())) from None
