"""Leb128Decoder: bytes of 7 bits, low bits first, to gaps."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring

from hdl.bit_unpacker import BYTE, WINDOW_BITS
from hdl.codeword_decoder import decoder_signature, send_token
from model.golden.leb128_coder import GROUP_BITS
from model.golden.rice_coder import GAP_BITS

GROUPS = GAP_BITS // GROUP_BITS


class Leb128Decoder(wiring.Component):
    """Reads a gap a byte at a time.

    Latency: one cycle from a gap's last byte to its token. Throughput: a byte a cycle. Back-pressure: a token waits,
    and holds up the bits.

    Parameters
    ----------
    channels : int
        Channels of the raster; they set the width of a gap.

    Members
    -------
    As those of `RiceDecoder`.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(decoder_signature(channels))

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        octet = Signal(BYTE)
        group = Signal(range(GROUPS))
        before, gap = Signal(GAP_BITS), Signal(GAP_BITS)
        continues = octet[GROUP_BITS]
        m.d.comb += [
            octet.eq(self.window[WINDOW_BITS - BYTE :]),
            gap.eq(before),
            gap.word_select(group, GROUP_BITS).eq(octet[:GROUP_BITS]),
        ]

        reading, whole, over, bad = Signal(), Signal(), Signal(), Signal()
        m.d.comb += reading.eq(self.enable & ~(self.o.valid & (self.o.payload.end | ~self.o.ready)))
        with m.If(self.start):
            m.d.sync += [group.eq(0), before.eq(0)]
        with m.Elif(reading & (self.available >= BYTE)):
            m.d.comb += self.take.eq(BYTE)
            with m.If(continues & (group != GROUPS - 1)):
                m.d.sync += [group.eq(group + 1), before.eq(gap)]
            with m.Elif(continues | ((octet == 0) & group.any())):
                m.d.comb += [over.eq(1), bad.eq(1)]
            with m.Else():
                m.d.comb += whole.eq(1)
                m.d.sync += [group.eq(0), before.eq(0)]
        with m.Elif(reading & self.ended):
            m.d.comb += [over.eq(1), bad.eq(group.any())]

        send_token(m, self.o, gap, whole, over, bad)
        return m
