"""Framer: packets to a byte stream that a serial line can carry."""

from __future__ import annotations

FLAG = 0x7E
"""Stands before and behind each packet, and nowhere else."""
ESCAPE = 0x7D
"""Announces that the next byte was changed."""
CHANGE = 0x20
"""What an escaped byte is combined with by exclusive or."""


class Framer:
    """Byte stuffing as in HDLC (RFC 1662, section 4.2), without the control-character map.

    A packet goes out between two flags. A flag or an escape within it becomes an escape and the changed byte. The
    packet's own CRC-32C takes the place of the frame check sequence.
    """

    def frame(self, packet: bytes) -> bytes:
        """Return the bytes on the line for one packet: at most twice the packet's, and two."""
        stuffed = bytearray([FLAG])
        for byte in packet:
            stuffed += bytes([ESCAPE, byte ^ CHANGE]) if byte in (FLAG, ESCAPE) else bytes([byte])
        stuffed.append(FLAG)
        return bytes(stuffed)
