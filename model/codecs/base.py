"""What the codecs share: rasters to streams and back, a chunk of time after another.

A codec whose stream is that of `model.codecs.stream` derives from `RasterCodec`. It says by `_encoder` how to make
bytes of chunks, and by `_decoder` how to make chunks of bytes again. Shapes, chunks, checksums, time ranges, memory
limits and checks of the input are seen to here.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, Protocol, TypedDict, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs.results import SpikeResult
from model.codecs.spikes import Spikes
from model.codecs.stream import CHUNK_BINS_MAX, Header, Stream, join, steps_of_chunk
from model.errors import CodecError
from model.golden.settings import check_int
from model.parallel import in_order
from model.raster import MAX_BINS, checked_bytes

TRUSTED_BINS_A_BYTE = 4096
"""A raster of more bins than `CHUNK_BINS_MAX`, and than these for each byte of its stream, is checked before it gets
its memory."""

WORKERS_MAX = 1024
"""Most threads that may be asked for."""

ResultT_co = TypeVar("ResultT_co", bound=SpikeResult, covariant=True)
ChunkDecoder = Callable[[NDArray[np.uint8], NDArray[np.int8]], None]
"""Decodes the payload of a chunk into its rows, all zeros so far; raises `CodecError` for a payload that is not one."""


class Common(TypedDict):
    """What every result states; `Result(**common, ...)` takes it over."""

    n_steps: int
    n_channels: int
    n_spikes: int
    compressed_bytes: int


class ChunkEncoder(Protocol[ResultT_co]):
    """Encodes the chunks of one raster, in order."""

    def encode(self, rows: NDArray[np.int8]) -> bytes:
        """Return the payload of the next chunk; `rows` is C-contiguous, 0/1, not empty, and not to be written to."""

    def parameters(self) -> bytes:
        """Return what the decoder must know beside the payloads; asked for once all chunks are encoded."""

    def result(self, common: Common) -> ResultT_co:
        """Return what it came to."""


class OpenRaster(Protocol):
    """A stream whose header is read."""

    @property
    def steps(self) -> int:
        """Steps of the raster."""

    @property
    def channels(self) -> int:
        """Channels of the raster."""

    def decode(self, start: int, end: int, max_bins: int, workers: int) -> NDArray[np.int8]:
        """Return steps `start` to `end`, exclusive; `CodecError` if they cannot be decoded."""


class Codec(ABC, Generic[ResultT_co]):
    """A codec for spike rasters of shape (steps, channels).

    Attributes
    ----------
    name : str
        Name in the registry and in the stream.
    """

    name: ClassVar[str]

    @abstractmethod
    def compress(self, spikes: ArrayLike) -> tuple[bytes, ResultT_co]:
        """Compress a raster to one self-describing stream.

        Parameters
        ----------
        spikes : array_like, shape (steps, channels)
            Zeros and ones: `bool`, integers, or floats that are exactly 0 or 1, in any memory layout. Either size may
            be 0.

        Returns
        -------
        data : bytes
            The stream; `decompress` needs nothing else.
        result : SpikeResult
            What it came to.

        Raises
        ------
        ValueError
            `spikes` has another shape, type or value.
        """

    @abstractmethod
    def open(self, data: bytes) -> OpenRaster:
        """Return the raster in a stream, yet to be decoded; `CodecError` if this codec makes no such streams."""

    def decompress(
        self,
        data: bytes,
        T: int | None = None,  # noqa: N803 - the published names of steps and channels
        N: int | None = None,  # noqa: N803
        *,
        start: int = 0,
        stop: int | None = None,
        max_bins: int = MAX_BINS,
        workers: int = 1,
    ) -> NDArray[np.int8]:
        """Return the raster of a stream that `compress` made.

        Parameters
        ----------
        data : bytes
            The whole stream.
        T, N : int, optional
            Steps and channels that the raster must have; the stream knows them, so that they are only checked.
        start, stop : int, optional
            Return steps `start` to `stop`, exclusive, and decode no more chunks than hold them. All by default.
        max_bins : int, default 2**32
            Most bins (steps x channels), each a byte of the result, to return; of the hardware's packets, those from
            the keyframe before `start` on count, too. A stream that grows beyond 2**27 bins and 4096 bins a byte is
            decoded twice, the first time only to check it: a forged one takes no memory.
        workers : int, default 1
            Most chunks to decode at a time, each in a thread. Packets of the hardware are decoded by one.

        Returns
        -------
        NDArray of int8, shape (steps, channels)
            Zeros and ones.

        Raises
        ------
        CodecError
            The stream is damaged, cut off, forged, of another codec or shape, or holds more than `max_bins`.
        ValueError
            An argument is of the wrong type or out of range.
        """
        raster = self.open(checked_bytes("data", data))
        check_shape(raster.steps, raster.channels, T, N)
        first, end = checked_range(raster.steps, raster.channels, start, stop, max_bins)
        return raster.decode(first, end, max_bins, check_int("workers", workers, 1, WORKERS_MAX))


class RasterCodec(Codec[ResultT_co]):
    """A codec that codes chunks of time, each by itself.

    Attributes
    ----------
    chunk_bins : int
        Bins of a chunk, about; the codec's memory grows with it, and what it can learn.
    """

    chunk_bins: ClassVar[int] = 1 << 22

    @abstractmethod
    def _encoder(self, channels: int) -> ChunkEncoder[ResultT_co]:
        """Return an encoder for a raster of so many channels."""

    @classmethod
    @abstractmethod
    def _decoder(cls, header: Header) -> ChunkDecoder:
        """Return what decodes the chunks of a stream with this header; `CodecError` if its parameters are not valid."""

    def _chunk_steps(self, channels: int) -> int:
        """Return the steps of a chunk."""
        return steps_of_chunk(channels, self.chunk_bins)

    def compress(self, spikes: ArrayLike) -> tuple[bytes, ResultT_co]:  # noqa: D102 - inherited
        checked = Spikes(spikes)
        encoder = self._encoder(checked.channels)
        chunk_steps = self._chunk_steps(checked.channels)
        payloads = [encoder.encode(rows) for rows in checked.chunks(chunk_steps) if rows.size]
        header = Header(self.name, checked.steps, checked.channels, chunk_steps, encoder.parameters())
        data = join(header, payloads)
        common = Common(
            n_steps=checked.steps,
            n_channels=checked.channels,
            n_spikes=checked.n_spikes,
            compressed_bytes=len(data),
        )
        return data, encoder.result(common)

    def open(self, data: bytes) -> OpenRaster:  # noqa: D102 - inherited
        stream = Stream(data)
        if stream.header.codec != self.name:
            raise CodecError(
                f"stream is of codec {stream.header.codec!r}, not {self.name!r}; model.decompress decodes any"
            )
        return _ChunkedRaster(stream, self._decoder(stream.header))


def check_shape(steps: int, channels: int, expected_steps: int | None, expected_channels: int | None) -> None:
    """Raise unless a stream has the shape that the caller passed, if any."""
    for name, found, expected in (("T", steps, expected_steps), ("N", channels, expected_channels)):
        if expected is not None and found != check_int(name, expected, 0, sys.maxsize):
            raise CodecError(f"stream holds a raster of {steps} x {channels} bins, but {name} is {expected}")


def checked_range(steps: int, channels: int, start: int, stop: int | None, max_bins: int) -> tuple[int, int]:
    """Return first and last step, exclusive, to decode, or raise if there are no such steps or too many bins."""
    max_bins = check_int("max_bins", max_bins, 1, sys.maxsize)
    start = check_int("start", start, 0, steps)
    end = steps if stop is None else check_int("stop", stop, start, steps)
    if (end - start) * channels > max_bins:
        raise CodecError(f"stream holds {end - start} x {channels} bins; max_bins allows {max_bins}")
    return start, end


def checked_channels(n_channels: int, channels: tuple[int, int] | None) -> tuple[int, int]:
    """Return the first channel of a range and the one after the last: all of `n_channels` where none is given."""
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


class _ChunkedRaster:
    """The raster of a stream of chunks."""

    def __init__(self, stream: Stream, decode: ChunkDecoder) -> None:
        self._stream = stream
        self._decode_chunk = decode
        self.steps = stream.header.steps
        self.channels = stream.header.channels

    def decode(self, start: int, end: int, max_bins: int, workers: int) -> NDArray[np.int8]:
        if self.steps == 0 or self.channels == 0:
            if self._stream.payload(0).size:
                raise CodecError(f"stream has a payload for a raster of {self.steps} x {self.channels} bins")
            return np.zeros((end - start, self.channels), dtype=np.int8)
        chunk_steps = self._stream.header.chunk_steps
        chunks = range(start // chunk_steps, -(-end // chunk_steps)) if start < end else range(0)
        self._stream.verify(max(1, chunks.start), chunks.stop)
        if (end - start) * self.channels > max(CHUNK_BINS_MAX, TRUSTED_BINS_A_BYTE * self._stream.size):
            for index in chunks:
                self._chunk(index)
        try:
            raster = np.zeros((end - start, self.channels), dtype=np.int8)
        except MemoryError:
            raise CodecError(f"stream holds {end - start} x {self.channels} bins, too many for this memory") from None
        for _ in in_order(lambda index: self._decode_into(raster, index, start, end), chunks, workers):
            pass
        return raster

    def _decode_into(self, raster: NDArray[np.int8], index: int, start: int, end: int) -> None:
        """Store what a chunk has of the steps `start` to `end` in `raster`."""
        chunk_start, chunk_end = self._stream.header.chunk_range(index)
        if start <= chunk_start and chunk_end <= end:
            self._decode_chunk(self._stream.payload(index), raster[chunk_start - start : chunk_end - start])
        else:
            kept_start, kept_end = max(start, chunk_start), min(end, chunk_end)
            rows = self._chunk(index)[kept_start - chunk_start : kept_end - chunk_start]
            raster[kept_start - start : kept_end - start] = rows

    def _chunk(self, index: int) -> NDArray[np.int8]:
        start, end = self._stream.header.chunk_range(index)
        rows = np.zeros((end - start, self.channels), dtype=np.int8)
        self._decode_chunk(self._stream.payload(index), rows)
        return rows
