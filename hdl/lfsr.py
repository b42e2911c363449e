"""Lfsr: the pseudo-random dither of one channel."""

from amaranth.hdl import Cat, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from model.golden.lfsr import TAPS


class Lfsr(wiring.Component):
    """One step of a 16-bit Fibonacci LFSR whose state lives elsewhere.

    Combinational. Memory: none; the state of every channel is a word of the predictor's memory.

    Members
    -------
    restart : In(1)
        Begin from `seed` rather than from `stored`.
    seed : In(16)
        Seed of this channel; 0 stands for 1.
    stored : In(16)
        State after this channel's last step.
    state : Out(16)
        State that the comparator uses in this step.
    next : Out(16)
        State to store.
    """

    restart: In(1)
    seed: In(16)
    stored: In(16)
    state: Out(16)
    next: Out(16)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        start = self.seed | (self.seed == 0)
        feedback = Cat(self.state[tap] for tap in TAPS).xor()
        m.d.comb += [
            self.state.eq(Mux(self.restart, start, self.stored)),
            self.next.eq(Cat(feedback, self.state)),
        ]
        return m
