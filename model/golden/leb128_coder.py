"""Leb128Coder: gaps to bytes of 7 bits, low bits first, and back."""

from __future__ import annotations

from model.errors import CodecError
from model.golden.bit_unpacker import BitUnpacker
from model.golden.codeword import Codeword
from model.golden.rice_coder import GAP_BITS

GROUP_BITS = 7
CONTINUES = 0x80


class Leb128Coder:
    """Unsigned LEB128 (DWARF 5, section 7.6) in as few bytes as possible: bit 7 is set in all but the last."""

    def start_epoch(self) -> None:
        """Do nothing: this coder keeps no state."""

    def encode(self, gap: int) -> Codeword:
        """Return the codeword of the next gap, a whole number of bytes."""
        value, width = gap & CONTINUES - 1, 8
        while gap := gap >> GROUP_BITS:
            value, width = (value | CONTINUES) << 8 | gap & CONTINUES - 1, width + 8
        return Codeword(zeros=0, value=value, width=width)

    def decode(self, bits: BitUnpacker) -> int | None:
        """Read the next gap, or return None at the end of the payload.

        Raises
        ------
        CodecError
            A gap is cut off, too long, or has needless bytes.
        """
        if bits.at_end:
            return None
        gap = 0
        for shift in range(0, GAP_BITS, GROUP_BITS):
            byte = bits.read(8)
            gap |= (byte & CONTINUES - 1) << shift
            if byte < CONTINUES:
                if byte == 0 and shift:
                    raise CodecError("LEB128 gap has a needless last byte")
                return gap
        raise CodecError(f"LEB128 gap is longer than {GAP_BITS} bits")
