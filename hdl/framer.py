"""Framer: packets to a byte stream that a serial line can carry."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import PACKET_BYTE
from model.golden.framer import CHANGE, ESCAPE, FLAG


class Part(enum.Enum, shape=2):
    """Part of a frame that goes out."""

    OPENING = 0
    PACKET = 1
    CHANGED = 2
    CLOSING = 3


class Framer(wiring.Component):
    """Puts each packet between two flags, and escapes flags and escapes within it.

    Latency: none for the opening flag. Throughput: a byte a cycle at the output; a packet takes a cycle a byte, one
    more for each escape, and two. Back-pressure: holds up the input. Memory: none.

    Members
    -------
    i : In(stream)
        Bytes of packets.
    o : Out(stream)
        Bytes for the line.
    """

    i: In(stream.Signature(PACKET_BYTE))
    o: Out(stream.Signature(8))

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        part = Signal(Part)
        data, last = self.i.payload.data, self.i.payload.last
        special, sent = Signal(), Signal()
        m.d.comb += [
            special.eq((data == FLAG) | (data == ESCAPE)),
            self.o.valid.eq(self.i.valid | (part == Part.CLOSING)),
            sent.eq(self.o.valid & self.o.ready),
        ]
        after_byte = Mux(last, Part.CLOSING, Part.PACKET)
        with m.Switch(part):
            with m.Case(Part.OPENING):
                m.d.comb += self.o.payload.eq(FLAG)
                with m.If(sent):
                    m.d.sync += part.eq(Part.PACKET)
            with m.Case(Part.PACKET):
                m.d.comb += [
                    self.o.payload.eq(Mux(special, ESCAPE, data)),
                    self.i.ready.eq(self.o.ready & ~special),
                ]
                with m.If(sent):
                    m.d.sync += part.eq(Mux(special, Part.CHANGED, after_byte))
            with m.Case(Part.CHANGED):
                m.d.comb += [self.o.payload.eq(data ^ CHANGE), self.i.ready.eq(self.o.ready)]
                with m.If(sent):
                    m.d.sync += part.eq(after_byte)
            with m.Case(Part.CLOSING):
                m.d.comb += self.o.payload.eq(FLAG)
                with m.If(sent):
                    m.d.sync += part.eq(Part.OPENING)
        return m
