"""Leb128Coder: gaps to bytes of 7 bits, low bits first."""

from __future__ import annotations

from model.golden.codeword import Codeword

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
