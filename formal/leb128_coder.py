"""Leb128Coder: each gap is taken apart into the bytes of its LEB128 code, in order; other tokens pass."""

from amaranth.hdl import Module, Mux, Signal, Value

from formal.spec import Edit, Spec
from formal.stream_rules import assume_source, prove_source, transfer
from hdl.leb128_coder import Leb128Coder

GROUP_BITS = 7
GROUPS = 4


class Groups(Spec):
    """Any token, and what becomes of it."""

    sizes = "4096 channels"

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Leb128Coder(4096)
        self.design(m, dut)
        assume_source(self, m, dut.i, idle_after_reset=True)
        prove_source(
            self,
            m,
            dut.o,
            broken_by={
                "held": Edit("self.o.valid.eq(self.i.valid)", "self.o.valid.eq(self.i.valid & ~self.o.ready)"),
                "stable": Edit("with m.If(self.o.valid & self.o.ready):", "with m.If(self.o.valid):"),
                "not_waiting": Edit("self.o.valid.eq(self.i.valid)", "self.o.valid.eq(self.i.valid & self.o.ready)"),
            },
        )
        token, part = dut.i.payload, dut.o.payload
        splits = token.error & token.leb128
        sent = Signal(range(GROUPS))
        with m.If(transfer(dut.o)):
            m.d.sync += sent.eq(Mux(transfer(dut.i), 0, sent + 1))
        above = Signal()
        m.d.comb += above.eq(self._from(token.gap, sent + 1) != 0)
        self.contract(
            m,
            "groups",
            "Of a gap for LEB128 come the groups of 7 bits, low ones first, up to the highest that is not 0.",
            (part.gap[:GROUP_BITS] == self._from(token.gap, sent)[:GROUP_BITS]) & (part.more == above),
            when=dut.o.valid & splits,
            broken_by=[
                Edit("Array(above)[place]", "Array(above)[0]"),
                Edit("place.eq(place + 1)", "place.eq(place ^ 1)"),
                Edit("with m.If(~part.more):", "with m.If(0):"),
            ],
        )
        self.contract(
            m,
            "passes",
            "Any other token comes as it is.",
            ~part.more & (part.gap == token.gap),
            when=dut.o.valid & ~splits,
            broken_by=Edit("splits.eq(token.error & token.leb128)", "splits.eq(token.leb128)"),
        )
        self.contract(
            m,
            "flags",
            "Each part has its token's flags, and the last one ends the epoch where the token does.",
            (part.error == token.error)
            & (part.leb128 == token.leb128)
            & (part.k == token.k)
            & (part.end == (token.end & ~(splits & above))),
            when=dut.o.valid,
            broken_by=Edit("token.end & ~part.more", "token.end"),
        )
        self.contract(
            m,
            "taken_with_last",
            "A token is offered on at once, and is taken as its last part is.",
            (dut.o.valid == dut.i.valid) & (transfer(dut.i) == (transfer(dut.o) & ~part.more)),
            broken_by=Edit("self.o.ready & ~part.more", "self.o.ready"),
        )
        self.contract(
            m,
            "not_stuck",
            "With a ready sink, a token is taken unless more of its parts follow.",
            dut.i.ready | (splits & above),
            when=dut.o.ready & dut.i.valid,
            broken_by=Edit("self.o.ready & ~part.more", "self.o.ready & ~splits"),
        )
        self.cover(m, "longest", "The fourth group of a gap leaves.", transfer(dut.o) & (sent == GROUPS - 1))

    @staticmethod
    def _from(gap: Value, group: Value) -> Value:
        return gap >> (GROUP_BITS * group)


SPECS = (Groups(),)
