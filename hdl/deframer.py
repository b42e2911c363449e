"""Deframer: a serial line's byte stream to packets."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layouts import PACKET_BYTE
from model.golden.framer import CHANGE, ESCAPE, FLAG


class Deframer(wiring.Component):
    """Finds the packets between flags and undoes the escapes; a checksum must tell which of them are whole.

    A byte waits until the next one shows whether it is the packet's last. A frame that ends in an escape, the abort
    sequence, is spoilt: its last byte is inverted, which no checksum that was right before can match.

    Latency: until the next byte. Throughput: a byte a cycle. Back-pressure: holds up the input. Memory: one byte.

    Members
    -------
    i : In(stream)
        Bytes from the line.
    o : Out(stream)
        Bytes of packets.
    """

    i: In(stream.Signature(8))
    o: Out(stream.Signature(PACKET_BYTE))

    def elaborate(self, platform: object) -> Module:
        """Return the block's logic."""
        m = Module()
        held = Signal(8)
        holding, escaped = Signal(), Signal()
        is_flag, is_escape, taken = Signal(), Signal(), Signal()
        m.d.comb += [
            is_flag.eq(self.i.payload == FLAG),
            is_escape.eq(self.i.payload == ESCAPE),
            self.o.valid.eq(self.i.valid & holding & ~is_escape),
            self.o.payload.data.eq(held ^ Mux(is_flag & escaped, 0xFF, 0)),
            self.o.payload.last.eq(is_flag),
            self.i.ready.eq(self.o.ready | ~holding | is_escape),
            taken.eq(self.i.valid & self.i.ready),
        ]
        with m.If(taken):
            m.d.sync += escaped.eq(is_escape)
            with m.If(is_flag):
                m.d.sync += holding.eq(0)
            with m.Elif(~is_escape):
                m.d.sync += [holding.eq(1), held.eq(self.i.payload ^ Mux(escaped, CHANGE, 0))]
        return m
