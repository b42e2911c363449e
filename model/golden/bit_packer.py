"""BitPacker: codewords to bytes."""

from __future__ import annotations

from model.golden.codeword import Codeword


class BitPacker:
    """Joins codewords; the first bit is the most significant of the first byte."""

    def __init__(self) -> None:
        self._bits: list[int] = []

    def push(self, codeword: Codeword) -> None:
        """Append a codeword."""
        self._bits += [0] * codeword.zeros
        self._bits += [codeword.value >> place & 1 for place in reversed(range(codeword.width))]

    def finish(self) -> bytes:
        """Fill the last byte with zeros, return all bytes, and start anew."""
        self._bits += [0] * (-len(self._bits) % 8)
        packed = bytearray()
        for start in range(0, len(self._bits), 8):
            byte = 0
            for bit in self._bits[start : start + 8]:
                byte = byte << 1 | bit
            packed.append(byte)
        self._bits = []
        return bytes(packed)
