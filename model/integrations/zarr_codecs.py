"""Codecs for Zarr version 3, in the place of its `serializer`. Needs the extra `zarr`, with zarr 3.1 or newer.

Zarr finds them by name, without an import. They work inside shards, where every inner chunk is one of theirs.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Self

from model.errors import CodecError
from model.files.extras import MissingExtraError
from model.formats.chunk import ChunkCoder, SpikeCoder, WaveformCoder, decode_chunk

try:
    from zarr.abc.codec import ArrayBytesCodec
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer, NDBuffer
    from zarr.core.common import JSON, parse_named_configuration
except ImportError:
    raise MissingExtraError("zarr, 3.1 or newer", "archive", __name__) from None


class _ZarrCodec(ChunkCoder, ArrayBytesCodec):
    """A chunk coder as Zarr wants it."""

    is_fixed_size = False

    @classmethod
    def from_dict(cls, data: dict[str, JSON]) -> Self:
        """Make a codec of an array's metadata."""
        _, configuration = parse_named_configuration(data, cls.name, require_configuration=False)
        return cls(**(configuration or {}))

    def to_dict(self) -> dict[str, JSON]:
        """Return what an array's metadata keep."""
        return {"name": self.name, "configuration": asdict(self)}

    def compute_encoded_size(self, input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        """Raise: it depends on the samples."""
        raise NotImplementedError(f"the size of what {self.name} makes of {input_byte_length} bytes is not fixed")

    def _encode_sync(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        return chunk_spec.prototype.buffer.from_bytes(self.encode_chunk(chunk_array.as_numpy_array()))

    def _decode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        array = decode_chunk(chunk_bytes.to_bytes())
        wanted = chunk_spec.dtype.to_native_dtype()
        if wanted.names and array.dtype.kind == "V" and array.dtype.itemsize == wanted.itemsize:
            array = array.view(wanted)
        if array.shape != chunk_spec.shape or array.dtype != wanted:
            raise CodecError(f"chunk is {array.dtype} {array.shape}, but the array wants {wanted} {chunk_spec.shape}")
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)

    async def _encode_single(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        return await asyncio.to_thread(self._encode_sync, chunk_array, chunk_spec)

    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return await asyncio.to_thread(self._decode_sync, chunk_bytes, chunk_spec)


@dataclass(frozen=True)
class ZarrWaveform(WaveformCoder, _ZarrCodec):
    """`WaveformCodec` as a serializer for Zarr; the parameters are those of `WaveformCoder`."""


@dataclass(frozen=True)
class ZarrSpikes(SpikeCoder, _ZarrCodec):
    """The spike codecs as a serializer for Zarr; the parameters are those of `SpikeCoder`."""
