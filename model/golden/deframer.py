"""Deframer: a serial line's byte stream to packets."""

from __future__ import annotations

from model.golden.framer import CHANGE, ESCAPE, FLAG


class Deframer:
    """The inverse of `Framer`, for bytes that may begin anywhere and hold anything.

    Every flag ends the frame before it, so that a damaged one costs itself and, at most, the next. What lies between
    packets comes out as a packet, too: its checksum tells.

    Parameters
    ----------
    packet_bytes_max : int
        Longer frames are dropped, so that a line without flags takes no memory.

    Attributes
    ----------
    dropped : int
        Frames that were too long, or ended in an escape (RFC 1662's abort sequence).
    """

    def __init__(self, packet_bytes_max: int) -> None:
        self.packet_bytes_max = packet_bytes_max
        self.dropped = 0
        self._start()

    def _start(self) -> None:
        self._packet = bytearray()
        self._escaped = False
        self._too_long = False

    def push(self, byte: int) -> bytes | None:
        """Take the next byte; return the packet that it ends, or None."""
        if byte == FLAG:
            return self._end()
        if byte == ESCAPE:
            self._escaped = True
        elif len(self._packet) == self.packet_bytes_max:
            self._too_long = True
        else:
            self._packet.append(byte ^ CHANGE if self._escaped else byte)
            self._escaped = False
        return None

    def _end(self) -> bytes | None:
        packet, whole = bytes(self._packet), not (self._escaped or self._too_long)
        self._start()
        if not whole:
            self.dropped += 1
            return None
        return packet or None
