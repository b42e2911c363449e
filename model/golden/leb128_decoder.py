"""Leb128Decoder: bytes of 7 bits, low bits first, to gaps."""

from __future__ import annotations

from model.errors import CodecError
from model.golden.bit_unpacker import BitUnpacker
from model.golden.leb128_coder import CONTINUES, GROUP_BITS
from model.golden.rice_coder import GAP_BITS


class Leb128Decoder:
    """The inverse of `Leb128Coder`."""

    def start_epoch(self) -> None:
        """Do nothing: this decoder keeps no state."""

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
