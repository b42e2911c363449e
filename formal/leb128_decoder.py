"""Leb128Decoder: bytes mean what LEB128 says, and only the shortest way to write a gap is taken."""

from amaranth.hdl import Module, Mux, Signal

from formal.spec import Edit, Pdr, Spec
from formal.stream_rules import prove_source, transfer
from hdl.bit_unpacker import BYTE
from hdl.leb128_decoder import Leb128Decoder

GROUP_BITS = 7
GROUPS = 4


class Tokens(Spec):
    """Any bits in view, as a `BitUnpacker` shows them."""

    method = Pdr("scorr;")
    sizes = "4096 channels"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Leb128Decoder(4096)
        self.design(m, dut)
        token, enabled = dut.o.payload, Signal()
        over = transfer(dut.o) & token.end
        # As `IsiDecoder` does: a payload starts, is read from the next cycle on, and is left with its last token.
        with m.If(over):
            m.d.sync += enabled.eq(0)
        with m.Elif(dut.start):
            m.d.sync += enabled.eq(1)
        m.d.comb += dut.enable.eq(enabled)
        self.assume(m, "start", "A payload starts when none is being read.", ~(dut.start & enabled))
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("with m.If(o.ready):", "with m.If(1):", block="codeword_decoder"),
                "stable": Edit("self.o.payload.end | ~self.o.ready", "self.o.payload.end"),
            },
        )
        before = Signal(28)
        count = Signal(range(GROUPS))
        waits = dut.o.valid & (~dut.o.ready | token.end)
        octet = dut.window[-BYTE:]
        reads = enabled & ~waits & (dut.available >= BYTE)
        goes_on = octet[GROUP_BITS]
        gap = Signal(28)
        m.d.comb += gap.eq(before | (octet[:GROUP_BITS] << (GROUP_BITS * count)))
        whole = Signal()
        m.d.comb += whole.eq(~goes_on & ((octet != 0) | (count == 0)))
        with m.If(dut.start):
            m.d.sync += [before.eq(0), count.eq(0)]
        with m.Elif(reads):
            more = goes_on & (count < GROUPS - 1)
            m.d.sync += [before.eq(Mux(more, gap, 0)), count.eq(Mux(more, count + 1, 0))]
        posted = self.past(m, reads & ~(goes_on & (count < GROUPS - 1)), "posted")
        self.contract(
            m,
            "gap",
            "A gap is the sum of its groups of 7 bits, the first one the lowest.",
            token.gap == self.past(m, gap, "gap"),
            when=posted & token.error,
            broken_by=Edit("group.eq(group + 1), before.eq(gap)", "group.eq(group + 1), before.eq(octet[:7])"),
        )
        self.contract(
            m,
            "whole",
            "A token for a gap comes with a byte that ends it in the shortest way; any other end of it is a bad one.",
            dut.o.valid
            & (token.error == self.past(m, whole, "whole"))
            & (token.bad == token.end)
            & (token.end == ~token.error),
            when=posted,
            broken_by=[
                Edit("continues | ((octet == 0) & group.any())", "continues"),
                Edit("over.eq(1), bad.eq(1)", "over.eq(1), bad.eq(0)"),
            ],
        )
        drained = enabled & ~waits & (dut.available < BYTE) & dut.ended
        self.contract(
            m,
            "end",
            "Where the payload's bits are used up its end comes, a bad one within a gap.",
            dut.o.valid & token.end & ~token.error & (token.bad == self.past(m, count != 0, "within")),
            when=self.past(m, drained & ~dut.start, "drained"),
            broken_by=Edit("over.eq(1), bad.eq(group.any())", "over.eq(1), bad.eq(0)"),
        )
        self.contract(
            m,
            "take",
            "It takes a byte at a time, and only what is there.",
            dut.take == Mux(reads & ~dut.start, BYTE, 0),
            broken_by=Edit("reading & (self.available >= BYTE)", "reading"),
        )
        self.contract(
            m,
            "none_made_up",
            "A token comes only of a byte or of the end.",
            posted | self.past(m, drained, "was_drained") | self.past(m, dut.o.valid & ~dut.o.ready, "o_still"),
            when=dut.o.valid,
            broken_by=Edit("with m.Elif(reading & self.ended)", "with m.Elif(reading)"),
        )
        self.cover(m, "longest", "A gap of four bytes comes out.", dut.o.valid & token.error & (token.gap >> 21 != 0))


SPECS = (Tokens(),)
