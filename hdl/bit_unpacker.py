"""BitUnpacker: bytes to the bits of codewords."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import PAYLOAD_BYTE

BYTE = 8
TAKE_MAX = 28
"""Most bits taken in a cycle."""
WINDOW_BITS = TAKE_MAX + BYTE - 1
"""Bits in view: enough for `TAKE_MAX` of them whenever no further byte fits."""


class BitUnpacker(wiring.Component):
    """Shows the next bits of a payload, and moves on by as many as are taken.

    Latency: one cycle. Throughput: a byte a cycle in, up to 28 bits a cycle out. Back-pressure: holds up the input
    while the window is full, and from a payload's end on until `clear`. Memory: 35 bits.

    Members
    -------
    i : In(stream)
        Bytes of payloads.
    window : Out(35)
        The next bits, the first one at the top; 0 behind the last one.
    available : Out
        Bits in the window.
    ended : Out(1)
        No further bits of this payload will come.
    take : In
        Bits to move on by, at most those available.
    clear : In(1)
        Leave the rest of this payload and begin the next one; overrules `take`.
    """

    i: In(stream.Signature(PAYLOAD_BYTE))
    window: Out(WINDOW_BITS)
    available: Out(range(WINDOW_BITS + 1))
    ended: Out(1)
    take: In(range(TAKE_MAX + 1))
    clear: In(1)

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        leaving = Signal()
        arrived = Signal()
        kept = Signal.like(self.available)
        above = Signal(range(WINDOW_BITS + 1))
        m.d.comb += [
            kept.eq(self.available - self.take),
            above.eq(WINDOW_BITS - BYTE - kept),
            self.i.ready.eq(~self.ended & (leaving | (self.available <= WINDOW_BITS - BYTE))),
            arrived.eq(self.i.valid & self.i.ready),
        ]
        with m.If(leaving | self.clear):
            m.d.sync += [self.window.eq(0), self.available.eq(0)]
            ending = self.ended | (arrived & self.i.payload.end)
            m.d.sync += [leaving.eq(~ending), self.ended.eq(0)]
        with m.Else():
            joins = arrived & self.i.payload.present
            byte = Mux(joins, self.i.payload.data, 0)
            m.d.sync += [
                self.window.eq((self.window << self.take) | (byte << above)),
                self.available.eq(kept + Mux(joins, BYTE, 0)),
            ]
            with m.If(arrived & self.i.payload.end):
                m.d.sync += self.ended.eq(1)
        return m
