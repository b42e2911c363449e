"""A waveform stream beside its groups' payloads: the header's parameters, and how a chunk is cut into groups.

docs/waveform-streams.md specifies it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.codecs.stream import Reader, Stream, write_leb128
from model.codecs.waveform_group import PRESETS
from model.codecs.waveform_input import DTYPES
from model.codecs.waveform_spikes import CONTENTS, SpikeFormat
from model.errors import CodecError

PRESET_NAMES = tuple(PRESETS)
BEST, ROUNDED, CONTENT_SHIFT, FLAGS = 1, 2, 2, 1 << 4
"""Bits of the flags: preset; whether samples were rounded; from the third on what is kept, 0 for samples."""


@dataclass(frozen=True)
class Parameters:
    """What the decoder must know beside header and payloads.

    Attributes
    ----------
    dtype : dtype
        Of the samples.
    preset : {"fast", "best"}
        Of samples; without a meaning where spikes are kept.
    lossless : bool
        Whether samples are coded as they are.
    group_channels : int
        Channels of a group.
    quantum : float
        Floats are integers times this; 0 for integers.
    spikes : SpikeFormat, optional
        What is kept where it is spikes.
    """

    dtype: np.dtype[np.generic]
    preset: str
    lossless: bool
    group_channels: int
    quantum: float
    spikes: SpikeFormat | None = None

    def to_bytes(self) -> bytes:
        """Return what `from_bytes` reads."""
        flags = PRESET_NAMES.index(self.preset)
        tail = struct.pack("<d", self.quantum)
        if self.spikes is not None:
            flags |= CONTENTS.index(self.spikes.content) + 1 << CONTENT_SHIFT
            numbers = self.spikes.spacing, self.spikes.snippet_samples, self.spikes.max_templates
            tail += b"".join(map(write_leb128, numbers))
        elif not self.lossless:
            flags |= ROUNDED
        return bytes([DTYPES.index(self.dtype), flags]) + write_leb128(self.group_channels) + tail

    @classmethod
    def from_bytes(cls, data: bytes) -> Parameters:
        """Return the parameters of a stream; `CodecError` if there are none such."""
        reader = Reader(data)
        dtype, flags, group_channels = reader.byte(), reader.byte(), reader.leb128()
        (quantum,) = struct.unpack("<d", reader.bytes(8))
        content = flags >> CONTENT_SHIFT
        if dtype >= len(DTYPES) or flags >= FLAGS or group_channels < 1 or not 0 <= quantum < np.inf:
            raise CodecError("waveform stream has parameters out of range")
        if quantum and DTYPES[dtype].kind != "f":
            raise CodecError("waveform stream has integers that are multiples of a quantum")
        spikes = None
        if content:
            spikes = SpikeFormat(CONTENTS[content - 1], reader.leb128(), reader.leb128(), reader.leb128())
            spikes.check()
            if flags & ROUNDED:
                raise CodecError("waveform stream has spikes, and samples that were rounded")
        reader.finish()
        return cls(
            DTYPES[dtype],
            PRESET_NAMES[flags & BEST],
            not flags & ROUNDED and not content,
            group_channels,
            quantum,
            spikes,
        )

    def groups(self, channels: int) -> list[tuple[int, int]]:
        """Return first and last channel, exclusive, of each group."""
        size = self.group_channels
        return [(first, min(first + size, channels)) for first in range(0, channels, size)]


@dataclass(frozen=True)
class Task:
    """A group of a chunk that is to be decoded: its bytes, its steps and its channels, each from a first to an end."""

    payload: NDArray[np.uint8]
    start: int
    stop: int
    first: int
    end: int


def joined_groups(payloads: Sequence[bytes]) -> list[bytes]:
    """Return the payload of a chunk, in parts."""
    return [*(write_leb128(len(payload)) for payload in payloads[:-1]), *payloads]


def tasks_of(stream: Stream, parameters: Parameters, chunk: int, first: int, end: int) -> Iterator[Task]:
    """Yield the groups of a chunk that hold channels `first` to `end`."""
    header, payload = stream.header, stream.payload(chunk)
    reader = Reader(payload.data)
    # A group but the last takes at least a byte, of its length: forged channels get no list of their groups.
    if header.channels > parameters.group_channels * (reader.remaining + 1):
        raise CodecError("waveform chunk is cut off")
    groups = parameters.groups(header.channels)
    lengths = [reader.leb128() for _ in groups[1:]]
    lengths.append(reader.remaining - sum(lengths))
    if lengths[-1] < 0:
        raise CodecError("waveform chunk is cut off")
    start, stop = header.chunk_range(chunk)
    at = reader.at
    for (first_of_group, end_of_group), length in zip(groups, lengths, strict=True):
        if first_of_group < end and first < end_of_group:
            yield Task(payload[at : at + length], start, stop, first_of_group, end_of_group)
        at += length
