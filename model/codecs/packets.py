"""Rasters as the hardware's packets in their container, for the codecs whose stream that is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.codecs import stream
from model.codecs.base import OpenRaster
from model.codecs.stream import Header, Stream
from model.errors import CodecError
from model.golden.container import MAGIC
from model.golden.packetizer import FLAG_KEYFRAME, HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from model.golden.settings import CHANNELS_MAX, Settings
from model.kernels import container, spike_decoder, spike_encoder

SEQUENCE_AT, STEP_INDEX_AT = 2, 4
"""Bytes of a packet where its sequence number and its step index are."""
SEQUENCES, STEP_INDICES = 1 << 16, 1 << 32
"""Where these numbers wrap around."""
CHANNELS_AT = HEADER_BYTES + 2
"""Byte of a keyframe where the number of channels is."""


def encode(codec: str, spikes: NDArray[np.int8], settings: Settings) -> bytes:
    """Return the container of the packets of a raster, which is as from `Spikes.all_rows`.

    One without bins has no packets; it becomes a stream of the name `codec`.
    """
    steps, channels = spikes.shape
    check_channels(channels)
    if not spikes.size:
        return stream.join(Header(codec, steps, channels, 1), [b""])
    return container.join(spike_encoder.encode(spikes, settings))


def check_channels(channels: int) -> None:
    """Raise `ValueError` for a raster with more channels than the hardware has."""
    if channels > CHANNELS_MAX:
        raise ValueError(f"spikes must have at most {CHANNELS_MAX} channels for the hardware's packets, not {channels}")


def open_raster(codec: str, data: bytes) -> OpenRaster:
    """Return the raster of a stream that `encode` made."""
    return Packets(data) if data.startswith(MAGIC) else EmptyRaster(codec, data)


class EmptyRaster:
    """The raster without bins of a stream that holds nothing else.

    Parameters
    ----------
    codec : str
        Codec that the stream must be of.
    data : bytes
        The stream.

    Raises
    ------
    CodecError
        It is not such a stream.
    """

    def __init__(self, codec: str, data: bytes) -> None:
        opened = Stream(data)
        header = opened.header
        if header.codec != codec or header.parameters or (header.steps and header.channels) or opened.payload(0).size:
            raise CodecError(f"stream is of codec {header.codec!r}, and no empty raster of codec {codec!r}")
        self.steps, self.channels = header.steps, header.channels

    def decode(self, start: int, end: int, max_bins: int, workers: int) -> NDArray[np.int8]:
        """Return steps `start` to `end`, exclusive."""
        return np.zeros((end - start, self.channels), dtype=np.int8)


class Packets:
    """The packets of a container whose checksum is right.

    Parameters
    ----------
    data : bytes
        The container.

    Raises
    ------
    CodecError
        It is no container, or a packet is too short to be one.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._bounds = container.split(data)
        if not len(self._bounds):
            raise CodecError("stream holds no packets")
        starts, ends = self._bounds.T
        lengths = ends - starts
        shortest = HEADER_BYTES + TRAILER_BYTES
        if lengths.min() < shortest or lengths[0] < shortest + SETTINGS_BYTES:
            raise CodecError(f"stream has a packet of only {lengths.min()} bytes")
        self._keyframes = np.frombuffer(data, dtype=np.uint8)[starts + 1] & FLAG_KEYFRAME
        if not self._keyframes[0]:
            raise CodecError("stream does not start with a keyframe")
        self._steps = np.cumsum(self._numbers(ends - TRAILER_BYTES))
        self.steps = int(self._steps[-1])
        self.channels = int(self._numbers(starts[:1] + CHANNELS_AT)[0])

    def _numbers(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of two bytes from each byte `at` on."""
        low, high = (np.frombuffer(self._data, dtype=np.uint8)[byte].astype(np.int64) for byte in (at, at + 1))
        return low | high << 8

    def decode(self, start: int, end: int, max_bins: int, workers: int) -> NDArray[np.int8]:
        """Return steps `start` to `end`, exclusive, decoding from the keyframe before them on, by one worker."""
        if start == end:
            return np.zeros((0, self.channels), dtype=np.int8)
        holds_start, holds_end = np.searchsorted(self._steps, [start, end - 1], side="right")
        first = int(np.flatnonzero(self._keyframes[: holds_start + 1])[-1])
        if first > 0 or holds_end + 1 < len(self._bounds):
            self._check_order()
        raster = spike_decoder.decode(self._data, self._bounds[first : holds_end + 1], max_bins)
        skipped = int(self._steps[first - 1]) if first else 0
        return raster[start - skipped : end - skipped]

    def _check_order(self) -> None:
        """Raise unless all packets are of one recording, as is seen without a look at what they hold."""
        starts = self._bounds[:, 0]
        step_index = self._numbers(starts + STEP_INDEX_AT) | self._numbers(starts + STEP_INDEX_AT + 2) << 16
        sequence = self._numbers(starts + SEQUENCE_AT)
        wrong_sequence = (sequence - sequence[0] - np.arange(starts.size)) % SEQUENCES
        wrong_step = (step_index - step_index[0] - np.append(0, self._steps[:-1])) % STEP_INDICES
        if wrong_sequence.any() or wrong_step.any():
            raise CodecError("stream has packets that do not follow one another")
        if (self._numbers(starts[self._keyframes != 0] + CHANNELS_AT) != self.channels).any():
            raise CodecError(f"stream has keyframes of another number of channels than the first, {self.channels}")
