"""Comparator: turns a firing rate into a prediction."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Comparator(wiring.Component):
    """Predicts a spike where the dither, drawn towards 1/2 by `sharpness`, is below the rate.

    Combinational. The distance of the LFSR's state from 1/2 is the state with its top bit inverted, read as signed.

    Members
    -------
    state : In(16)
        The LFSR's state.
    rate : In(16)
        Firing rate in 1/65536.
    sharpness : In(4)
        Divides the dither's distance from 1/2 by `2**sharpness`.
    predicted : Out(1)
        1 if a spike is expected.
    """

    state: In(16)
    rate: In(16)
    sharpness: In(4)
    predicted: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        distance = (self.state ^ 0x8000).as_signed()
        dither = Signal(16)
        m.d.comb += [
            dither.eq((distance >> self.sharpness) ^ 0x8000),
            # The carry of rate - dither - 1: unlike a comparison it costs no inverters of the rate.
            self.predicted.eq((self.rate + ~dither)[-1]),
        ]
        return m
