"""Chunks of any array as bytes and back: what the codecs for numcodecs and for Zarr have in common.

A chunk is bytes 0xC5 0x5A, the version times 16 plus the kind of its body, a letter for the order in memory (`C` or
`F`), the length of the type's name and the name (as NumPy's `dtype.str`), the number of dimensions and the lengths in
LEB128, the body, and the CRC-32C of all that. The body is a stream of a codec (docs/spike-streams.md,
docs/waveform-streams.md) of the array as (length of the first axis, all others), or, for arrays that the waveform codec
cannot hold, the array's bytes, all first bytes of the elements first, deflated.
"""

from __future__ import annotations

import math
import zlib
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.codecs.checks import check_choice
from model.codecs.registry import decompress, get_codec
from model.codecs.stream import MAGIC as STREAM_MAGIC
from model.codecs.stream import Reader, Stream, write_leb128
from model.codecs.waveform_input import DTYPES, INT32
from model.errors import CodecError
from model.kernels.crc32c import crc32c

if TYPE_CHECKING:
    from model.codecs.base import Codec
    from model.codecs.waveform import WaveformCodec

MAGIC = b"\xc5Z"
VERSION = 1
STREAM, DEFLATED = 0, 1
"""Kinds of a body."""
CRC_BYTES = 4
DIMENSIONS_MAX = 64
DEFLATE_LEVEL = 6
KINDS_OF_PLAIN_DATA = "biufcmMSUV"

Array = NDArray[Any]


@dataclass(frozen=True)
class ChunkCoder(ABC):
    """How the chunks of an array are coded. Its fields are what a store's metadata keep, as plain JSON.

    Attributes
    ----------
    name : str
        What stores call it.
    """

    name: ClassVar[str]

    @abstractmethod
    def body(self, samples: Array) -> tuple[int, bytes]:
        """Return kind and bytes of the body for `samples`, shape (steps, channels)."""

    def encode_chunk(self, array: Array) -> bytes:
        """Return a chunk.

        Parameters
        ----------
        array : NDArray
            Of any shape, in any layout. The order in memory comes back, too: Fortran's for an array that has it. Of a
            structured type only the size comes back.

        Raises
        ------
        ValueError
            Its type or a value cannot be coded.
        """
        if array.dtype.hasobject or array.dtype.kind not in KINDS_OF_PLAIN_DATA:
            raise ValueError(f"chunk must hold plain numbers or strings of fixed length, not {array.dtype}")
        return chunk_of(array, *self.body(_as_matrix(array)))


@dataclass(frozen=True)
class WaveformCoder(ChunkCoder):
    """Codes samples with `WaveformCodec`.

    Parameters
    ----------
    mode : {"lossless", "bounded"}
        In `lossless` mode every array comes back as it was: what the codec cannot hold, such as floats that are no
        integers, is deflated.
    preset : {"fast", "best"}
        As for `WaveformCodec`.
    max_error : float, optional
        `bounded`: most that any sample may change by.
    group_channels : int
        Channels that are predicted from one another.
    """

    name: ClassVar[str] = "corticodec_waveform"
    mode: str = "lossless"
    preset: str = "fast"
    max_error: float | None = None
    group_channels: int = 16

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, ("lossless", "bounded"))
        self._codec()

    def body(self, samples: Array) -> tuple[int, bytes]:
        """Return a stream where the codec can hold all samples, and what is deflated where not."""
        if self.mode == "lossless" and not _is_codable(samples):
            return DEFLATED, _deflate(samples)
        return STREAM, self._codec().compress(samples)[0]

    def _codec(self) -> Any:  # noqa: ANN401 - a waveform codec, which the registry knows by name
        options: dict[str, Any] = {**asdict(self), "workers": 1}
        return get_codec("waveform", **options)


@dataclass(frozen=True)
class SpikeCoder(ChunkCoder):
    """Codes rasters, all of whose elements are 0 or 1, with a spike codec.

    Parameters
    ----------
    codec : str
        A name for `get_codec`, with its own arguments as they are by default: isi, predictive, delta, streaming, aer.
    """

    name: ClassVar[str] = "corticodec_spikes"
    codec: str = "isi"

    def __post_init__(self) -> None:
        if self.codec == "waveform":
            raise ValueError(f"codec must be one for spikes, not 'waveform'; that is {WaveformCoder.name}")
        get_codec(self.codec)

    def body(self, samples: Array) -> tuple[int, bytes]:
        """Return a stream."""
        return STREAM, get_codec(self.codec).compress(samples)[0]


class Chunk(NamedTuple):
    """A chunk, its body not yet decoded.

    Attributes
    ----------
    kind : int
        `STREAM` or `DEFLATED`.
    order : {"C", "F"}
        Of the array in memory.
    dtype : numpy.dtype
        Of its elements.
    shape : tuple of int
        Of the array.
    body : memoryview
        What holds its elements.
    """

    kind: int
    order: Literal["C", "F"]
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    body: memoryview


def chunk_of(array: Array, kind: int, body: bytes) -> bytes:
    """Return the chunk of an array whose body, of this kind, is made already."""
    order = b"F" if array.flags.f_contiguous and not array.flags.c_contiguous else b"C"
    name = array.dtype.str.encode()
    head = MAGIC + bytes([VERSION << 4 | kind]) + order + write_leb128(len(name)) + name
    head += write_leb128(array.ndim) + b"".join(write_leb128(length) for length in array.shape)
    chunk = BytesIO()
    chunk.writelines([head, body])
    with chunk.getbuffer() as view:
        checksum = crc32c(view)
    chunk.write(checksum.to_bytes(CRC_BYTES, "little"))
    return chunk.getvalue()


