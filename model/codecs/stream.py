"""The stream of the spike codecs: one header, chunks of time that decode alone, a checksum each.

docs/spike-streams.md specifies it. All codecs share it but those whose stream is the hardware's packets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from model.codecs.spikes import CHANNELS_MAX
from model.errors import CodecError
from model.golden.container import CRC_BYTES
from model.kernels.crc32c import as_array
from model.kernels.gap_token import GAP_BITS
from model.kernels.spike_stream import first_damaged

MAGIC = b"\xc5S"
"""First bytes of every stream."""
VERSION = 1
CODEC_IDS = {"isi": 1, "predictive": 2, "delta": 3, "aer": 4, "streaming": 5, "waveform": 6}
"""Codecs by name, with their number in the stream."""
CODEC_NAMES = {number: name for name, number in CODEC_IDS.items()}
STEPS_MAX = (1 << 48) - 1
"""Most steps of a raster."""
CHUNK_BINS_MAX = 1 << GAP_BITS
"""Most bins of a chunk, and so of the memory that checking a stream takes, in bytes."""
PARAMETER_BYTES_MAX = 255
"""Most bytes of a codec's parameters."""
LEB128_GROUPS_MAX = 9
LARGE_BYTES = 1 << 27
PAGED_BYTES = (1 << 25) + 1
"""What is compressed from `LARGE_BYTES` on gets memory that starts with so many zeros: systems give those as pages that
are taken only as they are written to, and that grow and shrink without being copied."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a stream holds.

    Attributes
    ----------
    codec : str
        One of `CODEC_IDS`.
    steps, channels : int
        Shape of the raster, 0 or more each.
    chunk_steps : int
        Steps of a chunk, but of the last one, which may have fewer; at least 1.
    parameters : bytes
        What the codec needs to decode, `PARAMETER_BYTES_MAX` at most.
    """

    codec: str
    steps: int
    channels: int
    chunk_steps: int
    parameters: bytes = b""

    @property
    def n_chunks(self) -> int:
        """Chunks of the stream; one that is empty if the raster has no bins."""
        return -(-self.steps // self.chunk_steps) if self.steps and self.channels else 1

    def chunk_range(self, index: int) -> tuple[int, int]:
        """Return first and last step, exclusive, of a chunk."""
        start = index * self.chunk_steps
        return start, min(start + self.chunk_steps, self.steps)


def steps_of_chunk(channels: int, bins: int) -> int:
    """Return the steps of a chunk of about `bins` bins, at least one."""
    return max(1, min(bins, CHUNK_BINS_MAX) // max(1, channels))


class StreamWriter:
    """Gathers the payloads of a stream, each of which it keeps only once.

    Payloads are in the memory of the stream from the start, into which the header gets at the end.

    Parameters
    ----------
    bytes_before : int
        Size of what is compressed.
    """

    def __init__(self, bytes_before: int = 0) -> None:
        self._buffer = BytesIO(bytes(PAGED_BYTES) if bytes_before >= LARGE_BYTES else b"")
        self._sizes = list[int]()

    def add(self, *parts: bytes) -> None:
        """Append the payload of the next chunk, which may be in parts."""
        self._sizes.append(sum(map(self._buffer.write, parts)))
        self._buffer.write(bytes(CRC_BYTES))

    def finish(self, header: Header) -> bytes:
        """Return the stream, of one empty payload if there are none."""
        if not self._sizes:
            self.add()
        stored_steps = header.chunk_steps if header.n_chunks > 1 else 0
        numbers = [header.steps, header.channels, stored_steps, len(header.parameters)]
        head = MAGIC + bytes([VERSION << 4 | CODEC_IDS[header.codec]]) + b"".join(map(write_leb128, numbers))
        head += header.parameters + b"".join(map(write_leb128, self._sizes[:-1]))
        end = self._buffer.tell()
        self._buffer.write(head)
        self._buffer.truncate()
        with self._buffer.getbuffer() as view:
            view[len(head) :] = view[:end]
            view[: len(head)] = head
            bounds = len(head) + np.cumsum([0, *(size + CRC_BYTES for size in self._sizes)])
            first_damaged(np.frombuffer(view, dtype=np.uint8), bounds, 0, len(self._sizes), True)
        return self._buffer.getvalue()


def join(header: Header, payloads: Iterable[bytes]) -> bytes:
    """Return the stream of `payloads`, one a chunk, or of one that is empty."""
    writer = StreamWriter()
    for payload in payloads:
        writer.add(payload)
    return writer.finish(header)


class Stream:
    """A stream whose header and first chunk are verified; `verify` the others before their payloads mean anything.

    Parameters
    ----------
    data : bytes
        The whole stream.
    verify_first : bool
        Whether to verify the first chunk. Each chunk's checksum covers the header, too: any one that matches proves it.
        Otherwise a stream may also be cut off behind its header; checksums do not match from there on.

    Raises
    ------
    CodecError
        It does not start as a stream of this version, its header makes no sense, or, if its first chunk is to be
        verified, it is cut off, or its first checksum is wrong.
    """

    def __init__(self, data: bytes, *, verify_first: bool = True) -> None:
        reader = Reader(data)
        if not data.startswith(MAGIC):
            raise CodecError(f"stream does not start with the bytes {MAGIC.hex(' ')}")
        reader.at = len(MAGIC)
        version, codec = divmod(reader.byte(), 16)
        if version != VERSION:
            raise CodecError(f"stream is of version {version}; this decoder knows version {VERSION}")
        if codec not in CODEC_NAMES:
            raise CodecError(f"stream is of the unknown codec {codec}")
        steps, channels, chunk_steps = (reader.leb128() for _ in range(3))
        if steps > STEPS_MAX or channels > CHANNELS_MAX:
            raise CodecError(f"stream claims {steps} x {channels} bins, more than there may be")
        if chunk_steps >= max(1, steps):
            raise CodecError(f"stream claims chunks of {chunk_steps} steps for a raster of {steps}")
        parameters = reader.bytes(reader.leb128())
        if len(parameters) > PARAMETER_BYTES_MAX:
            raise CodecError(f"stream has {len(parameters)} bytes of parameters, more than {PARAMETER_BYTES_MAX}")
        self.header = Header(CODEC_NAMES[codec], steps, channels, chunk_steps or max(1, steps), parameters)
        if chunk_steps and not channels:
            raise CodecError("stream claims chunks of a raster without channels")
        if min(steps, self.header.chunk_steps) * channels > CHUNK_BINS_MAX:
            raise CodecError(f"stream claims a chunk of more than {CHUNK_BINS_MAX} bins")
        self._bounds = _read_bounds(reader, self.header.n_chunks, whole=verify_first)
        self._data = as_array(data)
        if verify_first:
            self.verify(0, 1)

    @property
    def size(self) -> int:
        """Bytes of the stream."""
        return self._data.size

    def verify(self, first: int, end: int) -> None:
        """Check header and chunks `first` to `end`, exclusive; raise `CodecError` where a checksum does not match."""
        damaged = first_damaged(self._data, self._bounds, first, end, False)
        if damaged >= 0:
            raise CodecError(f"stream checksum does not match in chunk {damaged}: it is damaged, forged or cut off")

    def payload(self, index: int) -> NDArray[np.uint8]:
        """Return the payload of a chunk."""
        return self._data[self._bounds[index] : self._bounds[index + 1] - CRC_BYTES]


class Reader:
    """Takes numbers from the front of some bytes.

    Parameters
    ----------
    data : bytes
        What to read.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self.at = 0

    @property
    def remaining(self) -> int:
        """Bytes that are left."""
        return len(self._data) - self.at

    def view(self, count: int) -> memoryview:
        """Return the next `count` bytes where they are."""
        if count > self.remaining:
            raise CodecError("stream is cut off")
        self.at += count
        return self._data[self.at - count : self.at]

    def bytes(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        return bytes(self.view(count))

    def byte(self) -> int:
        """Return the next byte."""
        return self.view(1)[0]

    def leb128(self) -> int:
        """Return the next number in LEB128, written as briefly as it can be."""
        value = 0
        for group in range(LEB128_GROUPS_MAX):
            byte = self.byte()
            value |= (byte & 0x7F) << 7 * group
            if byte < 0x80:
                if byte == 0 and group:
                    raise CodecError("stream has a number with a needless last byte")
                return value
        raise CodecError("stream has a number that does not end")

    def finish(self) -> None:
        """Raise `CodecError` if anything is left."""
        if self.remaining:
            raise CodecError(f"stream has {self.remaining} bytes too many in a field")


def write_leb128(value: int) -> bytes:
    """Return a number in LEB128: groups of seven bits, the lowest first, bit 7 set in all but the last."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_bounds(reader: Reader, n_chunks: int, *, whole: bool) -> NDArray[np.int64]:
    """Return where each chunk starts, checksum included, and where the last one ends: at the end of the stream.

    Of a stream that need not be whole, chunks beyond its end are at its end.
    """
    if n_chunks - 1 + (n_chunks * CRC_BYTES if whole else 0) > reader.remaining:
        raise CodecError("stream is cut off")
    lengths = [reader.leb128() + CRC_BYTES for _ in range(n_chunks - 1)]
    starts, end = np.cumsum([float(reader.at), *lengths]), reader.at + reader.remaining
    if whole and starts[-1] + CRC_BYTES > end:
        raise CodecError("stream is cut off")
    return np.append(starts, end).clip(max=end).astype(np.int64)
