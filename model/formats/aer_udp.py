"""AER over UDP: address-event packets for FPGA boards and neuromorphic hosts.

A packet is a datagram, all numbers unsigned and big-endian:

| bytes | field | value |
| --- | --- | --- |
| 2 | magic | 0xAE01 |
| 2 | sequence | packets before this one, modulo 2^16 |
| 2 | count | events, at most 186, so that a packet fits into 1,500 bytes |
| 2 | reserved | 0 |
| 8 each | events | timestamp (4 bytes), neuron (2), data (2, 0 for a spike) |
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.errors import CodecError
from model.formats.events import check_shape, events_of, raster_of
from model.golden.settings import check_int
from model.raster import MAX_BINS, checked_packets

MAGIC = 0xAE01
HEADER = struct.Struct("!HHHH")
EVENT = np.dtype([("timestamp", ">u4"), ("neuron", ">u2"), ("data", ">u2")])
PACKET_BYTES_MAX = 1500
"""What an Ethernet frame carries."""
EVENTS_MAX = (PACKET_BYTES_MAX - HEADER.size) // EVENT.itemsize
NEURONS_MAX = 1 << 16
TIMESTAMP_MAX = (1 << 32) - 1
SEQUENCES = 1 << 16


def export_spikes(spikes: ArrayLike, *, first_timestamp: int = 0, first_sequence: int = 0) -> list[bytes]:
    """Return a raster as AER-over-UDP packets, events ordered by time, then by neuron.

    Parameters
    ----------
    spikes : array_like, shape (steps, channels)
        Zeros and ones, of at most 65,536 channels. A step is a unit of the timestamps, a channel a neuron.
    first_timestamp : int
        Timestamp of step 0, 0..4294967295. The last step's must be in that range, too.
    first_sequence : int
        Sequence number of the first packet, 0..65535; it wraps around.

    Returns
    -------
    list of bytes
        One datagram each; none where there is no spike.

    Raises
    ------
    ValueError
        `spikes` is no raster, or has more neurons or later times than a packet can name.

    Examples
    --------
    >>> packets = export_spikes([[0, 1], [1, 0]])
    >>> packets[0].hex(" ", 8)
    'ae01000000020000 0000000000010000 0000000100000000'
    """
    check_int("first_timestamp", first_timestamp, 0, TIMESTAMP_MAX)
    check_int("first_sequence", first_sequence, 0, SEQUENCES - 1)
    found = events_of(spikes)
    if found.n_channels > NEURONS_MAX:
        raise ValueError(
            f"spikes must have at most {NEURONS_MAX} channels for neuron numbers of 16 bits, not {found.n_channels}"
        )
    if first_timestamp + found.n_steps - 1 > TIMESTAMP_MAX:
        raise ValueError(
            f"first_timestamp must be at most {TIMESTAMP_MAX + 1 - found.n_steps} for {found.n_steps} steps and "
            f"timestamps of 32 bits, not {first_timestamp}"
        )
    events = np.zeros(found.steps.size, dtype=EVENT)
    events["timestamp"] = found.steps + first_timestamp
    events["neuron"] = found.channels
    parts = [events[start : start + EVENTS_MAX] for start in range(0, events.size, EVENTS_MAX)]
    return [
        HEADER.pack(MAGIC, (first_sequence + number) % SEQUENCES, part.size, 0) + part.tobytes()
        for number, part in enumerate(parts)
    ]


def import_spikes(
    packets: Iterable[bytes],
    T: int,  # noqa: N803 - the codecs' names of steps and channels
    N: int,  # noqa: N803
    *,
    first_timestamp: int = 0,
    max_bins: int = MAX_BINS,
) -> NDArray[np.int8]:
    """Return the raster of AER-over-UDP packets, all of a recording, in order.

    Parameters
    ----------
    packets : iterable of bytes
        One datagram each. The first may have any sequence number.
    T, N : int
        Steps and channels of the raster, which packets do not tell.
    first_timestamp : int
        Timestamp of step 0.
    max_bins : int, default 2**32
        Most bins (steps x channels), each a byte of the result.

    Returns
    -------
    NDArray of int8, shape (T, N)
        Zeros and ones.

    Raises
    ------
    CodecError
        A packet is damaged, missing or out of order, or an event is outside the raster, comes twice, or carries data,
        which a raster cannot hold.
    ValueError
        An argument is of the wrong type or out of range.
    """
    check_int("first_timestamp", first_timestamp, 0, TIMESTAMP_MAX)
    check_shape(T, N, max_bins)
    parts = [np.empty(0, dtype=EVENT)]
    due = None
    for number, packet in enumerate(checked_packets(packets)):
        sequence, events = _read(number, packet)
        if due is not None and sequence != due:
            raise CodecError(f"packet {number} has sequence number {sequence} where {due} is due")
        due = (sequence + 1) % SEQUENCES
        parts.append(events)
    events = np.concatenate(parts)
    with_data = np.flatnonzero(events["data"])
    if with_data.size:
        at = int(with_data[0])
        raise CodecError(f"event {at} carries data {events['data'][at]}; a raster of spikes holds none")
    times = events["timestamp"].astype(np.int64) - first_timestamp
    return raster_of(times, events["neuron"].astype(np.int64), T, N, max_bins)


def _read(number: int, packet: bytes) -> tuple[int, NDArray[np.void]]:
    """Return sequence number and events of a packet."""
    if len(packet) < HEADER.size:
        raise CodecError(f"packet {number} has {len(packet)} bytes; its header takes {HEADER.size}")
    magic, sequence, count, reserved = HEADER.unpack_from(packet)
    if magic != MAGIC:
        raise CodecError(f"packet {number} starts with 0x{magic:04X}, not 0x{MAGIC:04X}")
    if reserved != 0:
        raise CodecError(f"packet {number} has {reserved} in its reserved field, not 0")
    if count > EVENTS_MAX:
        raise CodecError(f"packet {number} claims {count} events; at most {EVENTS_MAX} fit")
    if len(packet) != HEADER.size + count * EVENT.itemsize:
        raise CodecError(f"packet {number} has {len(packet)} bytes, which is not what {count} events take")
    return sequence, np.frombuffer(packet, dtype=EVENT, offset=HEADER.size)
