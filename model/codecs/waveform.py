"""WaveformCodec: raw electrode signals, without loss or with an error that is never exceeded."""

from __future__ import annotations

import os
import struct
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs.base import check_shape, checked_range
from model.codecs.fidelity import Fidelity, compare
from model.codecs.stream import CHUNK_BINS_MAX, Header, Reader, Stream, join, write_leb128
from model.codecs.waveform_group import PRESETS, decode_group, encode_group
from model.codecs.waveform_input import DTYPES, Waveform, from_integers, quantum_for, sample_range
from model.codecs.waveform_result import WaveformResult
from model.errors import CodecError
from model.golden.settings import check_int
from model.raster import MAX_BINS, checked_bytes

MODES = ("lossless", "bounded")
MAX_ERROR_LSB = 16383
"""Most that `max_error` may be for integers."""
CHUNK_STEPS_MAX = 1 << 24
PIECE_STEPS = 1 << 15
"""A target is first aimed at with so many samples of each channel."""
PIECE_CHANNELS = 64
PRESET_NAMES = tuple(PRESETS)

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Parameters:
    """What the decoder must know beside header and payloads."""

    dtype: np.dtype[np.generic]
    preset: str
    lossless: bool
    group_channels: int
    quantum: float

    def to_bytes(self) -> bytes:
        flags = PRESET_NAMES.index(self.preset) | (0 if self.lossless else 2)
        head = bytes([DTYPES.index(self.dtype), flags]) + write_leb128(self.group_channels)
        return head + struct.pack("<d", self.quantum)

    @classmethod
    def from_bytes(cls, data: bytes) -> _Parameters:
        reader = Reader(data)
        dtype, flags, group_channels = reader.byte(), reader.byte(), reader.leb128()
        (quantum,) = struct.unpack("<d", reader.bytes(8))
        reader.finish()
        if dtype >= len(DTYPES) or flags > 3 or group_channels < 1 or not 0 <= quantum < np.inf:
            raise CodecError("waveform stream has parameters out of range")
        if quantum and DTYPES[dtype].kind != "f":
            raise CodecError("waveform stream has integers that are multiples of a quantum")
        return cls(DTYPES[dtype], PRESET_NAMES[flags & 1], flags < 2, group_channels, quantum)

    def groups(self, channels: int) -> list[tuple[int, int]]:
        """Return first and last channel, exclusive, of each group."""
        size = self.group_channels
        return [(first, min(first + size, channels)) for first in range(0, channels, size)]


@dataclass(frozen=True)
class Recovered:
    """What is left of a damaged stream.

    Attributes
    ----------
    waveform : NDArray, shape (steps, channels)
        Zeros where nothing is left.
    lost : list of (int, int)
        First and last step, exclusive, of each chunk that is lost.
    """

    waveform: NDArray[np.generic]
    lost: list[tuple[int, int]]


