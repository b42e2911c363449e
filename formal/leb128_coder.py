"""Leb128Coder: each codeword is the LEB128 of its gap, in order, none lost."""

from amaranth.hdl import Module, Mux, Signal

from formal.spec import Edit, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from formal.tracking import Tracked
from hdl.leb128_coder import Leb128Coder

GROUP_BITS = 7
GROUPS = 4


class Codewords(Spec):
    """Any token, and the codeword that becomes of it."""

    sizes = "4096 channels"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Leb128Coder(4096)
        self.design(m, dut)
        assume_source(self, m, dut.i)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("~self.o.valid | self.o.ready", "1"),
                "stable": Edit("with m.If(held.ready):", "with m.If(1):\n            m.d.sync += codeword.end.eq(0)"),
                "idle_after_reset": Edit("m = Module()", "m = Module(); self.o.valid._init = 1"),
            },
        )
        token = Tracked(self, m, dut.i, dut.o, capacity=2)
        self.contract(
            m,
            "one_for_one",
            "Each token becomes one codeword: none is lost or made up.",
            (token.held <= 2) & (~dut.o.valid | (token.held != 0)),
            broken_by=Edit("self.o.valid.eq(held.valid)", "self.o.valid.eq(held.valid & token.error)"),
        )
        self.contract(
            m,
            "room",
            "A token is taken wherever one of the two places is free or becomes free.",
            dut.i.ready,
            when=(token.held < 2) | transfer(dut.o),
            broken_by=Edit("~held.valid | held.ready", "held.ready"),
        )
        taken = Signal(dut.i.payload.shape())
        m.d.comb += taken.eq(token.payload)
        groups = Signal(range(GROUPS + 1))
        m.d.comb += groups.eq(1 + sum(taken.gap >= 1 << GROUP_BITS * count for count in range(1, GROUPS)))
        codeword = dut.o.payload
        self.contract(
            m,
            "length",
            "A gap takes as many bytes as it has groups of 7 bits, at least one; a token without an error takes none.",
            codeword.length == Mux(taken.error, groups << 3, 0),
            when=token.leaving,
            broken_by=Edit("length.eq(8 * len(octets))", "length.eq(8 * len(octets) + 8 * (last == 2))"),
        )
        index = self.constant(m, range(GROUPS), "index")
        octet = (codeword.value >> ((groups - 1 - index) << 3)[:5])[:8]
        self.contract(
            m,
            "bytes",
            "Any byte of it has the gap's next 7 bits, low ones first, and bit 7 set in all but the last.",
            octet == ((taken.gap >> (GROUP_BITS * index))[:GROUP_BITS] | ((index < groups - 1) << GROUP_BITS)),
            when=token.leaving & taken.error & (index < groups),
            broken_by=[
                Edit("Cat(group, index < last)", "Cat(group, 1)"),
                Edit("Cat(reversed(octets))", "Cat(octets)"),
            ],
        )
        self.contract(
            m,
            "end",
            "The epoch ends with the codeword whose token says so, and nothing precedes a codeword's bytes.",
            (codeword.end == taken.end) & ((codeword.value >> codeword.length) == 0),
            when=token.leaving,
            broken_by=Edit("codeword.end.eq(token.end)", "codeword.end.eq(token.end & token.error)"),
        )
        self.cover(m, "longest", "The longest gap leaves.", transfer(dut.o) & (codeword.length == 32))


SPECS = (Codewords(),)
