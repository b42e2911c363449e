"""Comparator: turns a firing rate into a prediction."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Comparator(wiring.Component):
    """Predicts a spike where the dither, drawn towards 1/2 by `sharpness`, is below the rate.

    The distance of the LFSR's state from 1/2 is the state with its top bit inverted, read as signed.

    Latency: one cycle from the state to the dither that is compared; none from the rate. Memory: the dither, 16 bits.

    Members
    -------
    state : In(16)
        The LFSR's state.
    sharpness : In(4)
        Divides the dither's distance from 1/2 by `2**sharpness`.
    draw : In(1)
        Draw the dither anew in this cycle, from `state` and `sharpness`.
    rate : In(16)
        Firing rate in 1/65536.
    predicted : Out(1)
        1 if a spike is expected.
    """

    state: In(16)
    sharpness: In(4)
    draw: In(1)
    rate: In(16)
    predicted: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        distance = (self.state ^ 0x8000).as_signed()
        # The carry of rate - dither - 1 costs no inverters where the dither's complement is held.
        complement = Signal(16, reset_less=True)
        with m.If(self.draw):
            m.d.sync += complement.eq((distance >> self.sharpness) ^ 0x7FFF)
        m.d.comb += self.predicted.eq((self.rate + complement)[-1])
        return m
