"""Recordings of acquisition systems, Intan and others, by way of Neo's raw readers. Needs the extra `neo`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from model.files.extras import need
from model.files.flat import RAW_SUFFIXES
from model.files.recording import Recording, Rows, Signal

MICROVOLTS = {"uV": 1.0, "µV": 1.0, "mV": 1e3, "V": 1e6}


class NeoFile(Recording):
    """One stream of signals of a recording of one segment.

    Parameters
    ----------
    path : Path
        A file or folder that Neo knows.
    stream : int, optional
        Which of its streams of signals; it must be told where there are several.
    """

    def __init__(self, path: Path, stream: int | None = None) -> None:
        self._reader = _reader_of(path)
        self.kind = f"{type(self._reader).__name__.removesuffix('RawIO')}, read by Neo"
        self._stream = self._chosen(path, stream)
        if any(len(self._reader.header[kind]) for kind in ("event_channels", "spike_channels")):
            self.note = f"of {path}, the signals are kept, and not its events and spikes"
        super().__init__(path, self._signal(path))

    def rows(self, start: int, stop: int) -> Rows:
        """Return steps `start` to `stop`, exclusive."""
        rows: Rows = self._reader.get_analogsignal_chunk(0, 0, start, stop, self._stream)
        return np.ascontiguousarray(rows)

    def _chosen(self, path: Path, stream: int | None) -> int:
        names = [str(name) for name in self._reader.header["signal_streams"]["name"]]
        if not names:
            raise ValueError(f"{path} has no signals")
        if stream is None and len(names) > 1:
            listed = ", ".join(f"{index} {name}" for index, name in enumerate(names))
            raise ValueError(f"{path} has several streams; choose one with --stream: {listed}")
        if not 0 <= (stream or 0) < len(names):
            raise ValueError(f"stream must be in 0..{len(names) - 1} for {path}, not {stream}")
        return stream or 0

    def _signal(self, path: Path) -> Signal:
        reader = self._reader
        if reader.block_count() != 1 or reader.segment_count(0) != 1:
            segments = sum(reader.segment_count(block) for block in range(reader.block_count()))
            raise ValueError(f"{path} must hold one segment, not {segments}: save each as a file of its own")
        stream_id = reader.header["signal_streams"][self._stream]["id"]
        channels = reader.header["signal_channels"]
        channels = channels[channels["stream_id"] == stream_id]
        scale = [MICROVOLTS.get(str(unit)) for unit in channels["units"]]
        known = [unit for unit in scale if unit is not None]
        gains, offsets = [], []
        if len(known) == len(channels):
            gains = [float(gain) * unit for gain, unit in zip(channels["gain"], known, strict=True)]
            offsets = [float(offset) * unit for offset, unit in zip(channels["offset"], known, strict=True)]
        return Signal(
            reader.get_signal_size(0, 0, self._stream),
            len(channels),
            np.dtype(channels["dtype"][0]),
            float(reader.get_signal_sampling_rate(self._stream)),
            gains,
            offsets,
            [str(name) for name in channels["name"]],
        )


def _reader_of(path: Path) -> Any:  # noqa: ANN401 - Neo's readers have no common type
    """Return the first of Neo's readers for a name that can read the file."""
    rawio = need(
        "neo.rawio",
        "neo",
        f"reading {path.name}, which is no .npy, .wav, .nwb or raw binary ({', '.join(RAW_SUFFIXES)}),",
    )
    reasons = []
    for reader_class in rawio.get_rawio(str(path), exclusive_rawio=False) or []:
        name = "dirname" if reader_class.rawmode == "one-dir" else "filename"
        try:
            reader = reader_class(**{name: str(path)})
            reader.parse_header()
        except Exception as error:  # Neo's readers raise whatever they meet
            reasons.append(f"{reader_class.__name__}: {str(error).splitlines()[0] if str(error) else error!r}")
        else:
            return reader
    raise ValueError(f"{path} cannot be read: {'; '.join(reasons) or 'no reader of Neo knows it'}")
