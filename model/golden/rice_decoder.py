"""RiceDecoder: adaptive Golomb-Rice codewords to gaps."""

from __future__ import annotations

from model.golden.bit_unpacker import BitUnpacker
from model.golden.rice_coder import ESCAPE, GAP_BITS
from model.golden.rice_parameter import RiceParameter


class RiceDecoder:
    """The inverse of `RiceCoder`."""

    def __init__(self) -> None:
        self.parameter = RiceParameter()

    def start_epoch(self) -> None:
        """Begin a packet that is no keyframe (a keyframe begins with a new decoder)."""
        self.parameter.start_epoch()

    def decode(self, bits: BitUnpacker) -> int | None:
        """Read the next gap, or return None where only padding is left.

        Raises
        ------
        CodecError
            The bits left are neither a codeword nor padding.
        """
        k = self.parameter.k
        zeros = bits.read_zeros(limit=ESCAPE + GAP_BITS)
        if zeros is None:
            return None
        n = max(0, zeros - ESCAPE)
        body = bits.read(n + k)
        gap = (min(zeros, ESCAPE) + (1 << n) - 1 << k) + body
        self.parameter.update(gap)
        return gap