class WaveformCodec:
    """A codec for raw waveforms of shape (steps, channels).

    Parameters
    ----------
    mode : {"lossless", "bounded"}
        Whether every sample comes back as it was, or within `max_error` of it.
    preset : {"best", "fast"}
        `best` adapts to every sample, and measures how unequal an ADC's codes are; `fast` is about ten times as fast.
    max_error : float, optional
        `bounded`: most that any sample may change by, in units of the samples (LSB): at most 16383, rounded down, for
        integers; any positive number for floats.
    max_error_microvolts : float, optional
        The same in microvolts, with `lsb_microvolts`.
    target_ratio, target_mbps : float, optional
        `bounded`, for integers: instead of `max_error`, the compression ratio to reach at least, or the megabits a
        second to take at most. The smallest `max_error` that does is picked, and stated in the result.
    lsb_microvolts : float, optional
        What a unit of the samples is, for `max_error_microvolts` and for the result's summary.
    sampling_hz : float
        Samples a second, for `target_mbps`, the result's megabits a second, and its measures of fidelity.
    chunk_steps : int
        Samples of a chunk; each is decodable alone. Fewer where the chunk would have more than 2**26 samples in all.
    group_channels : int
        Channels that are predicted from one another, and so are decoded together.
    workers : int, optional
        Threads; one for each processor by default. The stream does not depend on it.

    Raises
    ------
    ValueError
        An argument is out of range, or does not go with another.
    """

    name: ClassVar[str] = "waveform"

    def __init__(
        self,
        mode: str = "lossless",
        preset: str = "best",
        *,
        max_error: float | None = None,
        max_error_microvolts: float | None = None,
        target_ratio: float | None = None,
        target_mbps: float | None = None,
        lsb_microvolts: float | None = None,
        sampling_hz: float = 20_000.0,
        chunk_steps: int = 1 << 16,
        group_channels: int = 16,
        workers: int | None = None,
    ) -> None:
        _check_name("mode", mode, MODES)
        _check_name("preset", preset, PRESET_NAMES)
        check_int("chunk_steps", chunk_steps, 1, CHUNK_STEPS_MAX)
        check_int("group_channels", group_channels, 1, CHUNK_BINS_MAX)
        if workers is not None:
            check_int("workers", workers, 1, sys.maxsize)
        numbers = {
            "max_error": max_error,
            "max_error_microvolts": max_error_microvolts,
            "target_ratio": target_ratio,
            "target_mbps": target_mbps,
        }
        _check_positive(numbers | {"lsb_microvolts": lsb_microvolts, "sampling_hz": sampling_hz})
        given = [name for name, number in numbers.items() if number is not None]
        if len(given) != (mode == "bounded"):
            wanted = f"exactly one of {', '.join(numbers)}" if mode == "bounded" else "none of them"
            raise ValueError(f"mode {mode!r} takes {wanted}, not {' and '.join(given) or 'none'}")
        if max_error_microvolts is not None:
            if lsb_microvolts is None:
                raise ValueError("max_error_microvolts needs lsb_microvolts")
            max_error = max_error_microvolts / lsb_microvolts
        self._mode, self._preset, self._max_error = mode, preset, max_error
        self._target_ratio, self._target_mbps = target_ratio, target_mbps
        self._lsb_microvolts, self._sampling_hz = lsb_microvolts, sampling_hz
        self._chunk_steps, self._group_channels = chunk_steps, group_channels
        self._workers = workers or os.cpu_count() or 1

    def compress(self, waveform: ArrayLike) -> tuple[bytes, WaveformResult]:
        """Compress a waveform to one self-describing stream.

        Parameters
        ----------
        waveform : array_like, shape (steps, channels)
            Integers of which each is in the range of int32, or floats: integers in `lossless` mode, any finite numbers
            in `bounded` mode. A memory map is read a chunk at a time.

        Returns
        -------
        data : bytes
            The stream; `decompress` needs nothing else.
        result : WaveformResult
            What it came to.

        Raises
        ------
        ValueError
            `waveform` has another shape, type or value, or no error that is allowed reaches the target.
        """
        checked = Waveform(waveform)
        if self._target_ratio is not None or self._target_mbps is not None:
            return self._compress_to_target(waveform, checked)
        if checked.dtype.kind == "f" and self._max_error is not None:
            return self._compress(Waveform(waveform, quantum_for(self._max_error)), self._max_error)
        error = int(self._max_error or 0)
        if error > MAX_ERROR_LSB:
            raise ValueError(f"max_error must be at most {MAX_ERROR_LSB} for integers, not {error}")
        return self._compress(checked, error)

    def _compress(self, waveform: Waveform, max_error: float, *, measured: bool = True) -> tuple[bytes, WaveformResult]:
        steps, channels = waveform.steps, waveform.channels
        parameters = _Parameters(waveform.dtype, self._preset, max_error == 0, self._group_channels, waveform.quantum)
        chunk_steps = max(1, min(self._chunk_steps, CHUNK_BINS_MAX // max(1, channels)))
        header = Header(self.name, steps, channels, chunk_steps, parameters.to_bytes())
        groups, limits = parameters.groups(channels), sample_range(waveform.dtype)

        def encode(place: tuple[int, int, int, int]) -> tuple[bytes, Fidelity]:
            original = waveform.piece(*place)
            error = 0 if waveform.quantum else int(max_error)
            payload, decoded = encode_group(waveform.integers(original), self._preset, error, limits)
            if parameters.lossless or not measured:
                return payload, Fidelity(samples=original.size)
            return payload, compare(
                original, from_integers(decoded, waveform.dtype, waveform.quantum), self._sampling_hz
            )

        n_chunks = header.n_chunks if steps and channels else 0
        places = ((*header.chunk_range(chunk), *group) for chunk in range(n_chunks) for group in groups)
        payloads, of_chunk, fidelity = [], list[bytes](), Fidelity()
        for payload, of_group in _in_order(encode, places, self._workers):
            of_chunk.append(payload)
            fidelity.add(of_group)
            if len(of_chunk) == len(groups):
                payloads.append(b"".join(write_leb128(len(part)) for part in of_chunk[:-1]) + b"".join(of_chunk))
                of_chunk.clear()
        if fidelity.worst_error > max_error:
            raise ValueError(f"max_error must be more for {waveform.dtype}, not {max_error}: rounding alone exceeds it")
        data = join(header, payloads or [b""])
        return data, WaveformResult(
            mode=self._mode,
            preset=self._preset,
            n_steps=steps,
            n_channels=channels,
            sample_bits=8 * waveform.dtype.itemsize,
            compressed_bytes=len(data),
            max_error=max_error,
            fidelity=fidelity,
            lsb_microvolts=self._lsb_microvolts,
            sampling_hz=self._sampling_hz,
        )

    def _compress_to_target(self, waveform: ArrayLike, checked: Waveform) -> tuple[bytes, WaveformResult]:
        """Aim with a piece of the waveform, then correct with all of it."""
        if checked.dtype.kind == "f":
            raise ValueError(f"target_ratio and target_mbps need integers, not {checked.dtype}; give max_error")
        array = np.asarray(waveform)
        piece = Waveform(array[:PIECE_STEPS, :PIECE_CHANNELS])
        share = piece.channels / max(1, checked.channels)
        error, high = 0, MAX_ERROR_LSB
        while error < high:
            middle = (error + high) // 2
            if self._fits(piece, middle, share):
                high = middle
            else:
                error = middle + 1
        if self._fits(checked, error):
            while error > 0 and self._fits(checked, error - 1):
                error -= 1
        else:
            while not self._fits(checked, error):
                error += 1
                if error > MAX_ERROR_LSB:
                    raise ValueError(f"no max_error up to {MAX_ERROR_LSB} reaches the target")
        return self._compress(checked, error)

    def _fits(self, waveform: Waveform, error: int, share: float = 1.0) -> bool:
        """Return whether an error reaches the target, or a share of the megabits a second."""
        _, result = self._compress(waveform, error, measured=False)
        if result.n_samples == 0:
            return True
        if self._target_ratio is not None:
            return result.compression_ratio >= self._target_ratio
        return result.mbps <= share * float(self._target_mbps or 0)

    def decompress(
        self,
        data: bytes,
        T: int | None = None,  # noqa: N803 - the published names of steps and channels
        N: int | None = None,  # noqa: N803
        *,
        start: int = 0,
        stop: int | None = None,
        channels: tuple[int, int] | None = None,
        max_bins: int = MAX_BINS,
    ) -> NDArray[np.generic]:
        """Return the waveform of a stream that `compress` made, with whatever arguments.

        Parameters
        ----------
        data : bytes
            The whole stream.
        T, N : int, optional
            Steps and channels that the waveform must have; the stream knows them, so that they are only checked.
        start, stop : int, optional
            Return steps `start` to `stop`, exclusive, and decode no more chunks than hold them. All by default.
        channels : (int, int), optional
            Return channels from the first to the second, exclusive, and decode no more groups than hold them.
        max_bins : int, default 2**32
            Most samples to return.

        Returns
        -------
        NDArray, shape (steps, channels)
            Of the type that was compressed.

        Raises
        ------
        CodecError
            The stream is damaged, cut off, forged, of another codec or shape, or holds more than `max_bins`.
        ValueError
            An argument is of the wrong type or out of range.
        """
        stream, parameters = self._opened(data, verify_first=True)
        header = stream.header
        check_shape(header.steps, header.channels, T, N)
        first, end = _checked_channels(header.channels, channels)
        start, stop = checked_range(header.steps, end - first, start, stop, max_bins)
        some = start < stop and first < end
        chunks = range(start // header.chunk_steps, -(-stop // header.chunk_steps)) if some else range(0)
        stream.verify(max(1, chunks.start), chunks.stop)
        if header.steps * header.channels == 0 and stream.payload(0).size:
            raise CodecError("waveform stream has a payload without samples")
        return self._decode(stream, parameters, chunks, (start, stop), (first, end))

    def recover(self, data: bytes, *, max_bins: int = MAX_BINS) -> Recovered:
        """Return what is undamaged of a stream: all chunks whose checksums match.

        Parameters
        ----------
        data : bytes
            A stream, damaged within, but as long as it was.
        max_bins : int, default 2**32
            Most samples to return.

        Raises
        ------
        CodecError
            No chunk is left, the stream's header is damaged, or it holds more than `max_bins`.
        """
        stream, parameters = self._opened(data, verify_first=False)
        header = stream.header
        check_int("max_bins", max_bins, 1, sys.maxsize)
        good = [chunk for chunk in range(header.n_chunks) if _is_whole(stream, chunk)]
        if not good:
            raise CodecError("stream has no chunk that is undamaged")
        _, stop = checked_range(header.steps, header.channels, 0, None, max_bins)
        chunks = good if header.steps * header.channels else []
        waveform = self._decode(stream, parameters, chunks, (0, stop), (0, header.channels))
        lost = [header.chunk_range(chunk) for chunk in sorted(set(range(header.n_chunks)) - set(good))]
        return Recovered(waveform, lost)

    def _opened(self, data: bytes, *, verify_first: bool) -> tuple[Stream, _Parameters]:
        stream = Stream(checked_bytes("data", data), verify_first=verify_first)
        if stream.header.codec != self.name:
            raise CodecError(f"stream is of codec {stream.header.codec!r}, not {self.name!r}")
        return stream, _Parameters.from_bytes(stream.header.parameters)

    def _decode(
        self,
        stream: Stream,
        parameters: _Parameters,
        chunks: Iterable[int],
        kept_steps: tuple[int, int],
        kept_channels: tuple[int, int],
    ) -> NDArray[np.generic]:
        (start, stop), (first, end) = kept_steps, kept_channels
        try:
            # Memory that is not written to is not taken: a forged stream fails before it is.
            waveform = np.zeros((stop - start, end - first), dtype=parameters.dtype)
        except MemoryError:
            raise CodecError(f"stream holds {stop - start} x {end - first} samples, too many for this memory") from None
        limits = sample_range(parameters.dtype)

        def decode(task: _Task) -> None:
            samples = np.empty((task.end - task.first, task.stop - task.start), dtype=np.int32)
            decode_group(task.payload, parameters.preset, parameters.lossless, limits, samples)
            rows = slice(max(start, task.start), min(stop, task.stop))
            columns = slice(max(first, task.first), min(end, task.end))
            kept = samples[
                columns.start - task.first : columns.stop - task.first, rows.start - task.start : rows.stop - task.start
            ]
            waveform[rows.start - start : rows.stop - start, columns.start - first : columns.stop - first] = (
                from_integers(kept.T, parameters.dtype, parameters.quantum)
            )

        tasks = (task for chunk in chunks for task in _tasks(stream, parameters, chunk, first, end))
        deque(_in_order(decode, tasks, self._workers), maxlen=0)
        return waveform


@dataclass(frozen=True)
class _Task:
    """A group of a chunk that is to be decoded."""

    payload: NDArray[np.uint8]
    start: int
    stop: int
    first: int
    end: int


def _tasks(stream: Stream, parameters: _Parameters, chunk: int, first: int, end: int) -> Iterator[_Task]:
    """Yield the groups of a chunk that hold channels `first` to `end`."""
    header, payload = stream.header, stream.payload(chunk)
    groups = parameters.groups(header.channels)
    reader = Reader(payload.tobytes())
    lengths = [reader.leb128() for _ in groups[1:]]
    lengths.append(reader.remaining - sum(lengths))
    if lengths[-1] < 0:
        raise CodecError("waveform chunk is cut off")
    start, stop = header.chunk_range(chunk)
    at = reader.at
    for (first_of_group, end_of_group), length in zip(groups, lengths, strict=True):
        if first_of_group < end and first < end_of_group:
            yield _Task(payload[at : at + length], start, stop, first_of_group, end_of_group)
        at += length


def _in_order(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield what a function makes of items, in their order, in threads; no more items are begun than memory is for."""
    if workers == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(workers) as pool:
        begun: deque[Future[Result]] = deque()
        try:
            for item in items:
                begun.append(pool.submit(function, item))
                if len(begun) > workers:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


def _is_whole(stream: Stream, chunk: int) -> bool:
    try:
        stream.verify(chunk, chunk + 1)
    except CodecError:
        return False
    return True


def _checked_channels(n_channels: int, channels: tuple[int, int] | None) -> tuple[int, int]:
    if channels is None:
        return 0, n_channels
    if not isinstance(channels, tuple) or len(channels) != 2:
        raise ValueError(
            f"channels must be two integers, the first channel and the one after the last, not {channels!r}"
        )
    first, end = channels
    check_int("channels[0]", first, 0, n_channels)
    check_int("channels[1]", end, first, n_channels)
    return first, end


def _check_name(argument: str, name: str, known: tuple[str, ...]) -> None:
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"{argument} must be one of {', '.join(known)}, not {name!r}")


def _check_positive(numbers: dict[str, float | None]) -> None:
    for name, number in numbers.items():
        is_number = isinstance(number, int | float | np.number) and not isinstance(number, bool)
        if number is not None and not (is_number and 0 < number < np.inf):
            raise ValueError(f"{name} must be a positive number, not {number!r}")
