"""Lfsr: it never dies, and steps as its polynomial says."""

from amaranth.hdl import Module, Signal

from formal.spec import Edit, Induction, Spec
from hdl.lfsr import Lfsr


class Steps(Spec):
    """A state that steps, and may be seeded anew at any time."""

    method = Induction(2)

    def describe(self, m: Module) -> None:
        """Add the design and its properties."""
        dut = Lfsr()
        self.design(m, dut)
        m.d.sync += dut.stored.eq(dut.next)
        seeded = Signal()
        m.d.sync += seeded.eq(seeded | dut.restart)
        m.d.comb += dut.restart.eq(~seeded)
        feedback = dut.state[15] ^ dut.state[13] ^ dut.state[12] ^ dut.state[10]
        self.contract(
            m,
            "never_zero",
            "Whatever the seed, the state is never 0, from which an LFSR would not come back.",
            dut.state != 0,
            broken_by=Edit("Mux(self.seed == 0, 1, self.seed)", "self.seed"),
        )
        self.contract(
            m,
            "polynomial",
            "The next state is the state shifted left, with the parity of bits 15, 13, 12 and 10 behind it.",
            dut.next == ((dut.state << 1) | feedback)[:16],
            broken_by=Edit("for tap in TAPS", "for tap in TAPS[1:]"),
        )
        self.cover(m, "goes_on", "Some seed leads to another state after a few steps.", dut.state == 0xACE1)


SPECS = (Steps(),)