def decode_chunk(data: bytes) -> Array:
    """Return the array of a chunk, whichever coder made it.

    Raises
    ------
    CodecError
        The chunk is damaged, cut off or forged.
    """
    return array_of(read_chunk(data))


def array_of(chunk: Chunk) -> Array:
    """Return the array of a chunk that was read."""
    kind, order, dtype, shape, body = chunk
    flat = _inflate(body, dtype, math.prod(shape)) if kind == DEFLATED else _read_stream(bytes(body), dtype, shape)
    return np.asarray(flat.reshape(shape), order=order)


def read_chunk(data: bytes) -> Chunk:
    """Return what a chunk says of itself, its checksum being right; `CodecError` if it is not, or it makes no sense."""
    if len(data) < CRC_BYTES or crc32c(data[:-CRC_BYTES]) != int.from_bytes(data[-CRC_BYTES:], "little"):
        raise CodecError("chunk checksum does not match: it is damaged, cut off, or no chunk of these codecs")
    reader = Reader(memoryview(data)[:-CRC_BYTES])
    if reader.bytes(len(MAGIC)) != MAGIC:
        raise CodecError(f"chunk does not start with the bytes {MAGIC.hex(' ')}")
    version, kind = divmod(reader.byte(), 16)
    order = reader.bytes(1)
    if version != VERSION or kind not in (STREAM, DEFLATED) or order not in (b"C", b"F"):
        raise CodecError(f"chunk is of version {version}, kind {kind}, order {order!r}; this decoder does not know it")
    dtype = _read_dtype(reader.bytes(reader.leb128()))
    dimensions = reader.leb128()
    if dimensions > DIMENSIONS_MAX:
        raise CodecError(f"chunk claims {dimensions} dimensions, more than {DIMENSIONS_MAX}")
    shape = tuple(reader.leb128() for _ in range(dimensions))
    return Chunk(kind, "F" if order == b"F" else "C", dtype, shape, reader.view(reader.remaining))


def _as_matrix(array: Array) -> Array:
    """Return an array as (length of the first axis, all others)."""
    if array.ndim == 2:
        return array
    steps = array.shape[0] if array.ndim else 1
    return array.reshape(steps, math.prod(array.shape[1:]))


def _is_codable(samples: Array) -> bool:
    """Return whether the waveform codec holds these samples without loss."""
    if samples.dtype.newbyteorder("<") not in DTYPES:
        return False
    if samples.dtype.kind == "f":
        zeros = samples == 0
        if not np.isfinite(samples).all() or (samples != np.rint(samples)).any() or np.signbit(samples[zeros]).any():
            return False
    return samples.size == 0 or (int(samples.min()) >= INT32.min and int(samples.max()) <= INT32.max)


def _read_dtype(name: bytes) -> np.dtype[Any]:
    try:
        dtype = np.dtype(name.decode("ascii"))
    except (TypeError, ValueError, SyntaxError):
        raise CodecError(f"chunk is of the unknown type {name[:16]!r}") from None
    if dtype.hasobject or dtype.kind not in KINDS_OF_PLAIN_DATA:
        raise CodecError(f"chunk is of type {dtype}, which no chunk holds")
    return dtype


def _read_stream(data: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    steps, channels = shape[0] if shape else 1, math.prod(shape[1:])
    if not data.startswith(STREAM_MAGIC) or Stream(data, verify_first=False).header.codec != "waveform":
        return decompress(data, steps, channels, max_bins=max(1, steps * channels)).astype(dtype, copy=False)
    return waveform_of(data, dtype, (steps, channels), get_codec("waveform", workers=1))


def waveform_of(
    stream: bytes,
    dtype: np.dtype[Any],
    shape: tuple[int, int],
    codec: Codec[Any] | WaveformCodec,
    **part: int | tuple[int, int],
) -> Array:
    """Return samples of a chunk's stream.

    Parameters
    ----------
    stream : bytes
        The body.
    dtype : numpy.dtype
        Of the chunk.
    shape : (int, int)
        Of the chunk: steps and channels.
    codec : WaveformCodec
        What decodes it.
    part : dict
        `start`, `stop` and `channels`, as `codec.decompress` takes them.
    """
    options: dict[str, Any] = {**part, "max_bins": max(1, math.prod(shape))}
    rows: Array = codec.decompress(stream, *shape, **options)
    if rows.dtype != dtype.newbyteorder("<"):
        raise CodecError(f"chunk is of type {dtype}, but holds a stream of {rows.dtype}")
    return rows.astype(dtype, copy=False)


def _deflate(samples: Array) -> bytes:
    size = samples.dtype.itemsize
    by_byte = np.frombuffer(np.ascontiguousarray(samples).tobytes(), np.uint8).reshape(-1, size).T if size else samples
    return zlib.compress(by_byte.tobytes(), DEFLATE_LEVEL)


def _inflate(body: memoryview, dtype: np.dtype[Any], elements: int) -> Array:
    """Return the elements; the memory taken is never more than a thousand times the body, as deflating reaches."""
    wanted = elements * dtype.itemsize
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(body, wanted + 1)
    except zlib.error as error:
        raise CodecError(f"chunk cannot be inflated: {error}") from None
    if len(data) != wanted or inflater.unused_data or not inflater.eof:
        raise CodecError(f"chunk does not hold the {wanted} bytes that it claims")
    if not dtype.itemsize:
        return np.empty(elements, dtype)
    return np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1).T.copy().view(dtype).reshape(-1)
