"""Files whose samples lie one after another: raw binary, `.npy`, WAV. Their bytes can be restored as they were."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from model.files.recording import Recording, Rows, Signal

RAW_SUFFIXES = (".bin", ".dat", ".raw")
META_SUFFIX = ".meta"
"""Of the file that SpikeGLX writes beside its samples."""
HEAD_BYTES_MAX = 1 << 26
"""Most bytes before and after the samples."""
OEBIN = "structure.oebin"
"""Name of the file in which Open Ephys describes a recording."""
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
"""Formats of samples in WAV files."""
UNKNOWN_SIZE = 0xFFFFFFFF
PACKED_BYTES, PACKED_DTYPE = 3, np.dtype("<i4")
"""Samples of 24 bits, and the type that they are read as."""


@dataclass(frozen=True)
class Layout:
    """How samples lie in a file.

    Attributes
    ----------
    offset : int
        Bytes before the first sample.
    by_channel : bool
        All samples of a channel before those of the next one; otherwise all channels of a step.
    sample_bytes : int
        Bytes of a sample in the file: 3 for the 24 bits that are read as int32, else as their type says.
    """

    offset: int
    by_channel: bool
    sample_bytes: int


class FlatFile(Recording):
    """A file of head, samples, and tail.

    Attributes
    ----------
    layout : Layout
        Where the samples are.
    head, tail : bytes
        What is before and after them.
    meta : bytes or None
        The file that lies beside it and describes it, of SpikeGLX.
    """

    meta: bytes | None = None

    def __init__(self, path: Path, kind: str, signal: Signal, layout: Layout) -> None:
        super().__init__(path, signal)
        self.kind, self.layout = kind, layout
        size = signal.steps * signal.channels * layout.sample_bytes
        after = path.stat().st_size - layout.offset - size
        if after < 0:
            raise ValueError(f"{path} is cut off: {-after} bytes of its samples are missing")
        if layout.offset > HEAD_BYTES_MAX or after > HEAD_BYTES_MAX:
            raise ValueError(f"{path} has more than {HEAD_BYTES_MAX} bytes before or after its samples")
        with path.open("rb") as file:
            self.head = file.read(layout.offset)
            file.seek(layout.offset + size)
            self.tail = file.read()

    def rows(self, start: int, stop: int) -> Rows:
        """Return steps `start` to `stop`, exclusive."""
        signal, layout = self.signal, self.layout
        if not signal.steps or not signal.channels:
            return np.empty((stop - start, signal.channels), signal.dtype)
        packed = layout.sample_bytes != signal.dtype.itemsize
        shape = (signal.channels, signal.steps) if layout.by_channel else (signal.steps, signal.channels)
        dtype = np.dtype((np.uint8, (layout.sample_bytes,))) if packed else signal.dtype
        samples = np.memmap(self.path, dtype, "r", layout.offset, shape)
        rows = np.array(samples[:, start:stop].T if layout.by_channel else samples[start:stop])
        return _unpacked(rows) if packed else rows


class FlatWriter:
    """Writes rows into an empty file as they lay in another one: from its beginning to its end, unless by channel.

    Parameters
    ----------
    file : binary file
        Where to.
    signal, layout
        What it holds, and where.
    head : bytes
        What is before the samples.
    """

    def __init__(self, file: IO[bytes], signal: Signal, layout: Layout, head: bytes) -> None:
        self._file, self._signal, self._layout = file, signal, layout
        self._done = 0
        file.write(head)

    def write(self, rows: Rows) -> None:
        """Write the next rows."""
        stored = rows
        if self._layout.sample_bytes != self._signal.dtype.itemsize:
            stored = rows.astype("<i4").view(np.uint8).reshape(*rows.shape, 4)[:, :, :PACKED_BYTES]
        if self._layout.by_channel:
            size = self._layout.sample_bytes
            for channel in range(self._signal.channels):
                self._file.seek(self._layout.offset + (channel * self._signal.steps + self._done) * size)
                self._file.write(stored[:, channel].tobytes())
        else:
            self._file.write(stored.tobytes())
        self._done += len(rows)

    def finish(self, tail: bytes) -> None:
        """Write what is after the samples."""
        self._file.write(tail)


def open_raw(path: Path, signal: Signal, offset: int = 0) -> FlatFile:
    """Open raw binary: all channels of a step, then those of the next.

    Parameters
    ----------
    path : Path
        The file.
    signal : Signal
        What it holds; its steps are counted here.
    offset : int
        Bytes before the first sample.
    """
    size = path.stat().st_size
    if not 0 <= offset <= size:
        raise ValueError(f"offset must be in 0..{size} for {path}, not {offset}")
    steps = (size - offset) // (signal.channels * signal.dtype.itemsize)
    if not steps and size > offset:
        raise ValueError(
            f"{path} has {size - offset} bytes, too few for a step of {signal.channels} channels of {signal.dtype}"
        )
    signal = replace(signal, steps=steps)
    file = FlatFile(path, "raw binary", signal, Layout(offset, False, signal.dtype.itemsize))
    if file.tail:
        file.note = (
            f"{path} has {len(file.tail)} bytes after its last whole step of {signal.channels} channels of "
            f"{signal.dtype}; they are kept, but channels, dtype or offset may be wrong"
        )
    return file


def open_npy(path: Path, sampling_hz: float | None, gain_microvolts: list[float]) -> FlatFile:
    """Open an array in a `.npy` file: one dimension is one channel; of more than two, the first is time."""
    with path.open("rb") as file:
        try:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, dtype = read(file)
        except ValueError as error:
            raise ValueError(f"{path} is no .npy file: {error}") from None
        offset = file.tell()
    if dtype.hasobject or dtype.kind not in "biuf" or not shape:
        raise ValueError(f"{path} must hold an array of numbers, not of shape {shape} and type {dtype}")
    if fortran and len(shape) > 2:
        raise ValueError(f"{path} must have at most 2 dimensions in Fortran's order, not {len(shape)}")
    steps, channels = shape[0], int(np.prod(shape[1:], dtype=int))
    gains = gain_microvolts * channels if len(gain_microvolts) == 1 else gain_microvolts
    signal = Signal(steps, channels, dtype, sampling_hz, gains)
    return FlatFile(path, "NumPy array", signal, Layout(offset, fortran and len(shape) == 2, dtype.itemsize))


def open_wav(path: Path) -> FlatFile:
    """Open a WAV file of whole numbers of 8, 16, 24 or 32 bits, or of floats."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) not in (b"RIFF", b"RF64") or file.seek(8) != 8 or file.read(4) != b"WAVE":
            raise ValueError(f"{path} is no WAV file")
        form: bytes | None = None
        while len(head := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", head)
            if name == b"data":
                break
            start = file.tell()
            form = file.read(length) if name == b"fmt " else form
            file.seek(start + length + length % 2)
        else:
            raise ValueError(f"{path} has no samples: no chunk 'data'")
        offset = file.tell()
    if form is None or len(form) < 16:
        raise ValueError(f"{path} does not say what its samples are: no chunk 'fmt '")
    coding, channels, sampling_hz, _, frame_bytes, bits = struct.unpack("<HHIIHH", form[:16])
    if coding == EXTENSIBLE and len(form) >= 26:
        (coding,) = struct.unpack("<H", form[24:26])
    dtype = {
        (PCM, 8): "u1",
        (PCM, 16): "<i2",
        (PCM, 24): "<i4",
        (PCM, 32): "<i4",
        (FLOAT, 32): "<f4",
        (FLOAT, 64): "<f8",
    }
    if (coding, bits) not in dtype or not channels or frame_bytes != channels * bits // 8:
        raise ValueError(f"{path} must hold PCM or floats, not format {coding} of {bits} bits")
    data_bytes = size - offset if length == UNKNOWN_SIZE else min(length, size - offset)
    signal = Signal(data_bytes // frame_bytes, channels, np.dtype(dtype[coding, bits]), float(sampling_hz) or None)
    return FlatFile(path, "WAV", signal, Layout(offset, False, bits // 8))


def open_spikeglx(path: Path) -> FlatFile:
    """Open a `.bin` file of SpikeGLX, whose `.meta` file lies beside it."""
    data = path.with_suffix(META_SUFFIX).read_bytes()
    lines = data.decode(errors="replace").splitlines()
    meta = dict(line.split("=", 1) for line in lines if "=" in line)
    try:
        channels = int(meta["nSavedChans"])
        rate = next(meta[name] for name in ("imSampRate", "niSampRate", "obSampRate") if name in meta)
        signal = Signal(0, channels, np.dtype("<i2"), float(rate))
    except (KeyError, StopIteration, ValueError):
        raise ValueError(f"{path.with_suffix(META_SUFFIX)} does not tell nSavedChans and a sampling rate") from None
    file = _renamed(open_raw(path, signal), "SpikeGLX")
    file.meta = data
    return file


def open_open_ephys(path: Path) -> FlatFile:
    """Open a `continuous.dat` of Open Ephys, whose `structure.oebin` is two folders above it."""
    path = path.absolute()
    structure = path.parents[2] / OEBIN
    try:
        streams = json.loads(structure.read_text())["continuous"]
        (stream,) = (one for one in streams if one["folder_name"].strip("/") == path.parent.name)
        gains = [float(channel["bit_volts"]) for channel in stream["channels"]]
        names = [str(channel["channel_name"]) for channel in stream["channels"]]
        channels, rate = int(stream["num_channels"]), float(stream["sample_rate"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError(f"{structure} does not describe the samples in the folder {path.parent.name}") from None
    return _renamed(open_raw(path, Signal(0, channels, np.dtype("<i2"), rate, gains, [], names)), "Open Ephys")


def _renamed(file: FlatFile, kind: str) -> FlatFile:
    file.kind = kind
    return file


def _unpacked(rows: Any) -> Rows:  # noqa: ANN401 - bytes of shape (steps, channels, 3)
    """Return samples of 24 bits as int32."""
    wide = np.zeros((*rows.shape[:2], 4), np.uint8)
    wide[:, :, 1:] = rows
    samples: Rows = wide.view("<i4")[:, :, 0] >> 8
    return samples
