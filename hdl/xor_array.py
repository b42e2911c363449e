"""XorArray: the difference between what was predicted and what happened."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class XorArray(wiring.Component):
    """One exclusive-or gate a lane; its own inverse. Combinational.

    Parameters
    ----------
    lanes : int
        Bins of a word.

    Members
    -------
    spikes : In(lanes)
        What happened (or, in a decoder, the errors).
    predicted : In(lanes)
        What was expected.
    errors : Out(lanes)
        Where they differ (or, in a decoder, the spikes).
    """

    def __init__(self, lanes: int) -> None:
        super().__init__({"spikes": In(lanes), "predicted": In(lanes), "errors": Out(lanes)})

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        m.d.comb += self.errors.eq(self.spikes ^ self.predicted)
        return m
