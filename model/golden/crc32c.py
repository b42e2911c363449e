"""Crc32c: the checksum at the end of every packet."""

from __future__ import annotations

POLYNOMIAL_REFLECTED = 0x82F63B78


class Crc32c:
    """CRC-32C (Castagnoli; RFC 3720, appendix B.4): reflected, initial and final value all ones.

    The check value of b"123456789" is 0xE3069283.
    """

    def __init__(self) -> None:
        self._register = 0xFFFFFFFF

    def push(self, byte: int) -> None:
        """Take the next byte, least significant bit first."""
        self._register ^= byte
        for _ in range(8):
            carry = self._register & 1
            self._register = self._register >> 1 ^ (POLYNOMIAL_REFLECTED if carry else 0)

    @property
    def value(self) -> int:
        """Checksum of the bytes so far."""
        return self._register ^ 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of `data`."""
    crc = Crc32c()
    for byte in data:
        crc.push(byte)
    return crc.value
