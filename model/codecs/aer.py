"""The event list, for targets that think in address events."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from model.codecs.base import ChunkDecoder, Common, RasterCodec
from model.codecs.results import AerResult
from model.codecs.spikes import CHANNELS_MAX
from model.codecs.stream import STEPS_MAX, Header, steps_of_chunk
from model.errors import CodecError
from model.golden.settings import check_int
from model.kernels import event_list
from model.kernels.bit_unpacker import SLACK_BYTES
from model.kernels.crc32c import as_array
from model.kernels.outcome import BEYOND, CUT_OFF, END, PADDING

SPIKES, SILENCES, BITMAP = range(3)
"""First byte of a chunk's payload: what its events are. No byte at all: a chunk without a spike."""

STREAM_BYTES_MAX = 32
"""Most bytes of a stream beside its chunks."""
CHUNK_BYTES_MAX = 10
"""Most bytes that a chunk takes beside a bit a bin: its length, checksum, kind, and a byte that is not full."""
SENTENCES = {
    BEYOND: "event list has an event beyond the chunk's last bin",
    CUT_OFF: "event list ends within an event",
    PADDING: "event list has a byte or more of padding; at most 7 bits are allowed",
}


class AERSpikeCodec(RasterCodec[AerResult]):
    """Events ordered by time, then by channel, each as the difference of its time and address to the one before.

    Where more than half of the bins of a chunk of time are spikes, its events are the silent bins. A chunk whose list
    would be larger than its bitmap is stored as that, so that no raster takes more than `bytes_max`. Time and memory
    follow the events.

    `model.formats.aer_udp` and `model.formats.eieio` export and import the packets of neuromorphic targets.

    Examples
    --------
    >>> data, result = AERSpikeCodec().compress([[0, 1, 0], [0, 0, 0], [1, 0, 0]])
    >>> result.n_events
    2
    >>> AERSpikeCodec().decompress(data).tolist()
    [[0, 1, 0], [0, 0, 0], [1, 0, 0]]
    """

    name: ClassVar[str] = "aer"

    @classmethod
    def bytes_max(cls, n_steps: int, n_channels: int) -> int:
        """Return the most bytes of the stream of a raster of this shape: a bit a bin, and some for each chunk."""
        check_int("n_steps", n_steps, 0, STEPS_MAX)
        check_int("n_channels", n_channels, 0, CHANNELS_MAX)
        chunks = -(-n_steps // steps_of_chunk(n_channels, cls.chunk_bins))
        return n_steps * n_channels // 8 + STREAM_BYTES_MAX + chunks * CHUNK_BYTES_MAX

    def _encoder(self, channels: int) -> _Encoder:
        return _Encoder()

    @classmethod
    def _decoder(cls, header: Header) -> ChunkDecoder:
        if header.parameters:
            raise CodecError(f"stream has {len(header.parameters)} bytes of parameters; an event list has none")
        return _decode


class _Encoder:
    """Counts the events of all chunks while it encodes them."""

    def __init__(self) -> None:
        self._events = 0

    def encode(self, rows: NDArray[np.int8]) -> bytes:
        bins = rows.view(np.uint8).reshape(-1)
        spikes = int(np.count_nonzero(bins))
        events = min(spikes, bins.size - spikes)
        self._events += events
        if spikes == 0:
            return b""
        kind = SILENCES if 2 * spikes > bins.size else SPIKES
        out = np.empty(event_list.bits_max(bins.size, events) // 8 + 5, dtype=np.uint8)
        size = event_list.encode(bins, kind == SILENCES, out)
        if size > -(-bins.size // 8):
            return bytes([BITMAP]) + np.packbits(bins).tobytes()
        return bytes([kind]) + out[:size].tobytes()

    def parameters(self) -> bytes:
        return b""

    def result(self, common: Common) -> AerResult:
        return AerResult(codec="aer", n_events=self._events, **common)


def _decode(payload: NDArray[np.uint8], rows: NDArray[np.int8]) -> None:
    if payload.size == 0:
        return
    bins = rows.reshape(-1)
    kind = int(payload[0])
    if kind == BITMAP:
        _decode_bitmap(payload[1:], bins)
    elif kind in (SPIKES, SILENCES):
        if kind == SILENCES:
            bins[:] = 1
        padded = as_array(payload.data, bytes(SLACK_BYTES))
        outcome = event_list.decode(padded, 1, payload.size, int(kind == SPIKES), bins)
        if outcome != END:
            raise CodecError(SENTENCES[outcome])
    else:
        raise CodecError(f"chunk has events of the unknown kind {kind}")


def _decode_bitmap(packed: NDArray[np.uint8], bins: NDArray[np.int8]) -> None:
    if 8 * packed.size != bins.size + -bins.size % 8:
        raise CodecError(f"bitmap of {packed.size} bytes is not one of {bins.size} bins")
    bits = np.unpackbits(packed)
    if bits[bins.size :].any():
        raise CodecError("bitmap has ones behind its last bin")
    bins[:] = bits[: bins.size]
