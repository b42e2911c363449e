"""Lfsr: the pseudo-random dither of one channel."""

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from model.golden.lfsr import TAPS


class Lfsr(wiring.Component):
    """One step of a 16-bit Fibonacci LFSR whose state lives elsewhere.

    It goes on from `last`, or begins from `seed`; the other one of both is 0, which an LFSR never leaves, so that no
    selection is needed.

    Combinational. Memory: none; the state of every channel is a word of the predictor's memory.

    Members
    -------
    last : In(16)
        State of this channel's last step; 0 to begin.
    seed : In(16)
        State to begin from, 1..65535; 0 to go on.
    stepped : Out(16)
        The state after `last`.
    state : Out(16)
        State of this step, to store: `stepped` or `seed`.
    """

    last: In(16)
    seed: In(16)
    stepped: Out(16)
    state: Out(16)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        feedback = Cat(self.last[tap] for tap in TAPS).xor()
        m.d.comb += [
            self.stepped.eq(Cat(feedback, self.last)),
            self.state.eq(self.stepped | self.seed),
        ]
        return m
