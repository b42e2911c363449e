"""PacketBuffer: which packets go on, and which are dropped."""

from __future__ import annotations

from typing import NamedTuple

from model.golden.crc32c import crc32c
from model.golden.packetizer import HEADER_BYTES, TRAILER_BYTES


class Held(NamedTuple):
    """A packet whose checksum is right, without its trailer, and the trailer."""

    data: bytes
    trailer: bytes


class PacketBuffer:
    """Holds a packet until its checksum is known.

    Parameters
    ----------
    depth : int
        Most bytes of header and payload.
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth

    def hold(self, packet: bytes) -> Held | None:
        """Return the packet, or None if it is too short, too long or damaged."""
        data, trailer = packet[:-TRAILER_BYTES], packet[-TRAILER_BYTES:]
        if not HEADER_BYTES <= len(data) <= self.depth:
            return None
        if crc32c(packet[:-4]).to_bytes(4, "little") != packet[-4:]:
            return None
        return Held(data, trailer)
