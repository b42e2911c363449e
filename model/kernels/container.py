"""Container: the packets of a recording in one `bytes` object, without a loop over packets in Python."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.golden import container
from model.golden.container import CRC_BYTES, HEADER, LENGTH_GROUPS_MAX
from model.golden.leb128_coder import CONTINUES, GROUP_BITS
from model.kernels.copy import copy
from model.kernels.crc32c import as_array, checksum, crc32c
from model.kernels.jit import kernel, part


def join(pieces: Iterable[tuple[NDArray[np.uint8], NDArray[np.int64]]]) -> bytes:
    """Return the container of the packets in `pieces`: packets that lie end to end, and where each ends."""
    parts = [HEADER]
    for packets, ends in pieces:
        framed = np.empty(packets.size + LENGTH_GROUPS_MAX * ends.size, dtype=np.uint8)
        parts.append(framed[: _frame(packets, ends, framed)].tobytes())
    body = b"".join(parts) + b"\0"
    return body + crc32c(body).to_bytes(CRC_BYTES, "little")


def split(data: bytes) -> NDArray[np.int64]:
    """Return start and end of each packet of a container, one packet a row.

    Raises
    ------
    CodecError
        The container is not one that the golden model takes.
    """
    array, end = as_array(data), len(data) - CRC_BYTES
    intact = data.startswith(HEADER) and _checksum(array, end) == int.from_bytes(data[end:], "little")
    packets = _find_packets(array, len(HEADER), end, np.empty((0, 2), dtype=np.int64)) if intact else -1
    if packets < 0:
        raise _error(data)
    bounds = np.empty((packets, 2), dtype=np.int64)
    _find_packets(array, len(HEADER), end, bounds)
    return bounds


@kernel
def _checksum(data: NDArray[np.uint8], end: int) -> int:
    return checksum(data, 0, end)


def _error(data: bytes) -> CodecError:
    # The sentences about a container have one source, the golden model.
    try:
        container.split(data, crc32c)
    except CodecError as error:
        return error
    raise AssertionError("a container is refused that the golden model takes")


@kernel
def _frame(packets: NDArray[np.uint8], ends: NDArray[np.int64], out: NDArray[np.uint8]) -> int:
    """Store packets that lie end to end, each after its length; return the number of bytes stored."""
    at, start = 0, 0
    for end in ends:
        length = end - start
        while length >= CONTINUES:
            out[at] = length & CONTINUES - 1 | CONTINUES
            length >>= GROUP_BITS
            at += 1
        out[at] = length
        at += 1
        copy(packets[start:end], out[at:])
        at += end - start
        start = end
    return at


@kernel
def _find_packets(data: NDArray[np.uint8], start: int, end: int, bounds: NDArray[np.int64]) -> int:
    """Return the number of packets in `data[start:end]`, or -1 if it is no valid body of a container.

    `bounds` takes start and end of each packet, as far as it has rows.
    """
    packets, at = 0, start
    while True:
        length, at = _read_length(data, at, end)
        if length == 0:
            return packets if at == end else -1
        if not 0 < length <= end - at:
            return -1
        if packets < bounds.shape[0]:
            bounds[packets, 0], bounds[packets, 1] = at, at + length
        packets += 1
        at += length


@part
def _read_length(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    length = 0
    for group in range(LENGTH_GROUPS_MAX):
        if at >= end:
            break
        byte = data[at]
        at += 1
        length |= (byte & CONTINUES - 1) << GROUP_BITS * group
        if byte < CONTINUES:
            return -1 if byte == 0 and group > 0 else length, at
    return -1, at
