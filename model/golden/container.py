"""Container: the packets of a recording in one `bytes` object or file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from model.errors import CodecError
from model.golden.crc32c import crc32c

MAGIC = b"CTCD"
"""First bytes of every container."""
VERSION = 1
KIND_PACKETS = 1
"""What the container holds; 1: packets of the spike encoder."""
HEADER = MAGIC + bytes([VERSION, KIND_PACKETS])
LENGTH_GROUPS_MAX = 5
"""A packet's length takes at most this many LEB128 bytes (35 bits)."""
CRC_BYTES = 4


def join(packets: Sequence[bytes]) -> bytes:
    """Return a container: header, each packet after its length in LEB128, a length of 0, CRC-32C of all before."""
    body = HEADER + b"".join(_leb128(len(packet)) + packet for packet in packets) + b"\0"
    return body + crc32c(body).to_bytes(CRC_BYTES, "little")


def split(data: bytes, checksum: Callable[[bytes], int] = crc32c) -> list[bytes]:
    """Return the packets of a container.

    Parameters
    ----------
    data : bytes
        The container.
    checksum : callable
        CRC-32C of bytes: this one, or a faster one that equals it.

    Raises
    ------
    CodecError
        The container is cut off, has bytes after its end, a wrong checksum, or is of an unknown kind or version.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise CodecError(f"stream does not start with {MAGIC.decode()}")
    if len(data) < len(HEADER) + 1 + CRC_BYTES:
        raise CodecError("stream is cut off")
    if checksum(data[:-CRC_BYTES]) != int.from_bytes(data[-CRC_BYTES:], "little"):
        raise CodecError("stream checksum does not match: it is damaged, cut off, or has bytes after its end")
    version, kind = data[4], data[5]
    if version != VERSION:
        raise CodecError(f"stream is of container version {version}; this decoder knows version {VERSION}")
    if kind != KIND_PACKETS:
        raise CodecError(f"stream holds data of kind {kind}; spike packets are kind {KIND_PACKETS}")
    packets = []
    position, end = len(HEADER), len(data) - CRC_BYTES
    while True:
        length, position = _read_leb128(data, position, end)
        if length == 0:
            break
        if length > end - position:
            raise CodecError("stream has a packet that reaches beyond its end")
        packets.append(data[position : position + length])
        position += length
    if position != end:
        raise CodecError(f"stream has {end - position} bytes after its last packet")
    return packets


def _leb128(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_leb128(data: bytes, position: int, end: int) -> tuple[int, int]:
    value = 0
    for group in range(LENGTH_GROUPS_MAX):
        if position >= end:
            break
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << 7 * group
        if byte < 0x80:
            if byte == 0 and group:
                raise CodecError("stream has a packet length with a needless last byte")
            return value, position
    raise CodecError("stream has a packet length that does not end")
