"""SkidBuffer: a stream whose ready comes from a register."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class SkidBuffer(wiring.Component):
    """Holds the item that came in the cycle in which the sink began to stall, so that the source need not know at once.

    It ends the path that back-pressure takes through a pipeline: `i.ready` does not depend on `o.ready` in a cycle.

    Latency: none. Throughput: an item a cycle. Back-pressure: reaches the source a cycle later. Memory: one item.

    Parameters
    ----------
    shape : shape-like
        Shape of an item.

    Members
    -------
    i : In(stream)
        Items.
    o : Out(stream)
        The same.
    """

    def __init__(self, shape: ShapeLike) -> None:
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        held = Signal.like(self.i.payload)
        held_valid = Signal()
        m.d.comb += [
            self.i.ready.eq(~held_valid),
            self.o.valid.eq(self.i.valid | held_valid),
            self.o.payload.eq(Mux(held_valid, held, self.i.payload)),
        ]
        m.d.sync += held_valid.eq(self.o.valid & ~self.o.ready)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += held.eq(self.i.payload)
        return m
