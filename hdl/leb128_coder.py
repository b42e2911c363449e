"""Leb128Coder: gaps to groups of 7 bits, low bits first."""

from amaranth.hdl import Array, Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import gap_bits, part_token, rice_token
from model.golden.leb128_coder import GROUP_BITS


class Leb128Coder(wiring.Component):
    """Takes gaps for LEB128 apart, a group a cycle; others pass.

    Latency: none. Throughput: one token a cycle, and one cycle more for each further byte of a code, which the byte
    takes to leave the encoder as well. Back-pressure: holds up the input. Memory: 2 bits.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.

    Members
    -------
    i : In(stream)
        Gaps with their parameters.
    o : Out(stream)
        The same, or one token for each group of a gap that is not 0 or has one above it that is not, at least one.
    """

    def __init__(self, channels: int) -> None:
        self._gap_bits = gap_bits(channels)
        super().__init__(
            {
                "i": In(stream.Signature(rice_token(channels))),
                "o": Out(stream.Signature(part_token(channels))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        token, part = self.i.payload, self.o.payload
        groups = [token.gap[low : low + GROUP_BITS] for low in range(0, self._gap_bits, GROUP_BITS)]
        above = [token.gap[low + GROUP_BITS :].any() for low in range(0, self._gap_bits, GROUP_BITS)]
        place = Signal(range(len(groups)))
        splits = Signal()
        m.d.comb += [
            splits.eq(token.error & token.leb128),
            part.gap.eq(Cat(Array(groups)[place], token.gap[GROUP_BITS:])),
            part.leb128.eq(token.leb128),
            part.k.eq(token.k),
            part.more.eq(splits & Array(above)[place]),
            part.error.eq(token.error),
            part.end.eq(token.end & ~part.more),
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready & ~part.more),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += place.eq(place + 1)
            with m.If(~part.more):
                m.d.sync += place.eq(0)
        return m
