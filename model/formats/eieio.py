"""EIEIO: the packets that carry spikes between SpiNNaker and its hosts.

A data packet has a header of two bytes, count and flags, then as the flags say a prefix of the keys (2 bytes) and a
base of the payloads (as wide as a key), then the elements, keys or keys with payloads, all little-endian. Spikes are
exported as keys only, those of one step a packet, with the step as the payload base of the kind "timestamp": 4 bytes
of header and 126 keys of 16 bits in a packet of 256 bytes.

| bits of the flags | field |
| --- | --- |
| 7 | keys have a prefix |
| 6 | the prefix goes to the upper half of the key; without a prefix: not a data packet but a command |
| 5 | payloads have a base |
| 4 | payloads are timestamps |
| 3, 2 | elements: keys of 16 bits (0), with payloads of 16 (1), keys of 32 bits (2), with payloads of 32 (3) |
| 1, 0 | tag, of no meaning to spikes |

The protocol is that of SpiNNMan, whose classes read what is written here and write what is read here, by the tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.errors import CodecError
from model.formats.events import check_shape, events_of, raster_of
from model.golden.settings import check_int
from model.raster import MAX_BINS, checked_packets

FLAG_PREFIX = 0x80
FLAG_PREFIX_UPPER = 0x40
FLAG_PAYLOAD_BASE = 0x20
FLAG_TIMESTAMPS = 0x10
TYPE_SHIFT = 2
TYPE_MASK = 3
TYPE_PAYLOADS = 1
"""Bit of the type: elements are keys with payloads."""
TYPE_32_BIT = 2
"""Bit of the type: keys and payloads have 32 bits."""
FIXED_BYTES = 2
PREFIX_BYTES = 2
PACKET_BYTES_MAX = 256
"""What SpiNNaker takes in a packet."""
WIDE_MAX = (1 << 32) - 1
NARROW_MAX = (1 << 16) - 1


class Elements(NamedTuple):
    """What a packet holds: the keys, and their times, `None` where it has none."""

    keys: NDArray[np.int64]
    times: NDArray[np.int64] | None


def export_spikes(spikes: ArrayLike, *, first_key: int = 0, first_timestamp: int = 0) -> list[bytes]:
    """Return a raster as EIEIO packets, ordered by time, then by key.

    Keys and timestamps have 16 bits where all of them fit, else 32 bits.

    Parameters
    ----------
    spikes : array_like, shape (steps, channels)
        Zeros and ones. A step is a time step of the machine, usually 1 ms.
    first_key : int
        Key of channel 0, 0..4294967295; the others follow, and must be in that range, too.
    first_timestamp : int
        Timestamp of step 0, 0..4294967295. The last step's must be in that range, too.

    Returns
    -------
    list of bytes
        The payload of one datagram each; none where there is no spike.

    Raises
    ------
    ValueError
        `spikes` is no raster, or has more channels or steps than keys and timestamps can name.

    Examples
    --------
    >>> [packet.hex(" ") for packet in export_spikes([[0, 1], [0, 0], [1, 1]])]
    ['01 30 00 00 01 00', '02 30 02 00 00 00 01 00']
    """
    check_int("first_key", first_key, 0, WIDE_MAX)
    check_int("first_timestamp", first_timestamp, 0, WIDE_MAX)
    events = events_of(spikes)
    last_key, last_timestamp = first_key + events.n_channels - 1, first_timestamp + events.n_steps - 1
    for name, last, count, what in (
        ("first_key", last_key, events.n_channels, "channels"),
        ("first_timestamp", last_timestamp, events.n_steps, "steps"),
    ):
        if last > WIDE_MAX:
            raise ValueError(f"{name} must be at most {WIDE_MAX + 1 - count} for {count} {what} and numbers of 32 bits")
    kind, width = (0, 2) if max(last_key, last_timestamp) <= NARROW_MAX else (TYPE_32_BIT, 4)
    keys_max = (PACKET_BYTES_MAX - FIXED_BYTES - width) // width
    flags = FLAG_PAYLOAD_BASE | FLAG_TIMESTAMPS | kind << TYPE_SHIFT
    packets = []
    for step, channels in events.by_step():
        time = (step + first_timestamp).to_bytes(width, "little")
        keys = (channels + first_key).astype(f"<u{width}")
        for start in range(0, keys.size, keys_max):
            part = keys[start : start + keys_max]
            packets.append(bytes([part.size, flags]) + time + part.tobytes())
    return packets


def import_spikes(
    packets: Iterable[bytes],
    T: int,  # noqa: N803 - the codecs' names of steps and channels
    N: int,  # noqa: N803
    *,
    first_key: int = 0,
    first_timestamp: int = 0,
    max_bins: int = MAX_BINS,
) -> NDArray[np.int8]:
    """Return the raster of EIEIO packets of any of the four element types, in any order.

    Parameters
    ----------
    packets : iterable of bytes
        The payload of one datagram each. Every element needs a timestamp, its own or the packet's.
    T, N : int
        Steps and channels of the raster, which packets do not tell.
    first_key, first_timestamp : int
        Key of channel 0, timestamp of step 0.
    max_bins : int, default 2**32
        Most bins (steps x channels), each a byte of the result.

    Returns
    -------
    NDArray of int8, shape (T, N)
        Zeros and ones.

    Raises
    ------
    CodecError
        A packet is damaged, a command, or without timestamps, or an event is outside the raster or comes twice.
    ValueError
        An argument is of the wrong type or out of range.
    """
    check_int("first_key", first_key, 0, WIDE_MAX)
    check_int("first_timestamp", first_timestamp, 0, WIDE_MAX)
    check_shape(T, N, max_bins)
    times, keys = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for number, packet in enumerate(checked_packets(packets)):
        elements = _read(number, packet)
        if elements.times is None:
            raise CodecError(f"packet {number} has no timestamps; a raster needs them")
        times.append(elements.times)
        keys.append(elements.keys)
    return raster_of(np.concatenate(times) - first_timestamp, np.concatenate(keys) - first_key, T, N, max_bins)


def _read(number: int, packet: bytes) -> Elements:
    if len(packet) < FIXED_BYTES:
        raise CodecError(f"packet {number} has {len(packet)} bytes; its header takes at least {FIXED_BYTES}")
    count, flags = packet[0], packet[1]
    if flags & (FLAG_PREFIX | FLAG_PREFIX_UPPER) == FLAG_PREFIX_UPPER:
        raise CodecError(f"packet {number} is a command, not data")
    kind = flags >> TYPE_SHIFT & TYPE_MASK
    width = 4 if kind & TYPE_32_BIT else 2
    columns = 2 if kind & TYPE_PAYLOADS else 1
    at_base = FIXED_BYTES + (PREFIX_BYTES if flags & FLAG_PREFIX else 0)
    at_elements = at_base + (width if flags & FLAG_PAYLOAD_BASE else 0)
    if len(packet) != at_elements + count * columns * width:
        raise CodecError(f"packet {number} has {len(packet)} bytes, which is not what its {count} elements take")
    elements = np.frombuffer(packet, f"<u{width}", offset=at_elements).astype(np.int64).reshape(count, columns)
    prefix = int.from_bytes(packet[FIXED_BYTES:at_base], "little") << (16 if flags & FLAG_PREFIX_UPPER else 0)
    base = int.from_bytes(packet[at_base:at_elements], "little")
    has_times = flags & FLAG_TIMESTAMPS and (flags & FLAG_PAYLOAD_BASE or columns == 2)
    payloads = elements[:, 1] if columns == 2 else np.zeros(count, dtype=np.int64)
    return Elements(elements[:, 0] | prefix, payloads | base if has_times else None)
